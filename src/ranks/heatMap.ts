/** Step times of each rank over training as a grid, and who holds up the others. Pure. */
import { ISeries } from '../charts/series';
import { SeriesTable } from '../charts/seriesTable';

/** Ranks by columns of steps; null where a rank recorded nothing. */
export interface IHeatGrid {
  ranks: number[];
  /** First step of each column, and the last step of all at the end. */
  steps: number[];
  /** Mean seconds of a step; a row for each rank. */
  cells: (number | null)[][];
  /** Least and greatest of the cells. */
  low: number;
  high: number;
  /** Whether waiting for other ranks is left out. */
  isWork: boolean;
}

/** A place in the grid. */
export interface IHeatCell {
  row: number;
  column: number;
}

/** The slowest rank against the middle one. */
export interface IStraggler {
  rank: number;
  seconds: number;
  middle: number;
  /** How much slower, as a share: 0.5 is half as much again. */
  slower: number;
}

/** A rank that is slower than the middle one by this share holds up the others. */
const NOTABLE = 0.1;
/** More columns than a chart has pixels to tell apart. */
export const MOST_COLUMNS = 240;

/**
 * The grid of a job; null while nobody recorded a step. Ranks that train one model together end
 * each step together, so where their own work was recorded, that is what tells them apart.
 */
export function stepGrid(table: SeriesTable): IHeatGrid | null {
  const [steps, work] = [table.byRank('step_seconds'), table.byRank('work_seconds')];
  const isWork = work.size > 0 && work.size >= steps.size;
  const grid = heatGrid(isWork ? work : steps);
  return grid && { ...grid, isWork };
}

/** The grid of all ranks; null while nobody recorded anything. */
export function heatGrid(
  ranks: ReadonlyMap<number, ISeries>,
  most = MOST_COLUMNS
): IHeatGrid | null {
  const known = [...ranks].filter(([, { steps }]) => steps.length > 0);
  known.sort(([a], [b]) => a - b);
  if (known.length === 0) {
    return null;
  }
  const first = Math.min(...known.map(([, { steps }]) => steps[0]));
  const last = Math.max(...known.map(([, { steps }]) => steps[steps.length - 1]));
  const width = Math.max(1, Math.ceil((last - first + 1) / most));
  const count = Math.floor((last - first) / width) + 1;
  const cells = known.map(([, series]) => row(series, { first, width, count }));
  const values = cells.flat().filter((cell): cell is number => cell !== null);
  return {
    ranks: known.map(([rank]) => rank),
    steps: [...Array.from({ length: count }, (_, place) => first + place * width), last],
    cells,
    low: Math.min(...values),
    high: Math.max(...values),
    isWork: false
  };
}

/** Who is slowest over all columns, and by how much; null with less than two ranks. */
export function straggler(grid: IHeatGrid): IStraggler | null {
  const means = grid.cells.map(cells => mean(cells.filter(cell => cell !== null)));
  if (means.length < 2) {
    return null;
  }
  const sorted = [...means].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const place = means.indexOf(sorted[sorted.length - 1]);
  const seconds = means[place];
  return { rank: grid.ranks[place], seconds, middle, slower: seconds / middle - 1 };
}

/** Whether it is slower by so much that it matters. */
export function isNotable({ slower }: IStraggler): boolean {
  return slower > NOTABLE;
}

/** The cell at a place, both counted from 0 to 1. */
export function cellAt({ cells }: IHeatGrid, x: number, y: number): IHeatCell {
  const place = (share: number, count: number) => within(Math.floor(share * count), count);
  return { row: place(y, cells.length), column: place(x, cells[0].length) };
}

/** Where an arrow key leads; null for other keys. */
export function movedCell(
  { cells }: IHeatGrid,
  from: IHeatCell | null,
  key: string
): IHeatCell | null {
  const by = ARROWS[key];
  if (!by) {
    return null;
  }
  const { row, column } = from ?? { row: 0, column: -1 };
  return {
    row: within(row + by[0], cells.length),
    column: within(column + by[1], cells[0].length)
  };
}

const ARROWS: { [key: string]: [rows: number, columns: number] | undefined } = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1]
};

function within(place: number, count: number): number {
  return Math.min(Math.max(place, 0), count - 1);
}

/** Mean seconds of a step by rank. */
export function meansByRank(grid: IHeatGrid): Map<number, number> {
  const means = rankMeans(grid);
  return new Map(grid.ranks.map((rank, place) => [rank, means[place]]));
}

/** Mean seconds of a step of each rank, in the order of the grid. */
export function rankMeans(grid: IHeatGrid): number[] {
  return grid.cells.map(cells => mean(cells.filter(cell => cell !== null)));
}

/** A recorded value holds for all steps since the one before. */
function row(
  { steps, values }: ISeries,
  { first, width, count }: { first: number; width: number; count: number }
): (number | null)[] {
  const sums = new Array<number>(count).fill(0);
  const counts = new Array<number>(count).fill(0);
  steps.forEach((step, place) => {
    const value = values[place];
    const since = place > 0 ? Math.min(steps[place - 1] + 1, step) : step;
    const [from, to] = [since, step].map(at => Math.floor((at - first) / width));
    for (let column = Math.max(from, 0); value !== null && column <= to; column++) {
      sums[column] += value;
      counts[column] += 1;
    }
  });
  return sums.map((sum, column) => (counts[column] > 0 ? sum / counts[column] : null));
}

function mean(values: readonly (number | null)[]): number {
  const sum = values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return values.length > 0 ? sum / values.length : 0;
}
