/** The list of jobs, and the only place that polls for it. */
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import { JobsApi } from './api';
import { IJobSummary, isTerminal } from './models';

const RUNNING_MS = 2000;
const IDLE_MS = 10000;
const LONGEST_MS = 60000;
/** More jobs than anybody scrolls through; searching looks at all of them. */
const MOST_JOBS = 200;

/** What the list shall show. */
export interface IListFilter {
  status: string;
  search: string;
}

/** What the rest of the extension sees of the manager. */
export interface IJobManager extends IDisposable {
  readonly api: JobsApi;
  /** Newest first, filtered. */
  readonly jobs: readonly IJobSummary[];
  /** Of all jobs, whatever the filter. */
  readonly running: readonly IJobSummary[];
  readonly filter: IListFilter;
  /** Why the last look failed; empty when it did not. */
  readonly problem: string;
  readonly isReady: boolean;
  readonly changed: ISignal<IJobManager, void>;
  readonly ended: ISignal<IJobManager, IJobSummary>;
  readonly removed: ISignal<IJobManager, string>;
  setFilter(filter: Partial<IListFilter>): void;
  setRefreshSeconds(seconds: number): void;
  refresh(): Promise<void>;
  stop(jobName: string): Promise<void>;
  remove(jobName: string): Promise<void>;
}

/** Polls often while jobs run, rarely otherwise, not at all while the page is hidden. */
export class JobManager implements IJobManager {
  constructor(readonly api: JobsApi) {
    this._poll = new Poll({
      name: 'jupyter-sdt:jobs',
      factory: () => this._look(),
      frequency: { interval: IDLE_MS, backoff: true, max: LONGEST_MS },
      standby: 'when-hidden'
    });
  }

  jobs: readonly IJobSummary[] = [];
  running: readonly IJobSummary[] = [];
  filter: IListFilter = { status: '', search: '' };
  problem = '';
  isReady = false;

  /** Anything above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Jobs that were running when last looked at, and are over. */
  get ended(): ISignal<this, IJobSummary> {
    return this._ended;
  }

  /** Names of jobs that were deleted here. */
  get removed(): ISignal<this, string> {
    return this._removed;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Poll no more. */
  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Narrow the list, and look at once. */
  setFilter(filter: Partial<IListFilter>): void {
    this.filter = { ...this.filter, ...filter };
    this._changed.emit();
    void this.refresh();
  }

  /** How often to look while jobs run. */
  setRefreshSeconds(seconds: number): void {
    this._runningMs = 1000 * seconds;
    this._adjust();
  }

  /** Look at once. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** Ask a job to stop. */
  async stop(jobName: string): Promise<void> {
    await this.api.stop(jobName);
    await this.refresh();
  }

  /** Delete a job's folder. */
  async remove(jobName: string): Promise<void> {
    await this.api.remove(jobName);
    this._removed.emit(jobName);
    await this.refresh();
  }

  private async _look(): Promise<void> {
    try {
      const [shown, recent] = await this._ask();
      this._note(shown, recent);
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      throw error; // the poll backs off
    } finally {
      this.isReady = true;
      this._changed.emit();
    }
  }

  private async _ask(): Promise<IJobSummary[][]> {
    const { status, search } = this.filter;
    const recent = await this.api.list({ limit: MOST_JOBS });
    if (!status && !search) {
      return [recent, recent];
    }
    return [await this.api.list({ limit: MOST_JOBS, status, search }), recent];
  }

  private _note(shown: IJobSummary[], recent: IJobSummary[]): void {
    const before = new Set(this.running.map(job => job.job_name));
    this.jobs = shown;
    this.running = recent.filter(job => !isTerminal(job.status));
    this._adjust();
    for (const job of recent) {
      if (before.has(job.job_name) && isTerminal(job.status)) {
        this._ended.emit(job);
      }
    }
  }

  private _adjust(): void {
    const interval = this.running.length > 0 ? this._runningMs : IDLE_MS;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { interval, backoff: true, max: LONGEST_MS };
    }
  }

  private _runningMs = RUNNING_MS;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _removed = new Signal<this, string>(this);
  private readonly _ended = new Signal<this, IJobSummary>(this);
}
