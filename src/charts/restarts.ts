/** Where on a job's curves all ranks were started anew. Pure, as jupyter_sdt/store/restarts.py. */
import { SeriesTable } from './seriesTable';

/** What rank 0 records as the first thing after it was started anew. */
export const RESTARTS = 'restarts';

/** When ranks were started anew, in seconds since the epoch. */
export function restartTimes(table: SeriesTable): number[] {
  return table.byRank(RESTARTS).get(0)?.times ?? [];
}

/**
 * The first step after each restart, for those after which there was one. It may be smaller than
 * the last one before: training went on from a checkpoint.
 */
export function restartSteps(table: SeriesTable): number[] {
  const others = table.names().filter(name => name !== RESTARTS);
  const curve = table.byRank(table.lossName() || (others[0] ?? '')).get(0);
  if (!curve) {
    return [];
  }
  const places = restartTimes(table).map(time => curve.times.findIndex(at => at >= time));
  return places.filter(place => place >= 0).map(place => curve.steps[place]);
}
