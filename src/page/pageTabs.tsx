/** The parts of a job page. */
import * as React from 'react';
import { IEnvironment } from '../api/environmentModels';
import { IJobDetail, IJobSummary } from '../api/models';
import { IStages } from '../api/stageModels';
import { LogView } from '../logs/logView';
import { RanksView } from '../ranks/ranksView';
import { StagesView } from '../stages/stagesView';
import { StudyTab } from '../study/studyTab';
import { ITab } from '../ui/tabs';
import { CostView } from './costView';
import { EnvironmentView } from './environmentView';
import { MetricsView } from './metricsView';
import { IFollowed, IPageProps } from './pageProps';
import { PlanView } from './planView';

/** What the parts are made of; null is what the server has not told yet. */
interface ITabsProps extends IPageProps, IFollowed {
  job: IJobSummary;
  detail: IJobDetail | null;
  stages: IStages | null;
  environment: IEnvironment | null;
}

/** Those that a job has. */
export function pageTabs(props: ITabsProps): ITab[] {
  return [
    ...usualTabs(props),
    ...stagesTab(props),
    ...studyTab(props),
    ...costTab(props),
    ...aboutTabs(props)
  ];
}

function usualTabs(props: ITabsProps): ITab[] {
  const { jobName, manager, feed, clock, job, detail, trans } = props;
  const { choice, showPoints } = props;
  const logs = { manager, feed, clock, jobName, trans };
  return [
    {
      id: 'curves',
      label: trans.__('Curves'),
      body: <MetricsView {...{ feed, trans, choice, showPoints }} />
    },
    {
      id: 'ranks',
      label: trans.__('Ranks'),
      body: <RanksView feed={feed} ranks={detail?.ranks ?? []} trans={trans} />
    },
    {
      id: 'logs',
      label: trans.__('Logs'),
      body: <LogView {...logs} count={job.world_size} rank={detail?.error?.rank ?? 0} />
    }
  ];
}

function stagesTab({ stages, trans }: ITabsProps): ITab[] {
  const body = stages && <StagesView stages={stages} trans={trans} />;
  return stages?.stages && body ? [{ id: 'stages', label: trans.__('Stages'), body }] : [];
}

function studyTab({ job, manager, clock, trans, actions }: ITabsProps): ITab[] {
  const name = job.study_name;
  const body = name && <StudyTab studyName={name} {...{ manager, clock, trans, actions }} />;
  return body ? [{ id: 'study', label: trans.__('Scaling'), body }] : [];
}

function costTab({ job, detail, feed, trans }: ITabsProps): ITab[] {
  const [estimate, live] = [detail?.estimate ?? null, feed.phase === 'following'];
  const body = (job.cost || estimate) && <CostView {...{ job, estimate, live, trans }} />;
  return body ? [{ id: 'cost', label: trans.__('Cost'), body }] : [];
}

function aboutTabs({ jobName, manager, feed, ...props }: ITabsProps): ITab[] {
  const { detail, environment, trans } = props;
  const live = feed.phase === 'following';
  const bundleUrl = manager.api.bundleUrl(jobName);
  return [
    {
      id: 'plan',
      label: trans.__('Plan'),
      body: <PlanView page={environment?.page ?? ''} {...{ detail, bundleUrl, live, trans }} />
    },
    {
      id: 'environment',
      label: trans.__('Environment'),
      body: <EnvironmentView {...{ environment, trans }} />
    }
  ];
}
