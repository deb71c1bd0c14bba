/** The pipeline of a job: its recorded step, how much of it was bubble, which stage runs what. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { byteSize } from '../format';
import { JobFeed } from '../jobFeed';
import { IJobManager } from '../jobManager';
import { IStages } from '../stageModels';
import { gantt, IGantt, IStageModules, leastBubble, modulesByStage } from '../stages';
import { GanttView } from './ganttView';

export interface IStagesProps {
  stages: IStages;
  trans: TranslationBundle;
}

export function StagesView({ stages, trans }: IStagesProps): JSX.Element {
  const drawn = React.useMemo(() => gantt(stages.tasks), [stages]);
  const owned = React.useMemo(() => modulesByStage(stages.modules), [stages]);
  return (
    <div className="sdt-Stages">
      {drawn ? (
        <GanttView gantt={drawn} summary={bubbleText(drawn, stages, trans)} trans={trans} />
      ) : (
        <p className="sdt-Note">
          {trans.__('When each stage worked is recorded in the second step.')}
        </p>
      )}
      <h3 className="sdt-Page-heading">{trans.__('Modules of each stage')}</h3>
      {owned.map(own => (
        <StageModules key={own.stage} own={own} trans={trans} />
      ))}
    </div>
  );
}

function StageModules({ own, trans }: { own: IStageModules; trans: TranslationBundle }) {
  const { stage, modules, bytes, cost } = own;
  const heads = [trans.__('Module'), trans.__('Parameters'), trans.__('Share of the cost')];
  return (
    <details open>
      <summary>
        {trans.__(
          'Stage %1: parameters %2, %3 of the cost',
          stage,
          byteSize(bytes),
          share(cost)
        )}
      </summary>
      <table className="sdt-Table" aria-label={trans.__('Modules of stage %1', stage)}>
        <thead>
          <tr>
            {heads.map(head => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {modules.map(module => (
            <tr key={module.name}>
              <th scope="row">{module.name || trans.__('the model itself')}</th>
              <td>{byteSize(module.parameters_bytes)}</td>
              <td>{share(module.cost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** How much of the step was bubble, against the least there can be. */
function bubbleText(
  { rows, bubble }: IGantt,
  stages: IStages,
  trans: TranslationBundle
): string {
  const least = share(leastBubble(stages.stages, stages.microbatches));
  const each = rows.map(({ stage, idle }) => trans.__('stage %1 %2', stage, share(idle)));
  return trans.__(
    'Bubble: the stages were idle for %1 of the step (%2). With stages of equal cost and %3 microbatches it is at least %4.',
    share(bubble),
    each.join(', '),
    stages.microbatches,
    least
  );
}

function share(part: number): string {
  return `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
}

/** The stages of a job, asked for until its step was recorded or it has ended. */
export function useStages(
  manager: IJobManager,
  jobName: string,
  feed: JobFeed
): IStages | null {
  const [stages, setStages] = React.useState<IStages | null>(null);
  const { phase } = feed;
  React.useEffect(() => {
    let [asking, gone] = [false, false];
    const ask = async () => {
      if (asking || gone) {
        return;
      }
      asking = true;
      try {
        const found = await manager.api.stages(jobName);
        if (!gone && found.stages > 0) {
          setStages(found);
        }
        if (found.tasks.length > 0) {
          manager.changed.disconnect(onChanged);
        }
      } catch {
        // The feed says when the job is gone; anything else passes with the next look.
      } finally {
        asking = false;
      }
    };
    const onChanged = () => void ask();
    if (phase === 'following') {
      manager.changed.connect(onChanged);
    }
    onChanged();
    return () => {
      gone = true;
      manager.changed.disconnect(onChanged);
    };
  }, [manager, jobName, phase]);
  return stages;
}
