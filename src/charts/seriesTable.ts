/** All curves of a job, by metric, source and rank. */
import { CombinedCurve } from './combined';
import { IMetricRecord, ISeriesPayload } from '../api/models';
import { aggregateOf, combine } from './aggregate';
import { emptySeries, ISeries, thinned } from './series';

/** What the script says itself goes before what was found in its output or measured outside. */
const SOURCES = ['script', 'regex', 'autolog'];
/** Under which names the loss is usually logged, best first. */
const LOSS_NAMES = ['loss', 'train_loss', 'training_loss', 'train/loss', 'train:loss'];
/** A curve that has grown to twice this is thinned to it: memory and drawing stay bounded. */
export const MOST_POINTS = 4000;

type ByRank = Map<number, ISeries>;

/** Grows by records; never by more than it can draw. */
export class SeriesTable {
  /** Takes what ranks learn, or else what they use. */
  constructor(private readonly _kind: 'metrics' | 'resources' = 'metrics') {}

  /** Take in records, in order. */
  add(records: readonly IMetricRecord[]): void {
    for (const record of records) {
      if (!this._takes(record.source)) {
        continue;
      }
      for (const [name, value] of Object.entries(record.values)) {
        const series = this._of(name, record.source, record.rank);
        series.steps.push(record.step ?? series.steps.length);
        series.times.push(record.time);
        series.values.push(value);
        this._combine(name, record, series);
        this._bound(name, record);
      }
    }
  }

  /** Start anew with the server's curves. */
  reset(payloads: readonly ISeriesPayload[]): void {
    this._series.clear();
    this._combined.clear();
    for (const { name, source, rank, steps, times, values } of payloads) {
      if (this._takes(source)) {
        this._ranks(name, source).set(rank, { steps, times, values });
      }
    }
  }

  /** The metrics there are, in the order they first appeared. */
  names(): string[] {
    return [...this._series.keys()];
  }

  /** A metric's curve of each rank, from its best source. */
  byRank(name: string): ByRank {
    const sources = this._series.get(name) ?? new Map<string, ByRank>();
    const best = [...sources.keys()].sort((a, b) => place(a) - place(b))[0];
    return sources.get(best) ?? new Map<number, ISeries>();
  }

  /** One curve for all ranks. */
  overRanks(name: string): ISeries {
    const ranks = this.byRank(name);
    if (ranks.size <= 1) {
      return combine([...ranks.values()], aggregateOf(name));
    }
    const known = this._combined.get(name);
    if (known && !known.isStale) {
      return { ...known.series };
    }
    const made = new CombinedCurve(ranks, aggregateOf(name), MOST_POINTS);
    this._combined.set(name, made);
    return { ...made.series };
  }

  /** Which metric is the training loss; empty when none looks like one. */
  lossName(): string {
    const names = this.names();
    const likely = [...LOSS_NAMES, ...names.filter(name => /loss/i.test(name))];
    return likely.find(name => names.includes(name)) ?? '';
  }

  /** Let the curve of all ranks grow; one more rank or a better source makes another of it. */
  private _combine(name: string, { rank, source }: IMetricRecord, series: ISeries): void {
    const last = series.values.length - 1;
    if (last === 0) {
      this._combined.delete(name);
    } else if (this._combined.has(name) && this.byRank(name) === this._ranks(name, source)) {
      const { steps, times, values } = series;
      const point = { step: steps[last], time: times[last], value: values[last] };
      this._combined.get(name)!.add(rank, point);
    }
  }

  private _takes(source: string): boolean {
    return (source === 'resources') === (this._kind === 'resources');
  }

  private _ranks(name: string, source: string): ByRank {
    const sources = this._series.get(name) ?? new Map<string, ByRank>();
    this._series.set(name, sources);
    const ranks = sources.get(source) ?? new Map<number, ISeries>();
    sources.set(source, ranks);
    return ranks;
  }

  private _of(name: string, source: string, rank: number): ISeries {
    const ranks = this._ranks(name, source);
    const series = ranks.get(rank) ?? emptySeries();
    ranks.set(rank, series);
    return series;
  }

  private _bound(name: string, { source, rank }: IMetricRecord): void {
    const ranks = this._ranks(name, source);
    const series = ranks.get(rank)!;
    if (series.values.length >= 2 * MOST_POINTS) {
      ranks.set(rank, thinned(series, MOST_POINTS));
    }
  }

  private readonly _combined = new Map<string, CombinedCurve>();
  private readonly _series = new Map<string, Map<string, ByRank>>();
}

function place(source: string): number {
  const found = SOURCES.indexOf(source);
  return found < 0 ? SOURCES.length : found;
}
