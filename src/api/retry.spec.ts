import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Retry } from './retry';

function hide(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('Retry', () => {
  let retry: Retry;

  beforeEach(() => {
    vi.useFakeTimers();
    retry = new Retry(100, 1000);
  });
  afterEach(() => {
    retry.dispose();
    vi.useRealTimers();
    hide(false);
  });

  /** How long it waited, to 10 ms. */
  function waited(): number {
    let [done, ms] = [false, 0];
    retry.later(() => (done = true));
    for (; !done && ms < 60000; ms += 10) {
      vi.advanceTimersByTime(10);
    }
    return ms;
  }

  it('waits longer each time, up to its limit, and a short time again after a success', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map(waited);
    expect(waits[0]).toBeLessThanOrEqual(110);
    expect(waits[3]).toBeGreaterThanOrEqual(400);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1010);
    retry.reset();
    expect(waited()).toBeLessThanOrEqual(110);
  });

  it('does nothing while the page is hidden, and goes on when it is seen', () => {
    const work = vi.fn();
    hide(true);
    retry.later(work);
    vi.advanceTimersByTime(60000);
    expect(work).not.toHaveBeenCalled();
    hide(false);
    expect(work).toHaveBeenCalledTimes(1);
    hide(false);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it.each([0, 200])('does nothing once disposed after %i ms', ms => {
    const work = vi.fn();
    hide(true);
    retry.later(work);
    vi.advanceTimersByTime(ms);
    retry.dispose();
    hide(false);
    retry.later(work);
    vi.advanceTimersByTime(60000);
    expect(work).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
