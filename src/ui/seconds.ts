/** One clock for all that counts seconds: what stands side by side changes together. */

const SECOND_MS = 1000;
const listeners = new Set<() => void>();
let timer = 0;
let latest = 0;

/** Call `listener` once a second; returns how to end that. */
export function onSecond(listener: () => void): () => void {
  if (listeners.size === 0) {
    timer = window.setInterval(tick, SECOND_MS);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
    }
  };
}

/** When the second began that is now, in milliseconds of `performance.now()`. */
export function secondMs(): number {
  if (performance.now() - latest >= SECOND_MS) {
    latest = performance.now();
  }
  return latest;
}

function tick(): void {
  latest = performance.now();
  listeners.forEach(listener => listener());
}
