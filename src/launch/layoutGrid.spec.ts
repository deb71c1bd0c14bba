import { describe, expect, it } from 'vitest';
import { IPlace } from '../api/replies';
import { layoutGrid, placeLabel, usedAxes } from './layoutGrid';

function place(rank: number, node: number, axes: number[]): IPlace {
  const [data_rank, pipeline_rank, tensor_rank] = axes;
  return {
    rank,
    node: `algo-${node}`,
    local_rank: rank % 2,
    data_rank,
    pipeline_rank,
    tensor_rank
  };
}

const FOUR = [
  place(0, 1, [0, 0, 0]),
  place(1, 1, [0, 0, 1]),
  place(2, 2, [0, 1, 0]),
  place(3, 2, [0, 1, 1])
];

describe('a layout', () => {
  it('becomes rows of nodes', () => {
    const grid = layoutGrid(FOUR);
    expect(grid.worldSize).toBe(4);
    expect(grid.nodes.map(row => row.node)).toEqual(['algo-1', 'algo-2']);
    expect(grid.nodes[1].places.map(({ rank }) => rank)).toEqual([2, 3]);
    expect(grid.sizes).toEqual({ data: 1, pipeline: 2, tensor: 2 });
  });

  it('names the axes along which there is something', () => {
    const grid = layoutGrid(FOUR);
    expect(usedAxes(grid)).toEqual(['pipeline', 'tensor']);
    expect(placeLabel(FOUR[3], usedAxes(grid))).toBe('P1 T1');
    expect(usedAxes(layoutGrid(FOUR.slice(0, 1)))).toEqual(['data']);
  });

  it('of hundreds of ranks is cut, and says so', () => {
    const many = Array.from({ length: 640 }, (_, rank) =>
      place(rank, Math.floor(rank / 32), [rank, 0, 0])
    );
    const grid = layoutGrid(many);
    expect(grid.nodes).toHaveLength(16);
    expect(grid.hiddenNodes).toBe(4);
    expect([grid.nodes[0].places.length, grid.nodes[0].hidden]).toEqual([16, 16]);
    expect(grid.sizes.data).toBe(640);
  });
});
