/** One typed function per route of the server extension. */
import { Connection, JobsApiError } from './connection';
import { asEnvironment, IEnvironment } from './environmentModels';
import { asList, asObject, orNull } from './checks';
import { asEstimate } from './costModels';
import { asFailure, asJobSummary, asLogPage, asSeries } from './guards';
import { IJobDetail, IJobSummary, ILogPage, ISeriesReply } from './models';
import { asLaunchSchema, ILaunchSchema } from './launchSchema';
import {
  asCellReply,
  asJobList,
  asPlanReply,
  ICellReply,
  IJobList,
  IPlanReply
} from './replies';
import { asLogLines, asLogMatches, ILogLines, ILogMatches, LogLevel } from './logModels';
import { asStages, IStages } from './stageModels';
import { asStudy, IStudy } from './studyModels';

/** What a client may narrow the list by, and its order: newest first, or `cost`. */
export interface IJobFilter {
  limit?: number;
  status?: string;
  search?: string;
  sort?: string;
}

/** A cell to train, and where it stands. */
export interface IStartRequest {
  cell: string;
  notebook?: string;
}

/** What is looked for in a log. */
interface ILogQuery {
  text: string;
  level: LogLevel;
  cursor: number;
}

/** The REST interface. */
export class JobsApi extends Connection {
  /** Jobs, newest first. */
  async list(filter: IJobFilter = {}): Promise<IJobList> {
    const known = Object.entries(filter).filter(([, value]) => value !== '');
    const query = known.map(([key, value]) => [key, String(value)]);
    return asJobList(await this.ask(`jobs?${new URLSearchParams(query)}`));
  }

  /** One job in full. */
  async detail(jobName: string): Promise<IJobDetail> {
    const fields = asObject(await this.ask(path(jobName)), 'job');
    asJobSummary(fields.summary);
    asList(fields.ranks, 'ranks');
    orNull(asFailure, fields.error);
    orNull(asEstimate, fields.estimate);
    return fields as unknown as IJobDetail;
  }

  /** All curves, each thinned to at most `points` points. */
  async series(jobName: string, points = 2000): Promise<ISeriesReply> {
    const body = await this.ask(`${path(jobName)}/series?points=${points}`);
    const fields = asObject(body, 'series');
    const series = asList(fields.series, 'series').map(asSeries);
    return { cursor: String(fields.cursor), series };
  }

  /** A scaling study. */
  async study(name: string): Promise<IStudy> {
    return asStudy(await this.ask(`studies/${encodeURIComponent(name)}`));
  }

  /** The pipeline stages of a job. */
  async stages(jobName: string): Promise<IStages> {
    return asStages(await this.ask(`${path(jobName)}/stages`));
  }

  /** What a job ran in. */
  async environment(jobName: string): Promise<IEnvironment> {
    return asEnvironment(await this.ask(`${path(jobName)}/environment`));
  }

  /** Lines of a rank's log from a number on. */
  async logLines(job: string, rank: number, first: number, limit: number): Promise<ILogLines> {
    const query = `rank=${rank}&first=${first}&limit=${limit}`;
    return asLogLines(await this.ask(`${path(job)}/logs/lines?${query}`));
  }

  /** Lines of a rank's log that fit, from a byte on. */
  async logMatches(job: string, rank: number, wanted: ILogQuery): Promise<ILogMatches> {
    const { text, level, cursor } = wanted;
    const given = { rank: String(rank), text, level, cursor: String(cursor) };
    const query = new URLSearchParams(given);
    return asLogMatches(await this.ask(`${path(job)}/logs/search?${query}`));
  }

  /** Where a rank's whole log is to be had. */
  logUrl(jobName: string, rank: number): string {
    return `${this.url(`${path(jobName)}/logs/download`)}?rank=${rank}`;
  }

  /** Where the archive is to be had with which the job can be run again. */
  bundleUrl(jobName: string): string {
    return this.url(`${path(jobName)}/bundle`);
  }

  /** A page of a rank's log, from a byte offset on. */
  async logs(jobName: string, rank: number, query: string): Promise<ILogPage> {
    return asLogPage(await this.ask(`${path(jobName)}/logs?rank=${rank}&${query}`));
  }

  /** Start a cell as a job. */
  async start(request: IStartRequest): Promise<IJobSummary> {
    return asJobSummary(await this.ask('jobs', 'POST', request));
  }

  /** What `start` would start; nothing is started. Throws JobsApiError for what is refused. */
  async plan(request: IStartRequest): Promise<IPlanReply> {
    const reply = asObject(await this.ask('plan?draft=1', 'POST', request), 'plan');
    if (reply.refusal) {
      const { message, hint, argument } = reply.refusal as { [key: string]: string };
      throw new JobsApiError(200, message, hint, argument);
    }
    return asPlanReply(reply);
  }

  /** The launch form, and what this server's machine has. */
  async schema(): Promise<ILaunchSchema> {
    return asLaunchSchema(await this.ask('schema'));
  }

  /** Keep jobs in this folder from now on; empty for the server's own. */
  async chooseFolder(folder: string): Promise<void> {
    await this.ask('folder', 'PUT', { folder });
  }

  /** Start a job with the same spec, source and variables. */
  async rerun(jobName: string): Promise<IJobSummary> {
    return asJobSummary(await this.ask(`${path(jobName)}/rerun`, 'POST', {}));
  }

  /** The job as the text of a cell. */
  async cell(jobName: string): Promise<ICellReply> {
    return asCellReply(await this.ask(`${path(jobName)}/cell`));
  }

  /** Ask a job to stop. */
  async stop(jobName: string): Promise<IJobSummary> {
    return asJobSummary(await this.ask(`${path(jobName)}/stop`, 'POST', {}));
  }

  /** Delete a job; it can be restored for so long. */
  async remove(jobName: string, undoSeconds = 0): Promise<void> {
    await this.ask(`${path(jobName)}?undo_seconds=${undoSeconds}`, 'DELETE');
  }

  /** Bring back a job that was deleted a moment ago. */
  async restore(jobName: string): Promise<IJobSummary> {
    return asJobSummary(await this.ask(`${path(jobName)}/restore`, 'POST', {}));
  }

  /** Where the job's stream is, from a cursor on. */
  streamUrl(jobName: string, cursor: string): string {
    return this.socketUrl(`${path(jobName)}/stream`, cursor ? { since: cursor } : {});
  }

  /** Where the list tells what changes in it. */
  listStreamUrl(): string {
    return this.socketUrl('stream');
  }
}

function path(jobName: string): string {
  return `jobs/${encodeURIComponent(jobName)}`;
}
