/** The list of jobs, and the only place that polls for it. */
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import { JobsApi } from '../api/api';
import { IJobSummary, isTerminal } from '../api/models';
import { errorText } from '../ui/format';
import { JobFeed } from './jobFeed';
import { IJobList } from '../api/replies';

const RUNNING_MS = 2000;
const IDLE_MS = 10000;
const LONGEST_MS = 60000;
/** So many jobs are shown at first, and so many more each time that somebody asks for more. */
const PAGE_JOBS = 100;
/** How long the deletion of a job can be undone; the notification is gone a little earlier. */
const UNDO_SECONDS = 15;

/** What the list shall show. */
export interface IListFilter {
  status: string;
  search: string;
}

/** What the rest of the extension sees of the manager. */
export interface IJobManager extends IDisposable {
  readonly api: JobsApi;
  /** Newest first, filtered, as many as were asked for. */
  readonly jobs: readonly IJobSummary[];
  /** How many fit the filter. */
  readonly total: number;
  /** Of all jobs, whatever the filter. */
  readonly running: readonly IJobSummary[];
  readonly filter: IListFilter;
  /** Why the last look failed; empty when it did not. */
  readonly problem: string;
  readonly isReady: boolean;
  readonly changed: ISignal<IJobManager, void>;
  readonly looked: ISignal<IJobManager, void>;
  readonly ended: ISignal<IJobManager, IJobSummary>;
  readonly removed: ISignal<IJobManager, string>;
  setFilter(filter: Partial<IListFilter>): void;
  showMore(): void;
  setRefreshSeconds(seconds: number): void;
  refresh(): Promise<void>;
  /** The job, live; whoever asks disposes it. What it tells of the job's state shows in the list. */
  follow(jobName: string): JobFeed;
  stop(jobName: string): Promise<void>;
  remove(jobName: string): Promise<void>;
  restore(jobName: string): Promise<void>;
  rerun(jobName: string): Promise<IJobSummary>;
  chooseFolder(folder: string): Promise<void>;
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
  total = 0;
  running: readonly IJobSummary[] = [];
  filter: IListFilter = { status: '', search: '' };
  problem = '';
  isReady = false;

  /** Anything above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The server was asked and has answered: the beat for whatever else is asked again. */
  get looked(): ISignal<this, void> {
    return this._looked;
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
    this._limit = PAGE_JOBS;
    this._changed.emit();
    void this.refresh();
  }

  /** Make the list longer. */
  showMore(): void {
    this._limit += PAGE_JOBS;
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

  /** One job, live; the list hears its state at once. */
  follow(jobName: string): JobFeed {
    const feed = new JobFeed(this.api, jobName);
    let heard: IJobSummary | null = null;
    feed.changed.connect(() => {
      if (feed.summary && feed.summary !== heard) {
        heard = feed.summary;
        this._hear(heard);
      }
    });
    return feed;
  }

  /** Ask a job to stop. */
  async stop(jobName: string): Promise<void> {
    await this.api.stop(jobName);
    await this.refresh();
  }

  /** Delete a job; for a while it can be restored. */
  async remove(jobName: string): Promise<void> {
    await this.api.remove(jobName, UNDO_SECONDS);
    this._removed.emit(jobName);
    await this.refresh();
  }

  /** Undo a deletion. */
  async restore(jobName: string): Promise<void> {
    await this.api.restore(jobName);
    await this.refresh();
  }

  /** Start a job once more, and return its row. */
  async rerun(jobName: string): Promise<IJobSummary> {
    const job = await this.api.rerun(jobName);
    await this.refresh();
    return job;
  }

  /** Keep jobs in another folder; empty for the server's own. */
  async chooseFolder(folder: string): Promise<void> {
    await this.api.chooseFolder(folder);
    await this.refresh();
  }

  private async _look(): Promise<void> {
    try {
      this._note(await this.api.list({ limit: this._limit, ...this.filter }));
      this.problem = '';
      this._looked.emit();
    } catch (error) {
      this.problem = errorText(error);
      throw error; // the poll backs off
    } finally {
      this.isReady = true;
      this._changed.emit();
    }
  }

  private _note({ jobs, total, running }: IJobList): void {
    const names = new Set(running.map(job => job.job_name));
    const gone = this.running.filter(job => !names.has(job.job_name));
    this.jobs = jobs;
    this.total = total;
    this.running = running;
    this._adjust();
    for (const { job_name: name } of gone) {
      void this._tellEnd(name, jobs);
    }
  }

  private _hear(heard: IJobSummary): void {
    const name = heard.job_name;
    this.jobs = this.jobs.map(job => (job.job_name === name ? heard : job));
    this._changed.emit();
    if (isTerminal(heard.status) && this.running.some(job => job.job_name === name)) {
      void this.refresh();
    }
  }

  /** The row of a job that ran a moment ago may be filtered out, or deleted. */
  private async _tellEnd(name: string, jobs: readonly IJobSummary[]): Promise<void> {
    const listed = jobs.find(job => job.job_name === name);
    const job = listed ?? (await this.api.detail(name).catch(() => null))?.summary;
    if (job && isTerminal(job.status) && !this.isDisposed) {
      this._ended.emit(job);
    }
  }

  private _adjust(): void {
    const interval = this.running.length > 0 ? this._runningMs : IDLE_MS;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { interval, backoff: true, max: LONGEST_MS };
    }
  }

  private _runningMs = RUNNING_MS;
  private _limit = PAGE_JOBS;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _looked = new Signal<this, void>(this);
  private readonly _removed = new Signal<this, string>(this);
  private readonly _ended = new Signal<this, IJobSummary>(this);
}
