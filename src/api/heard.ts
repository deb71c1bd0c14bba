/** When rows of jobs were heard: what counts seconds goes on from there. */

const HEARD = new WeakMap<object, number>();

/** Note that a row has just come, and return it. */
export function heardNow<T extends object>(row: T): T {
  HEARD.set(row, performance.now());
  return row;
}

/** When a row came, in milliseconds of `performance.now()`; now for what a notebook has kept. */
export function heardMs(row: object): number {
  if (!HEARD.has(row)) {
    heardNow(row);
  }
  return HEARD.get(row)!;
}
