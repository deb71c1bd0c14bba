/** The list of jobs as it is known: put together from whole answers and from what changes. Pure. */
import { IJobSummary } from '../api/models';
import { IJobList, IListMessage } from '../api/replies';

export const NO_JOBS: IJobList = { jobs: [], total: 0, running: [] };

/** The list after the server has told what has changed. */
export function withNews(known: IJobList, news: IListMessage): IJobList {
  const rows = new Map(
    [...known.running, ...known.jobs, ...news.rows].map(job => [job.job_name, job])
  );
  const listed = (names: string[]) => names.flatMap(name => rows.get(name) ?? []);
  return { jobs: listed(news.names), total: news.total, running: listed(news.running) };
}

/** The list after a job was heard of by itself. */
export function withRow(known: IJobList, heard: IJobSummary): IJobList {
  const jobs = known.jobs.map(job => (job.job_name === heard.job_name ? heard : job));
  return { ...known, jobs };
}

/** The names of jobs that ran before, and run no more. */
export function stopped(before: IJobList, after: IJobList): string[] {
  const running = new Set(after.running.map(job => job.job_name));
  return before.running.map(job => job.job_name).filter(name => !running.has(name));
}

/** Whether the same jobs run. */
export function sameRunning(one: IJobList, other: IJobList): boolean {
  return one.running.length === other.running.length && stopped(one, other).length === 0;
}
