import { describe, expect, it } from 'vitest';
import { combine, ordered } from './aggregate';
import { ISeries, lastValue, smooth, thin, thinned, trend } from './series';

function curve(steps: number[], values: (number | null)[] = steps): ISeries {
  return { steps, times: steps.map(step => 10 * step), values };
}

describe('thin', () => {
  it('keeps everything that fits', () => {
    expect(thin([5, 6, 7], 10)).toEqual([0, 1, 2]);
  });

  it('keeps both ends and every spike', () => {
    const values = Array.from({ length: 10000 }, () => 1);
    values[4321] = 99;
    values[8765] = -99;
    const kept = thin(values, 100);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept[0]).toBe(0);
    expect(kept[kept.length - 1]).toBe(9999);
    expect(kept).toContain(4321);
    expect(kept).toContain(8765);
  });

  it('gives places in rising order, each once', () => {
    const values = Array.from({ length: 5000 }, (_, i) => Math.sin(i / 7));
    const kept = thin(values, 300);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
  });

  it('shows a gap where a stretch holds nothing else', () => {
    const values: (number | null)[] = Array.from({ length: 1000 }, () => null);
    values[0] = values[999] = 1;
    expect(thin(values, 10).some(place => values[place] === null)).toBe(true);
  });
});

describe('thinned', () => {
  it('keeps step, time and value together', () => {
    const long = curve(Array.from({ length: 1000 }, (_, i) => i));
    const { steps, times, values } = thinned(long, 50);
    expect(steps.length).toBeLessThanOrEqual(50);
    expect(times).toEqual(steps.map(step => 10 * step));
    expect(values).toEqual(steps);
  });
});

describe('ordered', () => {
  it('takes what was recorded last after a restart', () => {
    const restarted = curve([1, 2, 3, 2, 3, 4], [10, 20, 30, 21, 31, 41]);
    expect(ordered(restarted).steps).toEqual([1, 2, 3, 4]);
    expect(ordered(restarted).values).toEqual([10, 21, 31, 41]);
  });

  it('leaves a rising curve alone', () => {
    const rising = curve([1, 2, 3]);
    expect(ordered(rising)).toBe(rising);
  });
});

describe('combine', () => {
  it('adds up what each rank counts for itself', () => {
    const both = combine([curve([1, 2], [10, 20]), curve([1, 2], [1, 2])], 'sum');
    expect(both.values).toEqual([11, 22]);
  });

  it('shows only steps that every rank has reached', () => {
    expect(combine([curve([1, 2, 3]), curve([1, 2])], 'mean').steps).toEqual([1, 2]);
  });

  it('is over when the slowest rank is', () => {
    expect(combine([curve([1], [0.1]), curve([1], [0.4])], 'max').values).toEqual([0.4]);
  });

  it('draws a line between the points that thinning has left', () => {
    const a = curve([0, 10], [0, 10]);
    const b = curve([0, 4, 10], [0, 4, 10]);
    const both = combine([a, b], 'mean');
    expect(both.steps).toEqual([0, 4, 10]);
    expect(both.values).toEqual([0, 4, 10]);
    expect(both.times).toEqual([0, 40, 100]);
  });

  it('has a gap where a rank has none', () => {
    expect(combine([curve([1], [null]), curve([1], [2])], 'mean').values).toEqual([null]);
  });

  it('is empty without ranks', () => {
    expect(combine([], 'mean').steps).toEqual([]);
  });
});

describe('smooth', () => {
  it('begins at the first value, without a pull to zero', () => {
    expect(smooth([4, 4, 4], 0.9).map(value => value?.toFixed(6))).toEqual(
      Array(3).fill('4.000000')
    );
  });

  it('leaves the curve as it is at weight 0', () => {
    expect(smooth([1, null, 3], 0)).toEqual([1, null, 3]);
  });

  it('passes over gaps', () => {
    const [first, gap, last] = smooth([1, null, 1], 0.5);
    expect([first, gap]).toEqual([1, null]);
    expect(last).toBeCloseTo(1);
  });
});

describe('trend', () => {
  it.each([
    [Array.from({ length: 100 }, (_, i) => 100 - i), 'falling'],
    [Array.from({ length: 100 }, (_, i) => i), 'rising'],
    [Array.from({ length: 100 }, () => 5), 'steady'],
    [[5], 'steady']
  ])('of %s', (values, expected) => {
    expect(trend(values)).toBe(expected);
  });

  it('is said of finite values', () => {
    expect(lastValue([1, 2, null])).toBe(2);
    expect(lastValue([null])).toBeNull();
  });
});
