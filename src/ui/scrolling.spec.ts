import { describe, expect, it } from 'vitest';
import { HIGHEST_PX, listHeight, rowsInSight, scrollTo } from './scrolling';

const short = { count: 1000, row: 17, frame: 340 };
const long = { count: 4_000_000, row: 17, frame: 340 };

describe('a long list', () => {
  it('shows what is in the frame', () => {
    expect(rowsInSight(short, 0)).toEqual({ first: 0, last: 21, top: 0 });
    const { first, last } = rowsInSight(short, 1700);
    expect([first, last]).toEqual([100, 121]);
  });

  it.each([short, long])('reaches its last row at the bottom', shape => {
    const bottom = listHeight(shape) - shape.frame;
    expect(rowsInSight(shape, bottom).last).toBe(shape.count);
    expect(listHeight(shape)).toBeLessThanOrEqual(HIGHEST_PX);
  });

  it.each([0, 17, 2_000_000, 3_999_999])('finds row %i again', place => {
    const { first, last } = rowsInSight(long, scrollTo(long, place));
    expect(first).toBeLessThanOrEqual(place);
    expect(last).toBeGreaterThan(place);
  });

  it('shows nothing of an empty one', () => {
    expect(rowsInSight({ ...short, count: 0 }, 0)).toEqual({ first: 0, last: 0, top: 0 });
  });
});
