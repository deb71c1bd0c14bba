/** One scaling study, live: asked for again whenever the list of jobs has been looked at. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { JobsApiError } from '../api/connection';
import { IJobManager } from '../jobs/managing';
import { IJobSummary, isTerminal } from '../api/models';
import { IStudy } from '../api/studyModels';

/** Between two jobs of a study there is none for a moment; after this it is over. */
const PAUSE_SECONDS = 20;

/** Follows a study until its last job has ended, or until disposed. */
export class StudyFeed implements IDisposable {
  /** `planned`: the number of jobs the study will have, where that is known; asks with `ticks`. */
  constructor(
    private readonly _manager: IJobManager,
    readonly studyName: string,
    private readonly _planned: number | null = null,
    private readonly _ticks: ISignal<unknown, void> = _manager.looked
  ) {
    _ticks.connect(this._onList);
    this._look();
  }

  /** The study as it was last heard of. */
  study: IStudy | null = null;

  /** `missing`: the server knows no job of it. */
  phase: 'following' | 'ended' | 'missing' = 'following';

  /** The job that runs now. */
  get current(): IJobSummary | null {
    return this.study?.jobs.find(job => !isTerminal(job.status)) ?? null;
  }

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
    this._leave();
    Signal.clearData(this);
  }

  private _look(): void {
    if (!this._asking) {
      this._asking = true;
      void this._ask().finally(() => (this._asking = false));
    }
  }

  private async _ask(): Promise<void> {
    try {
      this.study = await this._manager.api.study(this.studyName);
      this._end(isOver(this.study, this._planned, Date.now() / 1000) ? 'ended' : 'following');
    } catch (error) {
      // A study before its first job is missing, too; anything else passes with the next look.
      const missing = error instanceof JobsApiError && error.status === 404;
      if (missing && (this.study !== null || this._misses++ > 5)) {
        this._end('missing');
      }
    }
  }

  private _end(phase: 'following' | 'ended' | 'missing'): void {
    this.phase = phase;
    if (phase !== 'following') {
      this._leave();
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _leave(): void {
    this._ticks.disconnect(this._onList);
  }

  private readonly _onList = () => this._look();
  private _asking = false;
  private _misses = 0;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether no further job of the study will come. */
export function isOver(study: IStudy, planned: number | null, now: number): boolean {
  const { jobs } = study;
  if (jobs.some(job => !isTerminal(job.status))) {
    return false;
  }
  const all = planned !== null && jobs.length >= planned;
  const broken = jobs.some(job => job.status !== 'Completed');
  const last = Math.max(...jobs.map(job => job.ended_seconds ?? job.created_seconds));
  return all || broken || now - last > PAUSE_SECONDS;
}
