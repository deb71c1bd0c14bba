/** Which rows of a very long list are in sight. Pure. */

/** Browsers draw no element higher than some 30 million pixels; this is well below. */
export const HIGHEST_PX = 8_000_000;

/** What a list looks like: rows of one height, in a frame of its own. */
interface IListShape {
  count: number;
  row: number;
  frame: number;
}

/** The rows in sight and where they stand. */
interface IWindow {
  first: number;
  last: number;
  top: number;
}

/** How high the list pretends to be. */
export function listHeight({ count, row }: IListShape): number {
  return Math.min(count * row, HIGHEST_PX);
}

/** Rows in sight at a scroll position; a list that is too high is scrolled in proportion. */
export function rowsInSight(shape: IListShape, scrollTop: number): IWindow {
  const { count, row, frame } = shape;
  const fitting = Math.ceil(frame / row) + 1;
  const real = count * row;
  const height = listHeight(shape);
  const way = Math.max(1, height - frame);
  const offset = real > height ? (scrollTop / way) * (real - frame) : scrollTop;
  const first = Math.max(0, Math.min(Math.floor(offset / row), count - fitting + 1));
  const last = Math.min(count, first + fitting);
  const top = real > height ? scrollTop - (offset - first * row) : first * row;
  return { first, last, top: Math.max(0, Math.min(top, height - (last - first) * row)) };
}

/** The scroll position that shows a row in the middle. */
export function scrollTo(shape: IListShape, place: number): number {
  const { count, row, frame } = shape;
  const real = count * row;
  const height = listHeight(shape);
  const offset = Math.max(0, Math.min(place * row - frame / 2, real - frame));
  return real > height ? (offset / (real - frame)) * (height - frame) : offset;
}
