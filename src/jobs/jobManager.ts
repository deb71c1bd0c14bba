/** The list of jobs, and what is done with them. */
import { ISignal, Signal } from '@lumino/signaling';
import { IJobSummary } from '../api/models';
import { JobFeed } from './jobFeed';
import { JobListing } from './jobListing';
import { IJobManager } from './managing';

/** How long the deletion of a job can be undone; the notification is gone a little earlier. */
const UNDO_SECONDS = 15;

/** Whatever is done shows in the list at once. */
export class JobManager extends JobListing implements IJobManager {
  /** Names of jobs that were deleted here. */
  get removed(): ISignal<this, string> {
    return this._removed;
  }

  /** One job, live; the list hears its state at once. */
  follow(jobName: string): JobFeed {
    const feed = new JobFeed(this.api, jobName);
    let heard: IJobSummary | null = null;
    feed.changed.connect(() => {
      if (feed.summary && feed.summary !== heard) {
        heard = feed.summary;
        this.hear(heard);
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

  private readonly _removed = new Signal<this, string>(this);
}
