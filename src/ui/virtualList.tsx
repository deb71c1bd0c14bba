/** A list of any length, of which only the rows in sight exist. */
import * as React from 'react';
import { listHeight, rowsInSight, scrollTo } from './scrolling';

interface IVirtualListProps {
  count: number;
  /** Height of a row in px. */
  row: number;
  label: string;
  /** Whether the end stays in sight. */
  follow: boolean;
  /** A row to bring into sight; a new object for each wish. */
  target: { place: number } | null;
  render: (place: number) => React.ReactNode;
  /** The user has left the end, or gone back to it. */
  onFollow: (follow: boolean) => void;
}

export function VirtualList(props: IVirtualListProps): JSX.Element {
  const { count, row, follow, target, label } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const [top, setTop] = React.useState(0);
  const frame = useFrameHeight(host);
  const shape = { count, row, frame };
  React.useLayoutEffect(() => {
    if (follow && host.current) {
      host.current.scrollTop = host.current.scrollHeight;
    }
  }, [follow, count, frame]);
  React.useLayoutEffect(() => {
    if (target && host.current) {
      host.current.scrollTop = scrollTo(shape, target.place);
    }
  }, [target]);
  const onScroll = (event: React.UIEvent<HTMLDivElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    setTop(scrollTop);
    const isAtEnd = scrollHeight - clientHeight - scrollTop < 2 * row;
    // Scrolling up leaves the end; that the list has grown meanwhile does not.
    if (follow ? scrollTop < top - 1 && !isAtEnd : false) {
      props.onFollow(false);
    }
  };
  const { first, last, top: at } = rowsInSight(shape, top);
  const places = Array.from({ length: last - first }, (_, place) => first + place);
  return (
    <div
      className="sdt-Log"
      ref={host}
      role="log"
      tabIndex={0}
      aria-label={label}
      onScroll={onScroll}
    >
      <div className="sdt-Log-all" style={{ height: listHeight(shape) }}>
        <div className="sdt-Log-rows" style={{ transform: `translateY(${at}px)` }}>
          {places.map(props.render)}
        </div>
      </div>
    </div>
  );
}

function useFrameHeight(host: React.RefObject<HTMLDivElement>): number {
  const [height, setHeight] = React.useState(400);
  React.useEffect(() => {
    const resizes = new ResizeObserver(() => setHeight(host.current?.clientHeight ?? 0));
    resizes.observe(host.current!);
    return () => resizes.disconnect();
  }, [host]);
  return height;
}
