/** A job below its cell. */
import * as React from 'react';
import { asSavedJob } from '../api/guards';
import { ISavedJob } from '../api/models';
import { toPoints, watchedCurves } from '../charts/curves';
import { picture } from '../charts/picture';
import { restartSteps } from '../charts/restarts';
import { JobFeed } from '../jobs/jobFeed';
import { curveSummary, jobSummaryText } from '../jobs/words';
import { JobOutput } from './jobOutput';
import { IOutputKind } from './outputRenderer';

/** Of each curve, what stays in the notebook. */
const SAVED_POINTS = 2000;

/** The mimetype is what jupyter_sdt/notebook/output.py displays. */
export const jobKind: IOutputKind<ISavedJob, JobFeed> = {
  mimetype: 'application/vnd.jupyter-sdt.job+json',
  read: asSavedJob,
  nameOf: saved => (saved.complete ? null : saved.job_name),
  follow: ({ job_name: name }, { manager }) => manager.follow(name),
  completed: (saved, feed) =>
    feed.phase === 'ended' && feed.summary ? completed(saved, feed, SAVED_POINTS) : null,
  picture: (saved, { table }, { trans }) => {
    const curves = watchedCurves(table);
    const words = [jobSummaryText(saved, trans), ...curves.map(c => curveSummary(c, trans))];
    return table.names().length > 0 ? picture(curves, words.join('; ')) : '';
  },
  view: (saved, feed, { trans, actions, showPoints }) => (
    <JobOutput {...{ saved, feed, trans, actions }} showPoints={showPoints()} />
  )
};

/** What a notebook keeps of a job that has ended. */
function completed(saved: ISavedJob, feed: JobFeed, count: number): ISavedJob {
  const summary = feed.summary!;
  const curves = watchedCurves(feed.table);
  return {
    version: saved.version,
    job_name: summary.job_name,
    live: false,
    complete: true,
    status: summary.status,
    secondary_status: summary.secondary_status,
    failure_reason: summary.failure_reason,
    ...(feed.failure ? { failure: feed.failure } : {}),
    world_size: summary.world_size,
    elapsed_seconds: summary.elapsed_seconds,
    step: summary.step,
    total_steps: summary.total_steps,
    series: Object.fromEntries(curves.map(c => [c.name, toPoints(c, count)])),
    restarts: restartSteps(feed.table)
  };
}
