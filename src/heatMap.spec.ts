import { describe, expect, it } from 'vitest';
import { heatGrid, MOST_COLUMNS, rankMeans, straggler } from './heatMap';
import { ISeries } from './series';

function rank(count: number, seconds: (step: number) => number): ISeries {
  const steps = Array.from({ length: count }, (_, place) => place + 1);
  return { steps, times: steps, values: steps.map(seconds) };
}

describe('heatGrid', () => {
  it('holds a bounded number of columns with the mean of each', () => {
    const grid = heatGrid(new Map([[0, rank(10_000, step => (step > 5000 ? 3 : 1))]]))!;
    expect(grid.cells[0].length).toBeLessThanOrEqual(MOST_COLUMNS);
    expect([grid.low, grid.high]).toEqual([1, 3]);
    expect(grid.steps[grid.steps.length - 1]).toBe(10_000);
  });

  it('leaves a gap where a rank recorded nothing', () => {
    const ranks = new Map([
      [0, rank(4, () => 1)],
      [1, rank(2, () => 1)]
    ]);
    expect(heatGrid(ranks)!.cells[1]).toEqual([1, 1, null, null]);
    expect(heatGrid(new Map())).toBeNull();
  });
});

describe('straggler', () => {
  it('names the slowest rank and by how much', () => {
    const ranks = new Map([0, 1, 2].map(n => [n, rank(50, () => (n === 1 ? 0.3 : 0.2))]));
    const grid = heatGrid(ranks)!;
    const found = straggler(grid)!;
    expect(found.rank).toBe(1);
    expect(found.slower).toBeCloseTo(0.5);
    expect(rankMeans(grid)[1]).toBeCloseTo(0.3);
  });

  it('needs two ranks', () => {
    expect(straggler(heatGrid(new Map([[0, rank(3, () => 1)]]))!)).toBeNull();
  });
});
