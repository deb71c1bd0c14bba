/** The curves a person watches first: loss and throughput of all ranks together. */
import { Point } from '../api/models';
import { RESTARTS, restartSteps } from './restarts';
import { ISeries, thinned } from './series';
import { SeriesTable } from './seriesTable';

/** A named curve over steps. */
export interface INamedCurve {
  name: string;
  series: ISeries;
  /** Steps with which training went on after ranks were started anew. */
  marks?: readonly number[];
}

/** What the runtime records about itself; anything else may stand in for a missing loss. */
const NOT_RESULTS = [
  'samples_per_second',
  'step_seconds',
  'work_seconds',
  'learning_rate',
  'total_steps',
  'epoch',
  RESTARTS
];

/** The loss, or else the first thing the script recorded. */
export function lossCurve(table: SeriesTable): INamedCurve {
  const others = table.names().filter(name => !NOT_RESULTS.includes(name));
  const name = table.lossName() || others[0] || 'loss';
  return { name, series: table.overRanks(name) };
}

/** Samples per second of all ranks, or steps per second where no rank knows its samples. */
export function throughputCurve(table: SeriesTable): INamedCurve {
  const samples = table.overRanks('samples_per_second');
  const steps = table.overRanks('step_seconds');
  if (samples.values.length > 0 || steps.values.length === 0) {
    return { name: 'samples/s', series: samples };
  }
  const rate = (seconds: number | null) => (seconds ? 1 / seconds : null);
  return { name: 'steps/s', series: { ...steps, values: steps.values.map(rate) } };
}

/** Both, with the places of restarts. */
export function watchedCurves(table: SeriesTable): INamedCurve[] {
  const marks = restartSteps(table);
  return [lossCurve(table), throughputCurve(table)].map(curve => ({ ...curve, marks }));
}

/** The form in which a notebook keeps a curve: at most `count` finite points. */
export function toPoints({ series }: INamedCurve, count: number): Point[] {
  const { steps, values } = thinned(series, count);
  const points = steps.map((step, place): [number, number | null] => [step, values[place]]);
  return points.filter((point): point is Point => point[1] !== null);
}

/** A curve that a notebook has kept; of times nothing is known. */
export function fromPoints(name: string, points: readonly Point[]): INamedCurve {
  const steps = points.map(([step]) => step);
  return { name, series: { steps, times: steps, values: points.map(([, y]) => y) } };
}
