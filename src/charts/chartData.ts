/** A chart's lines as uPlot's columns. Pure. */
import uPlot from 'uplot';
import { ILine } from './lines';

/** Movements of less than this nobody sees, in pixels. */
const VISIBLE = 0.25;

/** Columns over common x values; a logarithm knows only what is above 0. */
export function joined(lines: readonly ILine[], logarithmic: boolean): uPlot.AlignedData {
  if (lines.length === 0) {
    return [[]];
  }
  const tables = lines.map(({ xs, ys }): uPlot.AlignedData => {
    const drawn = logarithmic ? ys.map(y => (y !== null && y > 0 ? y : null)) : [...ys];
    return [[...xs], drawn];
  });
  const [first, ...others] = lines;
  if (others.every(({ xs }) => xs === first.xs)) {
    return [tables[0][0], ...tables.map(table => table[1])] as uPlot.AlignedData;
  }
  return uPlot.join(tables);
}

/**
 * Whether the new columns make the same picture on `width` pixels: the same values, at places that
 * have hardly moved (the right end follows the latest step).
 */
export function looksTheSame(
  before: uPlot.AlignedData,
  after: uPlot.AlignedData,
  width: number
): boolean {
  const [xs, ...columns] = before;
  if (before.length !== after.length || after[0].length !== xs.length || xs.length === 0) {
    return false;
  }
  const visible = (VISIBLE * (after[0][xs.length - 1] - after[0][0])) / width;
  return (
    xs.every((x, place) => Math.abs(x - after[0][place]) <= visible) &&
    columns.every((column, place) => same(column, after[place + 1]))
  );
}

/** Whether a curve is a single point, which no line would show. */
export function isLonely(column: Column): boolean {
  let points = 0;
  for (let place = 0; place < column.length && points < 2; place++) {
    points += typeof column[place] === 'number' ? 1 : 0;
  }
  return points === 1;
}

type Column = ArrayLike<number | null | undefined>;

function same(before: Column, after: Column): boolean {
  for (let place = 0; place < before.length; place++) {
    if (before[place] !== after[place]) {
      return false;
    }
  }
  return true;
}
