/** The side panel: all jobs as they run, or the form for one more. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { LaunchModel } from '../launch/launchModel';
import { PanelState } from './panelState';
import { FilterBar } from './filterBar';
import { trainingIcon } from '../ui/icons';
import { useSignalFrames } from '../ui/hooks';
import { SeenWidget } from '../ui/seenWidget';
import { IJobActions } from '../jobs/jobHeader';
import { JobRow } from './jobRow';
import { LaunchForm } from '../launch/launchForm';

interface IPanelProps {
  manager: IJobManager;
  state: PanelState;
  launch: LaunchModel;
  trans: TranslationBundle;
  actions: IJobActions;
  compare: (jobNames: readonly string[]) => void;
  start: () => void;
  selectedFile: () => string | null;
}

/** The panel as a widget for JupyterLab's left area. */
export class JobsPanel extends SeenWidget {
  constructor(private readonly _props: IPanelProps) {
    super();
    this.id = 'jupyter-sdt-panel';
    this.title.icon = trainingIcon;
    this.title.caption = _props.trans.__('Distributed training');
    this.addClass('sdt-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  protected override renderSeen(): JSX.Element {
    return <PanelView {...this._props} />;
  }
}

function PanelView(props: IPanelProps): JSX.Element {
  const { state, trans } = props;
  useSignalFrames(state.changed);
  const isForm = state.view === 'form';
  return (
    <>
      <header className="sdt-Panel-head">
        <h2 className="sdt-Panel-title">
          {isForm ? trans.__('New training job') : trans.__('Distributed training')}
        </h2>
        {!isForm && (
          <button className="sdt-Button" onClick={() => state.show('form')}>
            {trans.__('New job')}
          </button>
        )}
      </header>
      {isForm ? (
        <LaunchForm
          model={props.launch}
          trans={trans}
          selectedFile={props.selectedFile}
          start={props.start}
          close={() => state.show('jobs')}
        />
      ) : (
        <Jobs {...props} />
      )}
    </>
  );
}

function Jobs(props: IPanelProps): JSX.Element {
  const { manager, state, trans, actions } = props;
  useSignalFrames(manager.changed);
  const onSelect = React.useCallback((name: string) => state.toggle(name), [state]);
  return (
    <>
      <FilterBar manager={manager} trans={trans} />
      <SelectionBar {...props} />
      {manager.problem && (
        <p className="sdt-Failure" role="alert">
          {trans.__('The server does not answer as it should: %1', manager.problem)}
        </p>
      )}
      <ul className="sdt-Panel-list" aria-label={trans.__('Training jobs')}>
        {manager.jobs.map(job => (
          <JobRow
            key={job.job_name}
            isSelected={state.selected.has(job.job_name)}
            {...{ job, trans, actions, onSelect }}
          />
        ))}
      </ul>
      {manager.jobs.length === 0 && <Nothing {...props} />}
      {manager.jobs.length < manager.total && <More {...props} />}
    </>
  );
}

function SelectionBar({ state, trans, compare }: IPanelProps): JSX.Element | null {
  const count = state.selected.size;
  if (count === 0) {
    return null;
  }
  return (
    <div className="sdt-Panel-selection" role="toolbar" aria-label={trans.__('Selected jobs')}>
      <span role="status">{trans._n('%1 job selected', '%1 jobs selected', count)}</span>
      <button
        className="sdt-Button"
        disabled={count < 2}
        onClick={() => compare([...state.selected])}
      >
        {trans.__('Compare')}
      </button>
      <button className="sdt-Button" onClick={() => state.clear()}>
        {trans.__('Clear')}
      </button>
    </div>
  );
}

function More({ manager, trans }: IPanelProps): JSX.Element {
  const rest = manager.total - manager.jobs.length;
  return (
    <button className="sdt-Button sdt-Panel-more" onClick={() => manager.showMore()}>
      {trans._n('Show more (%1 job)', 'Show more (%1 jobs)', rest)}
    </button>
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
            'No jobs yet. Put %1 on top of a training cell, use the button of the cell, or make a new job here.',
            '%%sdt_train --processes 2'
          )}
    </p>
  );
}
