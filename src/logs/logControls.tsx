/** Which rank's log is shown, which of its lines, and the log as a file. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ILogFilter } from './logLines';
import { LogLevel } from '../api/logModels';
import { Check } from '../ui/check';

interface ILogControlsProps {
  rank: number;
  count: number;
  filter: ILogFilter;
  follow: boolean;
  url: string;
  trans: TranslationBundle;
  onRank: (rank: number) => void;
  onFilter: (filter: ILogFilter) => void;
  onFollow: (follow: boolean) => void;
}

export function LogControls(props: ILogControlsProps): JSX.Element {
  const { trans, follow } = props;
  return (
    <div
      className="sdt-Controls"
      role="group"
      aria-label={trans.__('What is shown of the log')}
    >
      <RankChoice {...props} />
      <LevelChoice {...props} />
      <SearchField {...props} />
      <Check label={trans.__('Follow')} value={follow} onChange={props.onFollow} />
      <a className="sdt-Button" href={props.url} download>
        {trans.__('Download')}
      </a>
    </div>
  );
}

function RankChoice({ rank, count, trans, onRank }: ILogControlsProps): JSX.Element {
  return (
    <label>
      {trans.__('Rank')}
      <select
        className="sdt-Input"
        value={rank}
        onChange={event => onRank(Number(event.target.value))}
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

function LevelChoice({ filter, trans, onFilter }: ILogControlsProps): JSX.Element {
  const choose = (level: string) => onFilter({ ...filter, level: level as LogLevel });
  return (
    <label>
      {trans.__('Lines')}
      <select
        className="sdt-Input"
        value={filter.level}
        onChange={event => choose(event.target.value)}
      >
        <option value="">{trans.__('all')}</option>
        <option value="warning">{trans.__('warnings and errors')}</option>
        <option value="error">{trans.__('errors')}</option>
      </select>
    </label>
  );
}

const TYPING_MS = 250;

/** The server is asked when the typing pauses. */
function SearchField({ filter, trans, onFilter }: ILogControlsProps): JSX.Element {
  const [text, setText] = React.useState(filter.text);
  React.useEffect(() => setText(filter.text), [filter.text]);
  React.useEffect(() => {
    if (text === filter.text) {
      return;
    }
    const timer = window.setTimeout(() => onFilter({ ...filter, text }), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text, filter, onFilter]);
  return (
    <input
      type="search"
      className="sdt-Input"
      value={text}
      placeholder={trans.__('Search lines')}
      aria-label={trans.__('Search lines')}
      onChange={event => setText(event.target.value)}
    />
  );
}
