/** What a scaling study looks like below its cell, and on the page of one of its jobs. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { IJobSummary, ISavedJob } from '../api/models';
import { StudyFeed } from '../study/studyFeed';
import { ISavedStudy } from '../api/studyModels';
import { JobFeed } from '../jobs/jobFeed';
import { useSignalFrames } from '../ui/hooks';
import { IJobActions } from '../jobs/jobHeader';
import { JobOutput } from './jobOutput';
import { StudyView } from '../study/studyView';

interface IStudyOutputProps {
  saved: ISavedStudy;
  feed: StudyFeed | null;
  manager: IJobManager;
  trans: TranslationBundle;
  actions: IJobActions;
  showPoints: boolean;
}

export function StudyOutput(props: IStudyOutputProps): JSX.Element {
  const { saved, feed, trans } = props;
  return (
    <section className="sdt-Output" aria-label={trans.__('Scaling study %1', saved.study_name)}>
      {feed ? <FollowedStudy {...props} feed={feed} /> : <SavedStudy {...props} />}
    </section>
  );
}

function SavedStudy({ saved, trans, actions }: IStudyOutputProps): JSX.Element {
  const { table, world_sizes: planned, job_names: names } = saved;
  const line = studyLine(saved, names.length, trans);
  return (
    <>
      <StudyHeader name={saved.study_name} line={line} />
      <StudyView {...{ table, planned, trans }} open={actions.open} />
    </>
  );
}

function FollowedStudy(props: IStudyOutputProps & { feed: StudyFeed }): JSX.Element {
  const { saved, feed, trans, actions } = props;
  useSignalFrames(feed.changed);
  const { study, current } = feed;
  const table = study && study.table.rows.length > 0 ? study.table : saved.table;
  const line = studyLine(saved, study?.jobs.length ?? 0, trans);
  return (
    <>
      <StudyHeader name={saved.study_name} line={line} />
      <StudyView table={table} planned={saved.world_sizes} trans={trans} open={actions.open} />
      {current && <CurrentJob key={current.job_name} {...props} job={current} />}
    </>
  );
}

function StudyHeader({ name, line }: { name: string; line: string }): JSX.Element {
  return (
    <header className="sdt-JobHeader">
      <strong className="sdt-JobHeader-name">{name}</strong>
      <span className="sdt-JobHeader-facts">{line}</span>
    </header>
  );
}

/** The job that is measured now, with its curves. */
function CurrentJob(props: IStudyOutputProps & { job: IJobSummary }): JSX.Element {
  const { manager, job, trans, actions, showPoints } = props;
  const feed = useJobFeed(manager, job.job_name);
  const saved: ISavedJob = { ...job, version: 1, live: true, series: {} };
  return feed ? <JobOutput {...{ saved, feed, trans, actions, showPoints }} /> : <></>;
}

function useJobFeed(manager: IJobManager, jobName: string): JobFeed | null {
  const [feed, setFeed] = React.useState<JobFeed | null>(null);
  React.useEffect(() => {
    const made = manager.follow(jobName);
    setFeed(made);
    return () => made.dispose();
  }, [manager, jobName]);
  return feed;
}

/** `strong scaling, job 2 of 3`. */
function studyLine(saved: ISavedStudy, started: number, trans: TranslationBundle): string {
  const total = saved.world_sizes.length * saved.repeats;
  const kind = saved.scaling === 'weak' ? trans.__('weak scaling') : trans.__('strong scaling');
  return `${kind} · ${trans.__('job %1 of %2', Math.max(1, started), total)}`;
}
