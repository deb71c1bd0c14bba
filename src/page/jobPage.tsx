/** A job in the main area, live until its page is closed. */
import * as React from 'react';
import { FailureView } from '../jobs/failureView';
import { IStages } from '../api/stageModels';
import { useAnswer } from '../jobs/asking';
import { JobHeader } from '../jobs/jobHeader';
import { PageClock } from '../jobs/pageClock';
import { useSignalFrames } from '../ui/hooks';
import { SeenWidget } from '../ui/seenWidget';
import { Tabs } from '../ui/tabs';
import { IFollowed, IPageProps } from './pageProps';
import { pageTabs } from './pageTabs';

/** After these a job without stages will not get any. */
const EARLY_STEPS = 10;

/** The page as a widget; it follows its job until it is closed. */
export class JobPage extends SeenWidget {
  constructor(private readonly _props: IPageProps) {
    super();
    this.addClass('sdt-Page');
    const { manager, jobName } = _props;
    const clock = new PageClock(manager, this.sight);
    this._followed = { feed: manager.follow(jobName), clock };
  }

  /** Which job it shows. */
  get jobName(): string {
    return this._props.jobName;
  }

  /** Follow no more. */
  override dispose(): void {
    this._followed.feed.dispose();
    this._followed.clock.dispose();
    super.dispose();
  }

  protected override renderSeen(): JSX.Element {
    return <PageView {...this._props} {...this._followed} />;
  }

  private readonly _followed: IFollowed;
}

/** A pipeline is divided in the first step, and what its stages do recorded in the second. */
function mayGetStages(known: IStages | null, step: number): boolean {
  return !known?.tasks.length && (!!known?.stages || step <= EARLY_STEPS);
}

function PageView(props: IPageProps & IFollowed): JSX.Element {
  const { jobName, manager, feed, clock, trans, actions } = props;
  const { stop, rerun, clone } = actions;
  useSignalFrames(feed.changed);
  const live = feed.phase === 'following';
  const asked = { key: jobName, clock };
  const detail = useAnswer(() => manager.api.detail(jobName), { ...asked, again: () => live });
  const stages = useAnswer(() => manager.api.stages(jobName), {
    ...asked,
    again: known => live && mayGetStages(known, feed.summary?.step ?? 0)
  });
  const environment = useAnswer(() => manager.api.environment(jobName), {
    ...asked,
    again: known => live && !known?.page
  });
  const job = feed.summary ?? detail?.summary;
  if (feed.phase === 'missing') {
    return <p className="sdt-Note">{trans.__('There is no job %1 any more.', jobName)}</p>;
  }
  if (!job) {
    return <p className="sdt-Note">{trans.__('Loading')}</p>;
  }
  return (
    <>
      <JobHeader job={job} trans={trans} actions={{ stop, rerun, clone }} live={live} />
      <FailureView
        job={job}
        failure={detail?.error ?? null}
        trans={trans}
        goTo={actions.goTo}
      />
      <Tabs
        tabs={pageTabs({ ...props, job, detail, stages, environment })}
        label={trans.__('Parts of the job page')}
      />
    </>
  );
}
