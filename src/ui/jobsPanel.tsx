/** The side panel: all jobs, as they run. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IJobManager } from '../jobManager';
import { IJobSummary } from '../models';
import { trainingIcon } from './icons';
import { useSignalFrames } from './hooks';
import { IJobActions } from './jobHeader';
import { JobRow } from './jobRow';

export interface IPanelProps {
  manager: IJobManager;
  trans: TranslationBundle;
  actions: IJobActions;
}

/** The panel as a widget for JupyterLab's left area. */
export class JobsPanel extends ReactWidget {
  constructor(private readonly _props: IPanelProps) {
    super();
    this.id = 'jupyter-sdt-panel';
    this.title.icon = trainingIcon;
    this.title.caption = _props.trans.__('Distributed training');
    this.addClass('sdt-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  protected override render(): JSX.Element {
    return <PanelView {...this._props} />;
  }
}

function PanelView({ manager, trans, actions }: IPanelProps): JSX.Element {
  useSignalFrames(manager.changed);
  return (
    <>
      <h2 className="sdt-Panel-title">{trans.__('Distributed training')}</h2>
      <FilterBar manager={manager} trans={trans} actions={actions} />
      {manager.problem && (
        <p className="sdt-Failure" role="alert">
          {trans.__('The server does not answer as it should: %1', manager.problem)}
        </p>
      )}
      {manager.jobs.length > 0 ? (
        <ul className="sdt-Panel-list" aria-label={trans.__('Training jobs')}>
          {manager.jobs.map((job: IJobSummary) => (
            <JobRow key={job.job_name} job={job} trans={trans} actions={actions} />
          ))}
        </ul>
      ) : (
        <Nothing manager={manager} trans={trans} actions={actions} />
      )}
    </>
  );
}

function FilterBar({ manager, trans }: IPanelProps): JSX.Element {
  const { search, status } = manager.filter;
  const statuses: [string, string][] = [
    ['', trans.__('All')],
    ['InProgress', trans.__('In progress')],
    ['Completed', trans.__('Completed')],
    ['Failed', trans.__('Failed')],
    ['Stopped', trans.__('Stopped')]
  ];
  return (
    <div className="sdt-Panel-filter" role="search">
      <input
        type="search"
        className="sdt-Input"
        value={search}
        placeholder={trans.__('Search jobs')}
        aria-label={trans.__('Search jobs')}
        onChange={event => manager.setFilter({ search: event.target.value })}
      />
      <select
        className="sdt-Input"
        value={status}
        aria-label={trans.__('Status')}
        onChange={event => manager.setFilter({ status: event.target.value })}
      >
        {statuses.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

function Nothing({ manager, trans }: IPanelProps): JSX.Element | null {
  if (!manager.isReady || manager.problem) {
    return null;
  }
  const { search, status } = manager.filter;
  return (
    <p className="sdt-Panel-empty">
      {search || status
        ? trans.__('No job fits.')
        : trans.__(
            'No jobs yet. Put %1 on top of a training cell, or use the button of the cell.',
            '%%sdt_train --processes 2'
          )}
    </p>
  );
}
