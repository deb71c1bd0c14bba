/** One job in the side panel. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { duration, short } from '../format';
import { IJobSummary, isTerminal } from '../models';
import { progressLabel, ranksLabel } from '../words';
import { useElapsed } from './hooks';
import { IJobActions, Progress, StatusBadge } from './jobHeader';

export interface IJobRowProps {
  job: IJobSummary;
  trans: TranslationBundle;
  actions: IJobActions;
}

export function JobRow({ job, trans, actions }: IJobRowProps): JSX.Element {
  const running = !isTerminal(job.status);
  const elapsed = useElapsed(job.elapsed_seconds, running);
  const facts = [ranksLabel(job.world_size, trans), duration(elapsed)];
  return (
    <li className="sdt-JobRow">
      <button
        className="sdt-JobRow-name"
        title={trans.__('Open the page of %1', job.job_name)}
        onClick={() => actions.open?.(job.job_name)}
      >
        {job.job_name}
      </button>
      <div className="sdt-JobRow-facts">
        <StatusBadge job={job} trans={trans} />
        <span>{facts.join(' · ')}</span>
        <RowAction job={job} trans={trans} actions={actions} />
      </div>
      <div className="sdt-JobRow-facts">
        {[progressLabel(job, trans), ...results(job, trans)].filter(Boolean).join(' · ')}
      </div>
      {running && <Progress job={job} trans={trans} />}
      {job.deadline_seconds !== null && (
        <div className="sdt-JobRow-facts">
          {trans.__('Ends at %1 at the latest', clock(job.deadline_seconds))}
        </div>
      )}
    </li>
  );
}

function RowAction({ job, trans, actions }: IJobRowProps): JSX.Element {
  const { job_name: name } = job;
  return isTerminal(job.status) ? (
    <button
      className="sdt-Button"
      aria-label={trans.__('Delete %1', name)}
      onClick={() => actions.remove?.(name)}
    >
      {trans.__('Delete')}
    </button>
  ) : (
    <button
      className="sdt-Button"
      disabled={job.secondary_status === 'Stopping'}
      aria-label={trans.__('Stop %1', name)}
      onClick={() => actions.stop?.(name)}
    >
      {trans.__('Stop')}
    </button>
  );
}

function results(job: IJobSummary, trans: TranslationBundle): string[] {
  const { loss, samples_per_second: rate } = job;
  return [
    ...(loss === null ? [] : [trans.__('loss %1', short(loss))]),
    ...(rate === null ? [] : [trans.__('%1 samples/s', short(rate))])
  ];
}

function clock(seconds: number): string {
  return new Date(1000 * seconds).toLocaleTimeString();
}
