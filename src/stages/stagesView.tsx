/** The pipeline of a job: its recorded step, how much of it was bubble, which stage runs what. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { DataTable } from '../ui/dataTable';
import { byteSize, percent } from '../ui/format';
import { IStages } from '../api/stageModels';
import { gantt, IGantt, IStageModules, leastBubble, modulesByStage } from './stages';
import { GanttView } from './ganttView';

/** So many are listed at first; the list of more is made when it is opened. */
const FEW_MODULES = 40;

interface IStagesProps {
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
  const [open, setOpen] = React.useState(modules.length <= FEW_MODULES);
  return (
    <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {trans.__(
          'Stage %1: parameters %2, %3 of the cost',
          stage,
          byteSize(bytes),
          percent(cost)
        )}
      </summary>
      {open && (
        <DataTable
          label={trans.__('Modules of stage %1', stage)}
          heads={heads}
          rows={modules.map(module => ({
            key: module.name,
            cells: [
              module.name || trans.__('the model itself'),
              byteSize(module.parameters_bytes),
              percent(module.cost)
            ]
          }))}
        />
      )}
    </details>
  );
}

/** How much of the step was bubble, against the least there can be. */
function bubbleText(
  { rows, bubble }: IGantt,
  stages: IStages,
  trans: TranslationBundle
): string {
  const least = percent(leastBubble(stages.stages, stages.microbatches));
  const each = rows.map(({ stage, idle }) => trans.__('stage %1 %2', stage, percent(idle)));
  return trans.__(
    'Bubble: the stages were idle for %1 of the step (%2). With stages of equal cost and %3 microbatches it is at least %4.',
    percent(bubble),
    each.join(', '),
    stages.microbatches,
    least
  );
}
