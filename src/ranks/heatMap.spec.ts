import { describe, expect, it } from 'vitest';
import {
  cellAt,
  heatGrid,
  MOST_COLUMNS,
  movedCell,
  rankMeans,
  stepGrid,
  straggler
} from './heatMap';
import { ISeries } from '../charts/series';
import { SeriesTable } from '../charts/seriesTable';

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

  it('has no gaps between records of several steps each', () => {
    const steps = [1, 4, 8];
    const grid = heatGrid(new Map([[0, { steps, times: steps, values: [1, 2, 3] }]]))!;
    expect(grid.cells[0]).toEqual([1, 2, 2, 2, 3, 3, 3, 3]);
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

  it('goes by the work of each rank where that was recorded', () => {
    const table = new SeriesTable();
    for (const rank of [0, 1]) {
      const values = { step_seconds: 0.5, work_seconds: rank ? 0.4 : 0.1 };
      table.add([{ time: 1, rank, step: 1, source: 'autolog', values }]);
    }
    const grid = stepGrid(table)!;
    expect(grid.isWork).toBe(true);
    expect(straggler(grid)!.rank).toBe(1);
    expect(stepGrid(new SeriesTable())).toBeNull();
  });

  it('needs two ranks', () => {
    expect(straggler(heatGrid(new Map([[0, rank(3, () => 1)]]))!)).toBeNull();
  });
});

describe('the cell that is read out', () => {
  const grid = heatGrid(new Map([0, 1].map(n => [n, rank(4, () => n + 1)])))!;

  it('is the one below the pointer, also at the edges', () => {
    expect(cellAt(grid, 0.3, 0.6)).toEqual({ row: 1, column: 1 });
    expect(cellAt(grid, 1, 1)).toEqual({ row: 1, column: 3 });
  });

  it('moves with the arrow keys and stays inside', () => {
    const begin = movedCell(grid, null, 'ArrowRight')!;
    expect(begin).toEqual({ row: 0, column: 0 });
    expect(movedCell(grid, begin, 'ArrowUp')).toEqual(begin);
    expect(movedCell(grid, begin, 'ArrowDown')).toEqual({ row: 1, column: 0 });
    expect(movedCell(grid, begin, 'Tab')).toBeNull();
  });
});
