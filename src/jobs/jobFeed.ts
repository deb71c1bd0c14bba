/** One job, live: its curves so far, then its stream, until it ends. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { JobsApi } from '../api/api';
import { JobsApiError } from '../api/connection';
import { IJobFailure, IJobSummary, StreamMessage } from '../api/models';
import { SeriesTable } from '../charts/seriesTable';
import { Retry } from '../api/retry';
import { MetricStream, StreamEnd } from '../api/stream';

/** Follows a job from construction until its end, or until disposed. */
export class JobFeed implements IDisposable {
  constructor(
    private readonly _api: JobsApi,
    readonly jobName: string
  ) {
    void this._begin();
  }

  /** All curves so far. */
  readonly table = new SeriesTable();

  /** What each rank uses of its machine. */
  readonly resources = new SeriesTable('resources');

  /** The job's latest state, null before the first message. */
  summary: IJobSummary | null = null;

  /** Why the job has failed, once it has. */
  failure: IJobFailure | null = null;

  /** `missing`: the server knows no such job. */
  phase: 'following' | 'ended' | 'missing' = 'following';

  /** Anything above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Follow no more. */
  dispose(): void {
    this._isDisposed = true;
    this._retry.dispose();
    this._stream?.dispose();
    Signal.clearData(this);
  }

  private async _begin(): Promise<void> {
    try {
      const { cursor, series } = await this._api.series(this.jobName);
      if (!this._isDisposed) {
        this.table.reset(series);
        this.resources.reset(series);
        this._follow(cursor);
      }
    } catch (error) {
      this._onFailure(error);
    }
  }

  private _onFailure(error: unknown): void {
    if (this._isDisposed) {
      return;
    }
    if (error instanceof JobsApiError && error.status === 404) {
      this._end('missing');
      return;
    }
    this._retry.later(() => void this._begin());
  }

  private _follow(cursor: string): void {
    this._stream = new MetricStream({
      cursor,
      url: since => this._api.streamUrl(this.jobName, since),
      WebSocket: this._api.settings.WebSocket
    });
    this._retry.reset();
    this._stream.received.connect((_, message) => this._take(message));
    this._stream.closed.connect((_, end) => this._onStreamEnd(end));
    this._changed.emit();
  }

  private _take(message: StreamMessage): void {
    if (message.kind === 'state') {
      this.summary = message.summary;
    } else if (message.kind === 'records') {
      this.table.add(message.records);
      this.resources.add(message.records);
    }
    this._changed.emit();
  }

  private _onStreamEnd(end: StreamEnd): void {
    if (end === 'stale') {
      // Another job has taken the name: its curves are other ones.
      this._retry.later(() => void this._begin());
    } else if (end === 'ended' && this.summary?.status === 'Failed') {
      void this._askWhy().finally(() => this._end('ended'));
    } else {
      this._end(end);
    }
  }

  private async _askWhy(): Promise<void> {
    try {
      this.failure = (await this._api.detail(this.jobName)).error;
    } catch {
      // The reason in the summary has to do.
    }
  }

  private _end(phase: 'ended' | 'missing'): void {
    if (!this._isDisposed) {
      this.phase = phase;
      this._changed.emit();
    }
  }

  private _stream: MetricStream | null = null;
  private readonly _retry = new Retry();
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
