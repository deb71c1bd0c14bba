/** Curves as data: thinning, smoothing, trends. Pure. */

/** Parallel arrays in the order of recording; null where the script logged NaN or infinity. */
export interface ISeries {
  steps: number[];
  times: number[];
  values: (number | null)[];
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
  const now = mean(known.slice(-size));
  const before = mean(known.slice(-2 * size, -size));
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

/** The points at these places. */
export function pick(series: ISeries, places: number[]): ISeries {
  return {
    steps: places.map(place => series.steps[place]),
    times: places.map(place => series.times[place]),
    values: places.map(place => series.values[place])
  };
}

/** The average. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
