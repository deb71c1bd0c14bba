/** The list of jobs: told by the server as it changes, asked for where that is not possible. */
import { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import { IJobFilter, JobsApi } from '../api/api';
import { ListStream } from '../api/listStream';
import { IJobSummary, isTerminal } from '../api/models';
import { IJobList, IListMessage } from '../api/replies';
import { errorText } from '../ui/format';
import { NO_JOBS, sameRunning, stopped, withNews, withRow } from './jobList';
import { IListFilter } from './managing';

const RUNNING_MS = 2000;
const IDLE_MS = 10000;
const LONGEST_MS = 60000;
/** A socket that has told nothing for so long is asked whether it is still there. */
const SILENT_MS = 30000;
/** So many jobs are shown at first, and so many more each time that somebody asks for more. */
const PAGE_JOBS = 100;

/**
 * Beats often while jobs run, rarely otherwise, not at all while the page is hidden; with a beat it
 * asks for the list, unless a socket brings it.
 */
export class JobListing implements IDisposable {
  constructor(readonly api: JobsApi) {
    this._stream = new ListStream(api, () => this._query);
    this._stream.received.connect((_, news) => this._onNews(news));
    this._poll = new Poll({
      name: 'jupyter-sdt:jobs',
      factory: () => this._look(),
      frequency: { interval: IDLE_MS, backoff: true, max: LONGEST_MS },
      standby: 'when-hidden'
    });
  }

  filter: IListFilter = { status: '', search: '', sort: '' };
  problem = '';
  isReady = false;

  /** Newest first, filtered, as many as were asked for. */
  get jobs(): readonly IJobSummary[] {
    return this._list.jobs;
  }

  /** How many fit the filter. */
  get total(): number {
    return this._list.total;
  }

  /** Of all jobs, whatever the filter. */
  get running(): readonly IJobSummary[] {
    return this._list.running;
  }

  /** Anything above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known is what the server knows: the beat for whatever else is asked again. */
  get looked(): ISignal<this, void> {
    return this._looked;
  }

  /** Jobs that were running when last looked at, and are over. */
  get ended(): ISignal<this, IJobSummary> {
    return this._ended;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Ask and listen no more. */
  dispose(): void {
    this._poll.dispose();
    this._stream.dispose();
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

  /** How often the beat comes while jobs run. */
  setRefreshSeconds(seconds: number): void {
    this._runningMs = 1000 * seconds;
    this._adjust();
  }

  /** Look at once. */
  async refresh(): Promise<void> {
    this._isWanted = true;
    await this._poll.refresh();
    await this._poll.tick;
  }

  /** A job was heard of by itself. */
  protected hear(heard: IJobSummary): void {
    this._list = withRow(this._list, heard);
    this._changed.emit();
    const isNews = this.running.some(job => job.job_name === heard.job_name);
    if (isTerminal(heard.status) && isNews) {
      void this.refresh();
    }
  }

  private async _look(): Promise<void> {
    try {
      do {
        const wanted = this._isWanted;
        this._isWanted = false;
        await this._bring(wanted);
      } while (this._isWanted); // asked once more meanwhile, for other jobs perhaps
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

  /** See to it that the list is that of the server now. */
  private async _bring(wanted: boolean): Promise<void> {
    const isTold = this._stream.isLive && this._stream.silentMs < SILENT_MS;
    if ((isTold && !wanted) || (await this._stream.ask())) {
      return;
    }
    const list = await this.api.list(this._query);
    // What a socket that was opened meanwhile has told is newer.
    if (!this._stream.isLive) {
      this._take(list);
    }
  }

  private _onNews(news: IListMessage): void {
    const before = this._list;
    this._take(withNews(before, news));
    if (!sameRunning(before, this._list)) {
      void this._poll.refresh(); // the beat comes now, and from now on as often as it should
    }
  }

  private _take(list: IJobList): void {
    const gone = stopped(this._list, list);
    this._list = list;
    this.problem = '';
    this.isReady = true;
    this._adjust();
    this._changed.emit();
    for (const name of gone) {
      void this._tellEnd(name, list.jobs);
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

  private get _query(): IJobFilter {
    return { limit: this._limit, ...this.filter };
  }

  private _list = NO_JOBS;
  private _runningMs = RUNNING_MS;
  private _limit = PAGE_JOBS;
  private _isWanted = false;
  private readonly _stream: ListStream;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _looked = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, IJobSummary>(this);
}
