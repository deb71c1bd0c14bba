/** What a rank printed: all of it, however long, or the lines that say something. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { JobFeed } from '../jobs/jobFeed';
import { PageClock } from '../jobs/pageClock';
import { ILogFilter, LogLines } from './logLines';
import { useSignalFrames } from '../ui/hooks';
import { useKept } from '../ui/kept';
import { LogControls } from './logControls';
import { VirtualList } from '../ui/virtualList';

const ROW_PX = 18;
/** New metrics mean new lines, as a rule; the log is not asked for more often than this. */
const REFRESH_MS = 500;
const ALL: ILogFilter = { text: '', level: '' };

interface ILogProps {
  manager: IJobManager;
  feed: JobFeed;
  clock: PageClock;
  jobName: string;
  count: number;
  /** The rank that is shown first. */
  rank: number;
  trans: TranslationBundle;
}

export function LogView(props: ILogProps): JSX.Element {
  const { manager, jobName, count, trans } = props;
  const [rank, setRank] = useKept('log rank', props.rank);
  const [filter, setFilter] = useKept('log filter', ALL);
  const [follow, setFollow] = useKept('log follow', true);
  const [target, setTarget] = React.useState<{ place: number } | null>(null);
  const log = useLog(props, rank, filter);
  useSignalFrames(log.changed);
  const showLine = (line: number) => {
    setFollow(false);
    setFilter(ALL);
    setTarget({ place: line });
  };
  return (
    <>
      <LogControls
        {...{ rank, count, filter, follow, trans }}
        url={manager.api.logUrl(jobName, rank)}
        onRank={setRank}
        onFilter={setFilter}
        onFollow={setFollow}
      />
      <p className="sdt-Note" role="status">
        {countLabel(log, trans)}
      </p>
      <VirtualList
        count={log.count}
        row={ROW_PX}
        label={trans.__('Log of rank %1', rank)}
        follow={follow && !log.isFiltered}
        target={log.count > (target?.place ?? 0) ? target : null}
        render={place => <LogLine key={place} {...{ log, place, trans, showLine }} />}
        onFollow={setFollow}
      />
    </>
  );
}

interface ILogLineProps {
  log: LogLines;
  place: number;
  trans: TranslationBundle;
  showLine: (line: number) => void;
}

function LogLine({ log, place, trans, showLine }: ILogLineProps): JSX.Element {
  const found = log.line(place);
  const number = (found?.line ?? place) + 1;
  return (
    <div className="sdt-Log-line">
      {log.isFiltered ? (
        <button
          className="sdt-Log-number"
          aria-label={trans.__('Show line %1 among the others', number)}
          onClick={() => showLine(number - 1)}
        >
          {number}
        </button>
      ) : (
        <span className="sdt-Log-number" aria-hidden="true">
          {number}
        </span>
      )}
      <span>{found?.text ?? '…'}</span>
    </div>
  );
}

function countLabel(log: LogLines, trans: TranslationBundle): string {
  if (!log.isFiltered) {
    return trans._n('%1 line', '%1 lines', log.total);
  }
  const found = trans._n('%1 line found', '%1 lines found', log.matches.length);
  if (log.isFull) {
    return trans.__('The first %1; say more to see others', found);
  }
  return log.isSearching ? trans.__('%1 so far', found) : found;
}

/** Reads on while the job runs: as the page's clock ticks, and with new metrics. */
function useLog(props: ILogProps, rank: number, filter: ILogFilter): LogLines {
  const { manager, feed, clock, jobName } = props;
  const isLive = feed.phase === 'following';
  const log = React.useMemo(
    () => new LogLines(manager.api, jobName, rank, filter),
    [manager, jobName, rank, filter]
  );
  React.useEffect(() => () => log.dispose(), [log]);
  React.useEffect(() => {
    let last = -Infinity;
    const look = () => {
      if (clock.isAwake && performance.now() - last > REFRESH_MS) {
        last = performance.now();
        void log.refresh().catch(() => undefined); // the next look asks again
      }
    };
    look();
    if (isLive) {
      clock.ticked.connect(look);
      feed.changed.connect(look);
    }
    return () => {
      clock.ticked.disconnect(look);
      feed.changed.disconnect(look);
    };
  }, [clock, feed, log, isLive]);
  return log;
}
