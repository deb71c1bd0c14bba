/** A chart with its title, a cursor's readout, a summary in words and a table. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Chart } from './chart';
import { DataTable, TableDetails } from '../ui/dataTable';
import { short, shortOrNone } from '../ui/format';
import { ILine } from './lines';
import { thin } from './series';
import { lineColor } from './theme';

const TABLE_ROWS = 12;

interface IChartProps {
  title: string;
  summary: string;
  xLabel: string;
  lines: readonly ILine[];
  /** Places on the x axis where ranks were started anew. */
  marks?: readonly number[];
  trans: TranslationBundle;
  height?: number;
  logarithmic?: boolean;
  showPoints?: boolean;
  /** Said while there are no points. */
  empty?: string;
  ticks?: readonly number[];
  fromZero?: boolean;
}

export function ChartView(props: IChartProps): JSX.Element {
  const { title, summary, lines, trans } = props;
  const { host, readout, chart } = useChart(props);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      event.stopPropagation();
      chart.current?.moveCursor(by * (event.shiftKey ? 10 : 1));
    }
  };
  const named = lines.filter(line => !line.faint);
  const isEmpty = lines.every(line => line.xs.length === 0);
  return (
    <figure className="sdt-Chart">
      <figcaption>
        <span className="sdt-Chart-title">{title}</span>
        {named.length > 1 && <Legend lines={named} />}
        <output className="sdt-Chart-readout" ref={readout} />
      </figcaption>
      <div className="sdt-Chart-frame" data-empty={isEmpty}>
        <div
          className="sdt-Chart-plot"
          ref={host}
          role="img"
          tabIndex={0}
          aria-label={summary}
          style={{ height: props.height ?? 170 }}
          onKeyDown={onKeyDown}
        />
        {isEmpty && (
          <p className="sdt-Chart-empty">
            {props.empty ?? trans.__('Waiting for the first step')}
          </p>
        )}
      </div>
      {!isEmpty && (
        <TableDetails
          trans={trans}
          table={() => <Table xLabel={props.xLabel} lines={named} />}
        />
      )}
    </figure>
  );
}

function useChart(props: IChartProps) {
  const {
    lines,
    marks,
    height = 170,
    logarithmic,
    showPoints,
    xLabel,
    ticks,
    fromZero
  } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const readout = React.useRef<HTMLOutputElement>(null);
  const chart = React.useRef<Chart | null>(null);
  React.useEffect(() => {
    const flags = { logarithmic: !!logarithmic, showPoints: !!showPoints, fromZero };
    const style = { height, xLabel, ticks, ...flags };
    const made = new Chart(host.current!, readout.current!, style);
    chart.current = made;
    return () => made.dispose();
  }, [height, xLabel, logarithmic, showPoints, ticks, fromZero]);
  React.useEffect(
    () => chart.current?.setLines(lines, marks),
    [lines, marks, height, xLabel, logarithmic, showPoints, ticks, fromZero]
  );
  return { host, readout, chart };
}

function Legend({ lines }: { lines: readonly ILine[] }): JSX.Element {
  return (
    <span className="sdt-Chart-legend">
      {lines.map(({ label, color, dashed }) => (
        <span key={label}>
          <i aria-hidden="true" data-dashed={!!dashed} style={{ color: lineColor(color) }} />
          {label}
        </span>
      ))}
    </span>
  );
}

interface ITableProps {
  xLabel: string;
  lines: readonly ILine[];
}

function Table({ xLabel, lines }: ITableProps): JSX.Element {
  return (
    <>
      {lines.map(({ label, xs, ys }) => (
        <DataTable
          key={label}
          className=""
          heads={[xLabel, label]}
          rows={thin(ys, TABLE_ROWS).map(place => ({
            key: place,
            cells: [short(xs[place]), shortOrNone(ys[place])]
          }))}
        />
      ))}
    </>
  );
}
