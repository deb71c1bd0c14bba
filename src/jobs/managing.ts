/** What the rest of the extension sees of the list of jobs. */
import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';
import { JobsApi } from '../api/api';
import { IJobSummary } from '../api/models';
import { JobFeed } from './jobFeed';

/** What the list shall show. */
export interface IListFilter {
  status: string;
  search: string;
  /** Newest first, or `cost`: those that cost most. */
  sort: string;
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
