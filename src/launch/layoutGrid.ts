/** Which rank sits where, as rows of nodes with their ranks. Pure. */
import { IPlace } from '../api/replies';

export type Axis = 'data' | 'pipeline' | 'tensor';

/** A node and its ranks. */
export interface INodeRow {
  node: string;
  places: IPlace[];
  /** Ranks that are not drawn. */
  hidden: number;
}

/** The grid; `sizes` are the degrees of the axes. */
export interface ILayoutGrid {
  worldSize: number;
  nodes: INodeRow[];
  hiddenNodes: number;
  sizes: { [axis in Axis]: number };
}

/** More than that nobody reads; the numbers above the grid say how many there are. */
const MOST_NODES = 16;
const MOST_RANKS = 16;

/** The grid of a layout. */
export function layoutGrid(layout: readonly IPlace[]): ILayoutGrid {
  const nodes = new Map<string, IPlace[]>();
  for (const place of layout) {
    nodes.set(place.node, [...(nodes.get(place.node) ?? []), place]);
  }
  const rows = [...nodes].map(([node, places]) => ({
    node,
    places: places.slice(0, MOST_RANKS),
    hidden: Math.max(0, places.length - MOST_RANKS)
  }));
  return {
    worldSize: layout.length,
    nodes: rows.slice(0, MOST_NODES),
    hiddenNodes: Math.max(0, rows.length - MOST_NODES),
    sizes: {
      data: degree(layout, 'data'),
      pipeline: degree(layout, 'pipeline'),
      tensor: degree(layout, 'tensor')
    }
  };
}

/** The axes along which there is more than one rank; data when there is none. */
export function usedAxes({ sizes }: ILayoutGrid): Axis[] {
  const axes = (['data', 'pipeline', 'tensor'] as const).filter(axis => sizes[axis] > 1);
  return axes.length > 0 ? axes : ['data'];
}

/** `D0 P1`: a rank's place on these axes. */
export function placeLabel(place: IPlace, axes: readonly Axis[]): string {
  return axes.map(axis => `${axis[0].toUpperCase()}${place[`${axis}_rank`]}`).join(' ');
}

function degree(layout: readonly IPlace[], axis: Axis): number {
  return layout.reduce((most, place) => Math.max(most, place[`${axis}_rank`] + 1), 0);
}
