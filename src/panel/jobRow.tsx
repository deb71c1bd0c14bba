/** One job in the side panel. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Deadline } from '../jobs/deadline';
import { duration, short } from '../ui/format';
import { heardMs } from '../api/heard';
import { IJobSummary, isTerminal } from '../api/models';
import { costLabel, useCost } from '../jobs/costs';
import { progressLabel, ranksLabel } from '../jobs/words';
import { useElapsed, useOwnValue } from '../ui/hooks';
import { IJobActions, Progress, StatusBadge } from '../jobs/jobHeader';

interface IJobRowProps {
  job: IJobSummary;
  trans: TranslationBundle;
  actions: IJobActions;
  isSelected: boolean;
  onSelect: (jobName: string) => void;
}

export const JobRow = React.memo(function JobRow(props: IJobRowProps): JSX.Element {
  const { job, trans, actions } = props;
  const running = !isTerminal(job.status);
  const elapsed = useElapsed(job.elapsed_seconds, running, heardMs(job));
  const cost = useCost(job, running);
  const facts = [ranksLabel(job.world_size, trans), duration(elapsed)];
  const news = [progressLabel(job, trans), ...results(job, trans)].filter(Boolean);
  return (
    <li className="sdt-JobRow" data-selected={props.isSelected}>
      <Head {...props} />
      <div className="sdt-JobRow-facts">
        <StatusBadge job={job} trans={trans} />
        <span>{facts.join(' · ')}</span>
      </div>
      {news.length > 0 && <div className="sdt-JobRow-facts">{news.join(' · ')}</div>}
      {cost && <div className="sdt-JobRow-facts">{costLabel(cost, !running, trans)}</div>}
      {running && <Progress job={job} trans={trans} />}
      {job.deadline_seconds !== null && (
        <div className="sdt-JobRow-facts sdt-JobRow-deadline">
          <Deadline seconds={job.deadline_seconds} trans={trans} />
        </div>
      )}
      <Actions job={job} trans={trans} actions={actions} />
    </li>
  );
});

/** The name opens the job's page; with Ctrl it selects, as the box beside it does. */
function Head({ job, trans, actions, ...props }: IJobRowProps): JSX.Element {
  const { job_name: name } = job;
  const onSelect = () => props.onSelect(name);
  const [isSelected, select] = useOwnValue(props.isSelected, onSelect);
  const onClick = (event: React.MouseEvent) =>
    event.ctrlKey || event.metaKey ? onSelect() : actions.open?.(name);
  return (
    <div className="sdt-JobRow-head">
      <input
        type="checkbox"
        checked={isSelected}
        aria-label={trans.__('Select %1', name)}
        onChange={event => select(event.target.checked)}
      />
      <button
        className="sdt-JobRow-name"
        title={trans.__('Open the page of %1', name)}
        onClick={onClick}
      >
        {name}
      </button>
    </div>
  );
}

interface IActionsProps {
  job: IJobSummary;
  trans: TranslationBundle;
  actions: IJobActions;
}

function Actions({ job, trans, actions }: IActionsProps): JSX.Element {
  const { job_name: name } = job;
  return (
    <div className="sdt-JobRow-actions">
      {!isTerminal(job.status) && (
        <Action
          label={trans.__('Stop')}
          title={trans.__('Stop %1', name)}
          disabled={job.secondary_status === 'Stopping'}
          onClick={() => actions.stop?.(name)}
        />
      )}
      <Action
        label={trans.__('Run again')}
        title={trans.__('Run %1 again', name)}
        onClick={() => actions.rerun?.(name)}
      />
      <Action
        label={trans.__('Clone')}
        title={trans.__('Clone %1 to a cell', name)}
        onClick={() => actions.clone?.(name)}
      />
      {isTerminal(job.status) && (
        <Action
          label={trans.__('Delete')}
          title={trans.__('Delete %1', name)}
          onClick={() => actions.remove?.(name)}
        />
      )}
    </div>
  );
}

interface IActionProps {
  label: string;
  title: string;
  disabled?: boolean;
  onClick: () => void;
}

function Action({ label, title, disabled, onClick }: IActionProps): JSX.Element {
  return (
    <button
      className="sdt-Button"
      title={title}
      aria-label={title}
      disabled={disabled}
      onClick={onClick}
    >
      {label}
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
