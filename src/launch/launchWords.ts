/** The launch form in words, in the user's language. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Axis, ILayoutGrid } from './layoutGrid';
import { IField, ILaunchSchema, IStrategy, missingFor } from '../api/launchSchema';
import { ILaunchValues, Problem } from './launchValues';
import { ranksLabel } from '../jobs/words';

/** Why a text cannot be right. */
export function problemText(
  problem: Problem | null,
  field: IField,
  trans: TranslationBundle
): string {
  switch (problem) {
    case 'integer':
      return trans.__('Not a whole number.');
    case 'positive':
      return trans.__(
        'Must be at least %1.',
        field.kind === 'seconds' ? 0 : (field.minimum ?? 1)
      );
    case 'option':
      return trans.__('Must be one of %1.', field.options.join(', '));
    case 'json':
      return trans.__('Not JSON.');
    case 'pairs':
      return trans.__('Write one name=value on each line, or a JSON object.');
    case 'names':
      return trans.__('Write names with commas between them.');
    case 'sizes':
      return trans.__('Write whole numbers with commas between them.');
    default:
      return '';
  }
}

/** What the machine lacks for a value of a field. */
export function hintsFor(
  schema: ILaunchSchema,
  field: IField,
  values: ILaunchValues,
  trans: TranslationBundle
): string[] {
  const value = values[field.name] || field.fallback;
  const missing = missingFor(schema, field.name, value).map(({ what, why }) =>
    trans.__('%1 is missing here: %2', what, why)
  );
  return [...missing, ...crowdHints(schema, field, values, trans)];
}

/** Options of a field that need what is not here. */
export function lackingOptions(schema: ILaunchSchema, field: IField): string[] {
  return field.options.filter(option => missingFor(schema, field.name, option).length > 0);
}

/** `data`, `pipeline`, `tensor`. */
export function axisLabel(axis: Axis, trans: TranslationBundle): string {
  switch (axis) {
    case 'data':
      return trans.__('data');
    case 'pipeline':
      return trans.__('pipeline');
    default:
      return trans.__('tensor');
  }
}

/** `4 ranks on 2 nodes: data 2 × pipeline 2`. */
export function layoutText(
  grid: ILayoutGrid,
  axes: readonly Axis[],
  trans: TranslationBundle
): string {
  const nodes = trans._n('%1 node', '%1 nodes', grid.nodes.length + grid.hiddenNodes);
  const degrees = axes.map(axis => `${axisLabel(axis, trans)} ${grid.sizes[axis]}`).join(' × ');
  return trans.__('%1 on %2: %3', ranksLabel(grid.worldSize, trans), nodes, degrees);
}

function crowdHints(
  schema: ILaunchSchema,
  field: IField,
  values: ILaunchValues,
  trans: TranslationBundle
): string[] {
  const isHere = (values.instance_type || 'local') === 'local';
  const ranks = Number(values.processes_per_node || 1) * Number(values.instance_count || 1);
  return field.name === 'processes_per_node' && isHere && ranks > schema.cpus
    ? [trans._n('There is %1 core here.', 'There are %1 cores here.', schema.cpus)]
    : [];
}

/** A heading of the form; the server's own words where it knows more than we do. */
export function sectionLabel(title: string, trans: TranslationBundle): string {
  switch (title) {
    case 'Cell and job':
      return trans.__('Cell and job');
    case 'Processes and nodes':
      return trans.__('Processes and nodes');
    case 'Script':
      return trans.__('Script');
    case 'Data':
      return trans.__('Data');
    case 'Scaling study':
      return trans.__('Scaling study');
    case 'Limits':
      return trans.__('Limits');
    default:
      return title;
  }
}

/** A strategy as people say it; the server's own words where it knows more than we do. */
export function strategyLabel({ name, title }: IStrategy, trans: TranslationBundle): string {
  switch (name) {
    case 'torch_distributed':
      return trans.__('data parallel: torch.distributed');
    case 'pytorchddp':
      return trans.__('data parallel: DistributedDataParallel, as on SageMaker');
    case 'dataparallel':
      return trans.__('data parallel: smdistributed.dataparallel');
    case 'modelparallel':
      return trans.__('model parallel: pipeline, tensor, sharded');
    case 'modelparallel-2':
      return trans.__('model parallel 2: tensor, hybrid sharding');
    default:
      return title;
  }
}
