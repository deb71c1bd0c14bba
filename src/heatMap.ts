/** Step times of each rank over training as a grid, and who holds up the others. Pure. */
import { ISeries } from './series';

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
}

/** The slowest rank against the middle one. */
export interface IStraggler {
  rank: number;
  seconds: number;
  middle: number;
  /** How much slower, as a share: 0.5 is half as much again. */
  slower: number;
}

/** More columns than a chart has pixels to tell apart. */
export const MOST_COLUMNS = 240;

/** The grid of all ranks; null while nobody recorded a step. */
export function heatGrid(
  ranks: ReadonlyMap<number, ISeries>,
  most = MOST_COLUMNS
): IHeatGrid | null {
  const known = [...ranks].filter(([, { steps }]) => steps.length > 0);
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
    high: Math.max(...values)
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

/** Mean seconds of a step of each rank, in the order of the grid. */
export function rankMeans(grid: IHeatGrid): number[] {
  return grid.cells.map(cells => mean(cells.filter(cell => cell !== null)));
}

function row(
  { steps, values }: ISeries,
  { first, width, count }: { first: number; width: number; count: number }
): (number | null)[] {
  const sums = new Array<number>(count).fill(0);
  const counts = new Array<number>(count).fill(0);
  steps.forEach((step, place) => {
    const value = values[place];
    const column = Math.floor((step - first) / width);
    if (value !== null && column >= 0 && column < count) {
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
