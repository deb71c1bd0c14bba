/** What a heat map shows, in words. */
import { TranslationBundle } from '@jupyterlab/translation';
import { milliseconds } from '../ui/format';
import { IHeatCell, IHeatGrid, isNotable, IStraggler, rankMeans, straggler } from './heatMap';

/** What the cells are. */
export function heatTitle({ isWork }: IHeatGrid, trans: TranslationBundle): string {
  return isWork
    ? trans.__('Work of each rank in a step, without waiting for others')
    : trans.__('Step time of each rank');
}

/** Who holds up the others, and by how much. */
export function heatSummary(grid: IHeatGrid, trans: TranslationBundle): string {
  const found = straggler(grid);
  if (found === null) {
    return trans.__('One rank, %1 ms a step.', milliseconds(rankMeans(grid)[0]));
  }
  const [seconds, middle] = [milliseconds(found.seconds), milliseconds(found.middle)];
  const excess = excessText(found, trans);
  if (!isNotable(found)) {
    return trans.__('The ranks are even: %1 ms a step, the slowest %2.', middle, excess);
  }
  return grid.isWork
    ? trans.__(
        'Rank %1 is slowest, and the others wait for it: it works %2 ms a step, %3.',
        found.rank,
        seconds,
        excess
      )
    : trans.__('Rank %1 is slowest: %2 ms a step, %3.', found.rank, seconds, excess);
}

/** `50 % more than the middle`, or `14 times the middle`. */
function excessText({ slower }: IStraggler, trans: TranslationBundle): string {
  return slower < 1
    ? trans.__('%1 % more than the middle', Math.round(100 * slower))
    : trans.__('%1 times the middle', (1 + slower).toPrecision(2));
}

/** `rank 2, steps 40 to 43: 31 ms`. */
export function cellText(
  { ranks, steps, cells }: IHeatGrid,
  { row, column }: IHeatCell,
  trans: TranslationBundle
): string {
  const value = cells[row]?.[column] ?? null;
  const isLast = column === cells[row].length - 1;
  const [first, last] = [steps[column], steps[column + 1] - (isLast ? 0 : 1)];
  const where =
    first === last ? trans.__('step %1', first) : trans.__('steps %1 to %2', first, last);
  return value === null
    ? trans.__('rank %1, %2: nothing recorded', ranks[row], where)
    : trans.__('rank %1, %2: %3 ms', ranks[row], where, milliseconds(value));
}
