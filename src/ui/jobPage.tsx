/** A job in the main area: curves, ranks, logs, plan. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { JobFeed } from '../jobFeed';
import { IJobManager } from '../jobManager';
import { IJobDetail } from '../models';
import { IChartChoice } from '../pageLines';
import { FailureView } from './failureView';
import { HeatMapView } from './heatMapView';
import { useSignalFrames } from './hooks';
import { IJobActions, JobHeader } from './jobHeader';
import { LogView } from './logView';
import { MetricsView } from './metricsView';
import { PlanView } from './planView';
import { RanksTable } from './ranksTable';
import { ResourcesView } from './resourcesView';
import { StagesView, useStages } from './stagesView';
import { StudyTab } from './studyTab';
import { Tabs } from './tabs';

export interface IPageProps {
  jobName: string;
  manager: IJobManager;
  trans: TranslationBundle;
  actions: IJobActions;
  showPoints: boolean;
  /** How curves are drawn at first. */
  choice: Partial<IChartChoice>;
}

/** The page as a widget; it follows its job until it is closed. */
export class JobPage extends ReactWidget {
  constructor(private readonly _props: IPageProps) {
    super();
    this.addClass('sdt-Page');
    this._feed = new JobFeed(_props.manager.api, _props.jobName);
  }

  /** Which job it shows. */
  get jobName(): string {
    return this._props.jobName;
  }

  /** Follow no more. */
  override dispose(): void {
    this._feed.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    return <PageView {...this._props} feed={this._feed} />;
  }

  private readonly _feed: JobFeed;
}

function PageView(props: IPageProps & { feed: JobFeed }): JSX.Element {
  const { jobName, manager, feed, trans, actions } = props;
  useSignalFrames(feed.changed);
  const detail = useDetail(manager, jobName, feed);
  const stages = useStages(manager, jobName, feed);
  const job = feed.summary ?? detail?.summary;
  if (feed.phase === 'missing') {
    return <p className="sdt-Note">{trans.__('There is no job %1 any more.', jobName)}</p>;
  }
  if (!job) {
    return <p className="sdt-Note">{trans.__('Loading')}</p>;
  }
  const live = feed.phase === 'following';
  const tabs = [
    {
      id: 'curves',
      label: trans.__('Curves'),
      body: (
        <MetricsView {...{ feed, trans }} choice={props.choice} showPoints={props.showPoints} />
      )
    },
    {
      id: 'ranks',
      label: trans.__('Ranks'),
      body: (
        <>
          <RanksTable ranks={detail?.ranks ?? []} trans={trans} />
          <HeatMapView ranks={feed.table.byRank('step_seconds')} trans={trans} />
          <ResourcesView feed={feed} trans={trans} />
        </>
      )
    },
    {
      id: 'logs',
      label: trans.__('Logs'),
      body: (
        <LogView
          {...{ manager, feed, jobName, trans }}
          count={job.world_size}
          rank={detail?.error?.rank ?? 0}
        />
      )
    },
    {
      id: 'plan',
      label: trans.__('Plan'),
      body: (
        <PlanView detail={detail} bundleUrl={manager.api.bundleUrl(jobName)} trans={trans} />
      )
    }
  ];
  if (job.study_name) {
    tabs.push({
      id: 'study',
      label: trans.__('Scaling'),
      body: <StudyTab studyName={job.study_name} {...{ manager, trans, actions }} />
    });
  }
  if (stages) {
    const body = <StagesView stages={stages} trans={trans} />;
    tabs.push({ id: 'stages', label: trans.__('Stages'), body });
  }
  return (
    <>
      <JobHeader job={job} trans={trans} actions={{ stop: actions.stop }} live={live} />
      <FailureView
        job={job}
        failure={detail?.error ?? null}
        trans={trans}
        goTo={actions.goTo}
      />
      <Tabs tabs={tabs} label={trans.__('Parts of the job page')} />
    </>
  );
}

/** The job in full, asked for again whenever the list has been, until the job has ended. */
function useDetail(manager: IJobManager, jobName: string, feed: JobFeed): IJobDetail | null {
  const [detail, setDetail] = React.useState<IJobDetail | null>(null);
  const { phase } = feed;
  React.useEffect(() => {
    let asking = false;
    let gone = false;
    const ask = async () => {
      if (asking) {
        return;
      }
      asking = true;
      try {
        const found = await manager.api.detail(jobName);
        if (!gone) {
          setDetail(found);
        }
      } catch {
        // The feed says when the job is gone; anything else passes with the next look.
      } finally {
        asking = false;
      }
    };
    const onChanged = () => void ask();
    onChanged();
    if (phase === 'following') {
      manager.changed.connect(onChanged);
    }
    return () => {
      gone = true;
      manager.changed.disconnect(onChanged);
    };
  }, [manager, jobName, phase]);
  return detail;
}
