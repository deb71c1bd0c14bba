import { describe, expect, it } from 'vitest';
import { CombinedCurve } from './combined';
import { onGrid } from './grid';
import { combine } from './aggregate';
import { ISeries } from './series';

function curve(count: number, factor: number): ISeries {
  const steps = Array.from({ length: count }, (_, place) => place + 1);
  return { steps, times: [...steps], values: steps.map(step => factor * step) };
}

describe('CombinedCurve', () => {
  it('grows into what combining everything gives', () => {
    const ranks = new Map([
      [0, curve(5, 1)],
      [1, curve(4, 3)]
    ]);
    const combined = new CombinedCurve(ranks, 'mean', 1000);
    expect(combined.series.steps).toEqual([1, 2, 3, 4]);
    for (const step of [5, 6]) {
      combined.add(1, { step, time: step, value: 3 * step });
    }
    combined.add(0, { step: 6, time: 6, value: 6 });
    const whole = combine([curve(6, 1), curve(6, 3)], 'mean');
    expect(combined.series).toEqual(whole);
    expect(combined.isStale).toBe(false);
  });

  it('is stale when a step comes again, or ranks never meet', () => {
    const ranks = new Map([
      [0, curve(5, 1)],
      [1, curve(5, 1)]
    ]);
    const again = new CombinedCurve(ranks, 'sum', 1000);
    again.add(0, { step: 2, time: 9, value: 1 });
    expect(again.isStale).toBe(true);
    const alone = new CombinedCurve(ranks, 'sum', 1000);
    for (let step = 6; step < 300; step++) {
      alone.add(0, { step, time: step, value: 1 });
    }
    expect(alone.isStale).toBe(true);
  });
});

describe('onGrid', () => {
  it('keeps every peak and valley over common x values', () => {
    const long = curve(100_000, 0);
    long.values[77_777] = 9;
    long.values[4] = -9;
    const [first, second] = onGrid([
      { xs: long.steps, ys: long.values },
      { xs: [1, 100_000], ys: [1, null] }
    ]);
    expect(first.xs).toBe(second.xs);
    expect(first.xs.length).toBeGreaterThan(700);
    expect(first.xs.length).toBeLessThanOrEqual(800);
    expect(first.ys).toContain(9);
    expect(first.ys).toContain(-9);
    expect(second.ys.filter(y => y !== null)).toEqual([1, 1]);
    expect([...first.xs].every((x, place) => place === 0 || x > first.xs[place - 1])).toBe(
      true
    );
  });

  it('stays where it is while a curve grows by little, x always rising', () => {
    const grids = Array.from({ length: 300 }, (_, more) => {
      const { steps, values } = curve(10_000 + more, 0);
      return onGrid([{ xs: steps, ys: values }])[0].xs;
    });
    const moved = grids.filter((xs, i) => i > 0 && xs[100] !== grids[i - 1][100]);
    expect(moved.length).toBeLessThanOrEqual(1);
    expect(grids.every(xs => xs.every((x, i) => i === 0 || x > xs[i - 1]))).toBe(true);
  });

  it('leaves a single point alone', () => {
    const one = [{ xs: [3], ys: [1] }];
    expect(onGrid(one)).toEqual(one);
  });
});
