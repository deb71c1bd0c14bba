/** Many curves in one chart: each as the lowest and highest of common stretches. Pure. */

/** A curve's columns, x rising. */
interface IColumns {
  xs: readonly number[];
  ys: readonly (number | null)[];
}

/** More stretches than a chart has pixels to tell apart. */
const STRETCHES = 400;
/** Into how many steps the widths between one and its double are divided. */
const WIDTHS = 8;

/**
 * The curves over common x values, two to a stretch, so that peaks and valleys stay: drawing then
 * costs the same however long the curves are.
 */
export function onGrid(curves: readonly IColumns[], most = STRETCHES): IColumns[] {
  const known = curves.filter(({ xs }) => xs.length > 0);
  const low = Math.min(...known.map(({ xs }) => xs[0]));
  const high = Math.max(...known.map(({ xs }) => xs[xs.length - 1]));
  const span = high - low;
  if (!(span > 0)) {
    return [...curves];
  }
  // The same width for a while: stretches that stay where they are need not be drawn again.
  const width = 2 ** (Math.ceil(WIDTHS * Math.log2(span / most)) / WIDTHS);
  const stretches = Math.ceil(span / width);
  const xs = Array.from({ length: 2 * stretches }, (_, place) =>
    tidy(low + width * ((place >> 1) + (place % 2 ? 0.75 : 0.25)), width)
  );
  // The last stretch has perhaps only begun.
  const end = xs.length - 1;
  xs[end] = high;
  xs[end - 1] = Math.min(xs[end - 1], ((xs[end - 2] ?? low) + high) / 2);
  return curves.map(curve => ({ xs, ys: extremes(curve, { low, width, stretches }) }));
}

/** Of two values in a stretch the earlier comes first. */
function extremes(
  { xs, ys }: IColumns,
  { low, width, stretches }: { low: number; width: number; stretches: number }
): (number | null)[] {
  const made: (number | null)[] = new Array<number | null>(2 * stretches).fill(null);
  let place = 0;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const end = stretch === stretches - 1 ? Infinity : low + width * (stretch + 1);
    let [least, most] = [-1, -1];
    for (; place < xs.length && xs[place] < end; place++) {
      const y = ys[place];
      if (y !== null) {
        least = least < 0 || y < ys[least]! ? place : least;
        most = most < 0 || y > ys[most]! ? place : most;
      }
    }
    if (least >= 0) {
      made[2 * stretch] = ys[Math.min(least, most)];
      made[2 * stretch + 1] = ys[Math.max(least, most)];
    }
  }
  return made;
}

/** Steps are whole numbers, where the stretch is wide enough to say so. */
function tidy(x: number, width: number): number {
  return width >= 4 ? Math.round(x) : x;
}
