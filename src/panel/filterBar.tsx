/** Search, status and order above the list of jobs. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { phaseLabel } from '../jobs/words';
import { useOwnValue } from '../ui/hooks';

const STATUSES = ['InProgress', 'Stopping', 'Completed', 'Failed', 'Stopped'];

interface IFilterProps {
  manager: IJobManager;
  trans: TranslationBundle;
}

export function FilterBar({ manager, trans }: IFilterProps): JSX.Element {
  const { filter, jobs } = manager;
  const [search, setSearch] = useOwnValue(filter.search, text =>
    manager.setFilter({ search: text })
  );
  const statuses = STATUSES.map((value): Option => [value, phaseLabel(value, trans)]);
  return (
    <div className="sdt-Panel-filter" role="search">
      <input
        type="search"
        className="sdt-Input"
        value={search}
        placeholder={trans.__('Search jobs')}
        aria-label={trans.__('Search jobs')}
        onChange={event => setSearch(event.target.value)}
      />
      <Choice
        label={trans.__('Status')}
        value={filter.status}
        options={[['', trans.__('All')], ...statuses]}
        onChange={status => manager.setFilter({ status })}
      />
      {(filter.sort || jobs.some(job => job.cost)) && (
        <Choice
          label={trans.__('Order')}
          value={filter.sort}
          options={[
            ['', trans.__('Newest first')],
            ['cost', trans.__('Highest cost first')]
          ]}
          onChange={sort => manager.setFilter({ sort })}
        />
      )}
    </div>
  );
}

type Option = [value: string, label: string];

interface IChoiceProps {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
}

function Choice({ label, options, ...props }: IChoiceProps): JSX.Element {
  const [value, setValue] = useOwnValue(props.value, props.onChange);
  return (
    <select
      className="sdt-Input"
      value={value}
      aria-label={label}
      onChange={event => setValue(event.target.value)}
    >
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
}
