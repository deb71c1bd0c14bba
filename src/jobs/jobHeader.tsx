/** A job in one line: name, status, progress, and what can be done with it. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { duration } from '../ui/format';
import { ICost } from '../api/costModels';
import { heardMs } from '../api/heard';
import { isTerminal, ISourceFrame } from '../api/models';
import { costLabel, useCost } from './costs';
import { Deadline } from './deadline';
import { IJobLike, phaseLabel, progressLabel, ranksLabel } from './words';
import { useElapsed } from '../ui/hooks';

export interface IJobActions {
  open?: (jobName: string) => void;
  stop?: (jobName: string) => void;
  rerun?: (jobName: string) => void;
  clone?: (jobName: string) => void;
  remove?: (jobName: string) => void;
  goTo?: (frame: ISourceFrame) => void;
}

interface IJobHeaderProps {
  job: IJobLike & { deadline_seconds?: number | null; cost?: ICost | null };
  trans: TranslationBundle;
  /** What can be done here; there is a button for each. */
  actions: IJobActions;
  /** Whether somebody follows the job: then its clock goes on. */
  live: boolean;
}

export function JobHeader({ job, trans, actions, live }: IJobHeaderProps): JSX.Element {
  const running = live && !isTerminal(job.status);
  const elapsed = useElapsed(job.elapsed_seconds, running, heardMs(job));
  const cost = useCost(job, live);
  const { job_name: name, deadline_seconds: deadline = null } = job;
  const facts = [
    ranksLabel(job.world_size, trans),
    duration(elapsed),
    progressLabel(job, trans),
    cost && costLabel(cost, isTerminal(job.status), trans)
  ];
  return (
    <header className="sdt-JobHeader">
      <StatusBadge job={job} trans={trans} />
      <strong className="sdt-JobHeader-name">{name}</strong>
      <span className="sdt-JobHeader-facts">{facts.filter(Boolean).join(' · ')}</span>
      {running && <Progress job={job} trans={trans} />}
      {running && deadline !== null && <Deadline seconds={deadline} trans={trans} />}
      <span className="sdt-JobHeader-actions">
        {running && job.status !== 'Stopping' && (
          <Act label={trans.__('Stop')} act={actions.stop} name={name} />
        )}
        <Act label={trans.__('Run again')} act={actions.rerun} name={name} />
        <Act label={trans.__('Clone to a cell')} act={actions.clone} name={name} />
        <Act label={trans.__('Open job page')} act={actions.open} name={name} />
      </span>
    </header>
  );
}

/** A button for what can be done here. */
function Act(props: { label: string; name: string; act?: (name: string) => void }) {
  const { label, name, act } = props;
  return act ? (
    <button className="sdt-Button" onClick={() => act(name)}>
      {label}
    </button>
  ) : null;
}

export function StatusBadge(props: { job: IJobLike; trans: TranslationBundle }): JSX.Element {
  const { status, secondary_status: phase } = props.job;
  return (
    <span className="sdt-Status" data-status={phase === 'Lost' ? phase : status}>
      {phaseLabel(phase || status, props.trans)}
    </span>
  );
}

export function Progress(props: {
  job: IJobLike;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { step, total_steps: total } = props.job;
  if (!total) {
    return null;
  }
  return <progress max={total} value={step ?? 0} aria-label={props.trans.__('Progress')} />;
}
