/** One curve for all ranks that grows with them: only what is new is computed. Pure. */
import { Aggregate, combine } from './aggregate';
import { ISeries, thinned } from './series';

/** Ranks of different steps leave halves behind; then all of it is combined anew. */
const MOST_HALVES = 256;

interface IHalf {
  time: number;
  values: Map<number, number | null>;
}

/** Combines at first what there is, then step by step what each rank adds. */
export class CombinedCurve {
  constructor(
    ranks: ReadonlyMap<number, ISeries>,
    private readonly _how: Aggregate,
    private readonly _most: number
  ) {
    this._count = ranks.size;
    this.series = combine([...ranks.values()], _how, _most);
    const last = this._last();
    for (const [rank, { steps, times, values }] of ranks) {
      for (let place = steps.length - 1; place >= 0 && steps[place] > last; place--) {
        this.add(rank, { step: steps[place], time: times[place], value: values[place] });
      }
    }
  }

  /** The curve so far. */
  series: ISeries;

  /** Whether it has to be made anew: a step came again, or the ranks' steps differ. */
  isStale = false;

  /** Take in one rank's value. */
  add(rank: number, point: { step: number; time: number; value: number | null }): void {
    const { step, time, value } = point;
    if (step <= this._last()) {
      this.isStale = true;
      return;
    }
    const half = this._halves.get(step) ?? { time, values: new Map() };
    half.time = Math.max(half.time, time);
    half.values.set(rank, value);
    this._halves.set(step, half);
    this.isStale ||= this._halves.size > MOST_HALVES;
    if (half.values.size === this._count) {
      this._append(step, half);
    }
  }

  private _append(step: number, { time, values }: IHalf): void {
    const [value] = combine(
      [...values.values()].map(one => ({ steps: [step], times: [time], values: [one] })),
      this._how
    ).values;
    this.series.steps.push(step);
    this.series.times.push(time);
    this.series.values.push(value);
    this._halves.delete(step);
    if (this.series.values.length >= 2 * this._most) {
      this.series = thinned(this.series, this._most);
    }
  }

  private _last(): number {
    const { steps } = this.series;
    return steps.length > 0 ? steps[steps.length - 1] : -Infinity;
  }

  private readonly _count: number;
  private readonly _halves = new Map<number, IHalf>();
}
