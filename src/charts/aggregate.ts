/** The curves of all ranks as one. Pure, and the same arithmetic as jupyter_sdt/store/series.py. */
import { emptySeries, ISeries, mean, pick, thinned } from './series';

/** How one number is made of one per rank. */
export type Aggregate = 'mean' | 'sum' | 'max';

const AGGREGATES: { [name: string]: Aggregate } = {
  samples_per_second: 'sum', // each rank counts its own samples
  step_seconds: 'max', // a step is over when the slowest rank is
  work_seconds: 'max'
};
const FUNCTIONS: { [how in Aggregate]: (values: number[]) => number } = {
  mean,
  sum: values => values.reduce((sum, value) => sum + value, 0),
  max: values => Math.max(...values)
};

/** How a metric's ranks become one curve. */
export function aggregateOf(name: string): Aggregate {
  return AGGREGATES[name] ?? 'mean';
}

/** Steps rising, each once: a step recorded again (a restart) counts as recorded last. */
export function ordered(series: ISeries): ISeries {
  const { steps } = series;
  if (steps.every((step, place) => place === 0 || steps[place - 1] < step)) {
    return series;
  }
  const places = new Map(steps.map((step, place) => [step, place]));
  const rising = [...places.keys()].sort((a, b) => a - b);
  return pick(
    series,
    rising.map(step => places.get(step)!)
  );
}

/**
 * One curve for all ranks, over the steps that every rank has reached. Ranks that were thinned
 * keep different steps: between two points of a rank the line between them counts. `most` bounds the
 * number of steps.
 */
export function combine(ranks: readonly ISeries[], how: Aggregate, most = Infinity): ISeries {
  const curves = ranks.map(ordered).filter(curve => curve.steps.length > 0);
  if (curves.length <= 1) {
    return curves[0] ?? emptySeries();
  }
  // Each rank names the steps where it is extreme, and all are read there.
  const share = Math.max(4, Math.floor(most / curves.length));
  const first = Math.max(...curves.map(curve => curve.steps[0]));
  const last = Math.min(...curves.map(curve => curve.steps[curve.steps.length - 1]));
  const union = new Set(curves.flatMap(curve => thinned(curve, share).steps));
  const steps = [...union].filter(step => first <= step && step <= last);
  steps.sort((a, b) => a - b);
  const columns = curves.map(curve => sample(curve, steps));
  return {
    steps,
    times: steps.map((_, i) => Math.max(...columns.map(column => column.times[i]))),
    values: steps.map((_, i) =>
      together(
        columns.map(column => column.values[i]),
        how
      )
    )
  };
}

/** The curve at other steps, all of them within its own. */
function sample(
  curve: ISeries,
  steps: number[]
): { times: number[]; values: (number | null)[] } {
  const times: number[] = [];
  const values: (number | null)[] = [];
  let place = 0;
  for (const step of steps) {
    while (place + 1 < curve.steps.length && curve.steps[place + 1] <= step) {
      place += 1;
    }
    const next = Math.min(place + 1, curve.steps.length - 1);
    const width = curve.steps[next] - curve.steps[place];
    const share = width > 0 ? (step - curve.steps[place]) / width : 0;
    times.push(between(curve.times[place], curve.times[next], share)!);
    values.push(between(curve.values[place], curve.values[next], share));
  }
  return { times, values };
}

function between(a: number | null, b: number | null, share: number): number | null {
  if (share === 0 || a === null) {
    return a;
  }
  return b === null ? null : a + (b - a) * share;
}

function together(values: (number | null)[], how: Aggregate): number | null {
  return values.some(value => value === null) ? null : FUNCTIONS[how](values as number[]);
}
