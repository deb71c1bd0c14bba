/** What a rank printed: the end of its log, followed while the job runs. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobManager';
import { LogTail, matching } from '../logTail';
import { Check } from './metricsView';

export interface ILogProps {
  manager: IJobManager;
  jobName: string;
  count: number;
  trans: TranslationBundle;
}

export function LogView({ manager, jobName, count, trans }: ILogProps): JSX.Element {
  const [rank, setRank] = React.useState(0);
  const [search, setSearch] = React.useState('');
  const [follow, setFollow] = React.useState(true);
  const { lines, isCut } = useLog(manager, jobName, rank);
  const shown = React.useMemo(() => matching(lines, search), [lines, search]);
  const text = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    if (follow && text.current) {
      text.current.scrollTop = text.current.scrollHeight;
    }
  }, [shown, follow]);
  return (
    <>
      <div className="sdt-Controls">
        <RankChoice {...{ rank, count, trans }} onChange={setRank} />
        <input
          type="search"
          className="sdt-Input"
          value={search}
          placeholder={trans.__('Search lines')}
          aria-label={trans.__('Search lines')}
          onChange={event => setSearch(event.target.value)}
        />
        <Check label={trans.__('Follow')} value={follow} onChange={setFollow} />
        <span className="sdt-Note">{trans._n('%1 line', '%1 lines', shown.length)}</span>
      </div>
      {isCut && (
        <p className="sdt-Note">
          {trans.__('Only the end is shown; the job folder has it all: logs/rank-%1.log', rank)}
        </p>
      )}
      <pre
        className="sdt-Log"
        ref={text}
        role="log"
        tabIndex={0}
        aria-label={trans.__('Log of rank %1', rank)}
      >
        {shown.length > 0 ? shown.join('\n') : trans.__('Nothing here.')}
      </pre>
    </>
  );
}

interface IRankChoiceProps {
  rank: number;
  count: number;
  onChange: (rank: number) => void;
  trans: TranslationBundle;
}

function RankChoice({ rank, count, onChange, trans }: IRankChoiceProps): JSX.Element {
  return (
    <label>
      {trans.__('Rank')}
      <select
        className="sdt-Input"
        value={rank}
        onChange={event => onChange(Number(event.target.value))}
      >
        {Array.from({ length: count }, (_, place) => (
          <option key={place} value={place}>
            {place}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Read on whenever the list of jobs has been looked at. */
function useLog(manager: IJobManager, jobName: string, rank: number): LogTail {
  const tail = React.useMemo(
    () => new LogTail(manager.api, jobName, rank),
    [manager, jobName, rank]
  );
  const [, setCount] = React.useState(0);
  React.useEffect(() => {
    let asking = false;
    const read = async () => {
      if (!asking) {
        asking = true;
        const isNew = await tail.read().catch(() => false);
        asking = false;
        if (isNew) {
          setCount(count => count + 1);
        }
      }
    };
    const onChanged = () => void read();
    onChanged();
    manager.changed.connect(onChanged);
    return () => {
      manager.changed.disconnect(onChanged);
    };
  }, [manager, tail]);
  return tail;
}
