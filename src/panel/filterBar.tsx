/** Search and status above the list of jobs. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { phaseLabel } from '../jobs/words';
import { useOwnValue } from '../ui/hooks';

const STATUSES = ['InProgress', 'Stopping', 'Completed', 'Failed', 'Stopped'];

export interface IFilterProps {
  manager: IJobManager;
  trans: TranslationBundle;
}

export function FilterBar({ manager, trans }: IFilterProps): JSX.Element {
  const { filter } = manager;
  const [search, setSearch] = useOwnValue(filter.search, text =>
    manager.setFilter({ search: text })
  );
  const [status, setStatus] = useOwnValue(filter.status, text =>
    manager.setFilter({ status: text })
  );
  const [sort, setSort] = useOwnValue(filter.sort, text => manager.setFilter({ sort: text }));
  const isCostly = sort !== '' || manager.jobs.some(job => job.cost);
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
      <select
        className="sdt-Input"
        value={status}
        aria-label={trans.__('Status')}
        onChange={event => setStatus(event.target.value)}
      >
        <option value="">{trans.__('All')}</option>
        {STATUSES.map(value => (
          <option key={value} value={value}>
            {phaseLabel(value, trans)}
          </option>
        ))}
      </select>
      {isCostly && (
        <select
          className="sdt-Input"
          value={sort}
          aria-label={trans.__('Order')}
          onChange={event => setSort(event.target.value)}
        >
          <option value="">{trans.__('Newest first')}</option>
          <option value="cost">{trans.__('Highest cost first')}</option>
        </select>
      )}
    </div>
  );
}
