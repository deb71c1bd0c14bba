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
      <div className="sdt-JobRow-head">
        <button
          className="sdt-JobRow-name"
          title={trans.__('Open the page of %1', job.job_name)}
          onClick={() => actions.open?.(job.job_name)}
        >
          {job.job_name}
        </button>
        <StatusBadge job={job} trans={trans} />
      </div>
      <div className="sdt-JobRow-facts">
        {[...facts, progressLabel(job, trans)].filter(Boolean).join(' · ')}
      </div>
      <div className="sdt-JobRow-facts">{results(job, trans)}</div>
      {running && <Progress job={job} trans={trans} />}
      {job.deadline_seconds !== null && (
        <div className="sdt-JobRow-facts">
          {trans.__('Ends at %1 at the latest', clock(job.deadline_seconds))}
        </div>
      )}
      <div className="sdt-JobRow-actions">
        {running ? (
          <button
            className="sdt-Button"
            disabled={job.secondary_status === 'Stopping'}
            aria-label={trans.__('Stop %1', job.job_name)}
            onClick={() => actions.stop?.(job.job_name)}
          >
            {trans.__('Stop')}
          </button>
        ) : (
          <button
            className="sdt-Button"
            aria-label={trans.__('Delete %1', job.job_name)}
            onClick={() => actions.remove?.(job.job_name)}
          >
            {trans.__('Delete')}
          </button>
        )}
      </div>
    </li>
  );
}

function results(job: IJobSummary, trans: TranslationBundle): string {
  const loss = job.loss === null ? '' : trans.__('loss %1', short(job.loss));
  const rate = job.samples_per_second;
  return [loss, rate === null ? '' : trans.__('%1 samples/s', short(rate))]
    .filter(Boolean)
    .join(' · ');
}

function clock(seconds: number): string {
  return new Date(1000 * seconds).toLocaleTimeString();
}
