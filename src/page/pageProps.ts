/** What the parts of a job page work with. */
import { TranslationBundle } from '@jupyterlab/translation';
import { IChartChoice } from '../charts/pageLines';
import { JobFeed } from '../jobs/jobFeed';
import { IJobActions } from '../jobs/jobHeader';
import { IJobManager } from '../jobs/managing';
import { PageClock } from '../jobs/pageClock';

export interface IPageProps {
  jobName: string;
  manager: IJobManager;
  trans: TranslationBundle;
  actions: IJobActions;
  showPoints: boolean;
  /** How curves are drawn at first. */
  choice: Partial<IChartChoice>;
}

/** What the page follows. */
export interface IFollowed {
  feed: JobFeed;
  clock: PageClock;
}
