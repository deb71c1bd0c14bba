/**
 * Curves as data: thinning, smoothing, combining ranks. Pure, and the same arithmetic as
 * jupyter_sdt/store/series.py.
 */

/** Parallel arrays in the order of recording; null where the script logged NaN or infinity. */
export interface ISeries {
  steps: number[];
  times: number[];
  values: (number | null)[];
}

/** How one number is made of one per rank. */
export type Aggregate = 'mean' | 'sum' | 'max';

const AGGREGATES: { [name: string]: Aggregate } = {
  samples_per_second: 'sum', // each rank counts its own samples
  step_seconds: 'max', // a step is over when the slowest rank is
  work_seconds: 'max'
};
const FUNCTIONS: { [how in Aggregate]: (values: number[]) => number } = {
  mean: values => values.reduce((sum, value) => sum + value, 0) / values.length,
  sum: values => values.reduce((sum, value) => sum + value, 0),
  max: values => Math.max(...values)
};

/** How a metric's ranks become one curve. */
export function aggregateOf(name: string): Aggregate {
  return AGGREGATES[name] ?? 'mean';
}

/** A curve without points. */
export function emptySeries(): ISeries {
  return { steps: [], times: [], values: [] };
}

/**
 * Places of at most `count` (at least 4) values: the ends, and of each stretch between them the
 * lowest and the highest, so that no spike gets lost. Null is kept only where a stretch holds
 * nothing else.
 */
export function thin(values: readonly (number | null)[], count: number): number[] {
  const last = values.length - 1;
  if (values.length <= Math.max(count, 4)) {
    return values.map((_, place) => place);
  }
  const stretches = Math.max(1, Math.floor((count - 2) / 2));
  const kept = [0];
  for (let number = 0; number < stretches; number++) {
    const start = 1 + Math.floor(((last - 1) * number) / stretches);
    const end = 1 + Math.floor(((last - 1) * (number + 1)) / stretches);
    kept.push(...extremes(values, start, end));
  }
  kept.push(last);
  return kept;
}

/** The series with at most `count` points. */
export function thinned(series: ISeries, count: number): ISeries {
  if (series.values.length <= count) {
    return series;
  }
  return pick(series, thin(series.values, count));
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

/**
 * Exponential moving average, corrected for its start (Kingma and Ba 2015, section 3); `weight`
 * 0 leaves the curve as it is, 0.99 flattens it.
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  let average = 0;
  let seen = 0;
  return values.map(value => {
    if (value === null || weight <= 0) {
      return value;
    }
    seen += 1;
    average = weight * average + (1 - weight) * value;
    return average / (1 - weight ** seen);
  });
}

/** The latest finite value. */
export function lastValue(values: readonly (number | null)[]): number | null {
  for (let place = values.length - 1; place >= 0; place--) {
    const value = values[place];
    if (value !== null) {
      return value;
    }
  }
  return null;
}

/** Where the curve goes: the last tenth against the tenth before it. */
export function trend(values: readonly (number | null)[]): 'falling' | 'rising' | 'steady' {
  const known = values.filter((value): value is number => value !== null);
  const size = Math.max(1, Math.floor(known.length / 10));
  if (known.length < 2 * size) {
    return 'steady';
  }
  const now = FUNCTIONS.mean(known.slice(-size));
  const before = FUNCTIONS.mean(known.slice(-2 * size, -size));
  const same = Math.abs(now - before) <= 0.005 * Math.max(Math.abs(now), Math.abs(before));
  return same ? 'steady' : now < before ? 'falling' : 'rising';
}

function extremes(values: readonly (number | null)[], start: number, end: number): number[] {
  let low = -1;
  let high = -1;
  for (let place = start; place < end; place++) {
    const value = values[place];
    if (value === null) {
      continue;
    }
    low = low < 0 || value < values[low]! ? place : low;
    high = high < 0 || value > values[high]! ? place : high;
  }
  if (low < 0) {
    return start < end ? [start] : [];
  }
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
}

function pick(series: ISeries, places: number[]): ISeries {
  return {
    steps: places.map(place => series.steps[place]),
    times: places.map(place => series.times[place]),
    values: places.map(place => series.values[place])
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
