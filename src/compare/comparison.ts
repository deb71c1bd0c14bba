/** Several jobs, live, and the scaling studies they belong to. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { IComparedJob } from './compare';
import { JobFeed } from '../jobs/jobFeed';
import { IJobManager } from '../jobs/managing';
import { StudyFeed } from '../study/studyFeed';
import { IStudy } from '../api/studyModels';

/** Follows every job until disposed. */
export class Comparison implements IDisposable {
  constructor(
    private readonly _manager: IJobManager,
    jobNames: readonly string[]
  ) {
    this.feeds = jobNames.map(name => _manager.follow(name));
    for (const feed of this.feeds) {
      feed.changed.connect(() => this._onFeed(feed));
    }
  }

  readonly feeds: readonly JobFeed[];

  /** Something about a job or a study has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The jobs that there are. */
  get jobs(): IComparedJob[] {
    return this.feeds
      .map(({ jobName: name, table, phase }, color) => ({ name, table, phase, color }))
      .filter(({ phase }) => phase !== 'missing');
  }

  /** Names of jobs that the server does not know. */
  get missing(): string[] {
    return this.feeds.filter(({ phase }) => phase === 'missing').map(feed => feed.jobName);
  }

  /** The studies, as far as they were heard of. */
  get studies(): IStudy[] {
    return [...this._studies.values()].flatMap(({ study }) => study ?? []);
  }

  /** Follow no more. */
  dispose(): void {
    this._isDisposed = true;
    [...this.feeds, ...this._studies.values()].forEach(feed => feed.dispose());
    Signal.clearData(this);
  }

  private _onFeed({ summary }: JobFeed): void {
    const name = summary?.study_name;
    if (name && !this._studies.has(name)) {
      const study = new StudyFeed(this._manager, name);
      study.changed.connect(() => this._changed.emit());
      this._studies.set(name, study);
    }
    this._changed.emit();
  }

  private readonly _studies = new Map<string, StudyFeed>();
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
