import { describe, expect, it } from 'vitest';
import { isLonely, looksTheSame } from './chartData';

const xs = [0, 1000, 2000, 3000];
const ys = [5, 1, null, 3];

describe('looksTheSame', () => {
  it('is so when the right end moved by less than a quarter of a pixel', () => {
    expect(looksTheSame([xs, ys], [[0, 1000, 2000, 3001], [...ys]], 600)).toBe(true);
  });

  it('is not so when the right end moved by more', () => {
    expect(looksTheSame([xs, ys], [[0, 1000, 2000, 3002], [...ys]], 600)).toBe(false);
  });

  it('is not so when any value differs, be it the last one or a gap', () => {
    expect(looksTheSame([xs, ys], [xs, [5, 1, null, 4]], 600)).toBe(false);
    expect(looksTheSame([xs, ys], [xs, [5, 1, 2, 3]], 600)).toBe(false);
  });

  it('is not so when points or lines were added, or another x moved', () => {
    expect(
      looksTheSame(
        [xs, ys],
        [
          [...xs, 3000.1],
          [...ys, 3]
        ],
        600
      )
    ).toBe(false);
    expect(looksTheSame([xs, ys], [xs, ys, ys], 600)).toBe(false);
    expect(looksTheSame([xs, ys], [[0, 1002, 2000, 3000], ys], 600)).toBe(false);
    expect(looksTheSame([[]], [[]], 600)).toBe(false);
  });
});

describe('isLonely', () => {
  it('is a single number, whatever gaps lie around it', () => {
    expect(isLonely([null, 3, null])).toBe(true);
    expect(isLonely([0])).toBe(true);
    expect(isLonely([1, null, 2])).toBe(false);
    expect(isLonely([null, undefined])).toBe(false);
  });
});
