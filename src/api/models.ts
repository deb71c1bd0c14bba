/**
 * What travels between server, kernel and front end. Keys are those of the files and of REST;
 * tests/contract/*.json holds examples of each. Times are seconds since the epoch.
 */
import { ICost, IEstimate } from './costModels';

/** Status as DescribeTrainingJob has it; the server may know more. */
type JobStatus = string;

/** One row of the list of jobs. */
export interface IJobSummary {
  job_name: string;
  status: JobStatus;
  secondary_status: string;
  failure_reason: string;
  created_seconds: number;
  started_seconds: number | null;
  ended_seconds: number | null;
  elapsed_seconds: number;
  world_size: number;
  instance_type: string;
  instance_count: number;
  launcher: string;
  step: number | null;
  total_steps: number | null;
  loss: number | null;
  samples_per_second: number | null;
  study_name: string | null;
  source: string;
  /** When SIGKILL comes, while the job is stopping. */
  deadline_seconds: number | null;
  /** Null for a job that costs nothing. */
  cost: ICost | null;
}

/** Values one rank recorded at one step; null stands for NaN and infinity. */
export interface IMetricRecord {
  time: number;
  rank: number;
  step: number | null;
  source: string;
  values: { [name: string]: number | null };
}

/** One curve of one rank: parallel arrays. */
export interface ISeriesPayload {
  name: string;
  source: string;
  rank: number;
  steps: number[];
  times: number[];
  values: (number | null)[];
  total_points: number;
}

/** All curves, thinned by the server, and where the stream goes on. */
export interface ISeriesReply {
  cursor: string;
  series: ISeriesPayload[];
}

/** What the socket sends. */
export type StreamMessage =
  | { kind: 'state'; summary: IJobSummary }
  | { kind: 'records'; cursor: string; records: IMetricRecord[] }
  | { kind: 'end' };

/** A rank in the job's table. */
export interface IRank {
  rank: number;
  node: string;
  step: number | null;
  last_seconds: number | null;
  step_seconds: number | null;
  exit_code: number | null;
}

/** A place in the user's source that `text`, a part of a traceback, names. */
export interface ISourceFrame {
  text: string;
  /** For the server's contents; empty where nobody knows it. */
  path: string;
  is_cell: boolean;
  cell_id: string;
  /** Counted from 1, when the job was started. */
  line: number;
  source_line: string;
}

/** The failure of the first rank that failed. */
export interface IJobFailure {
  rank: number | null;
  type: string;
  message: string;
  traceback: string;
  cell_line: number | null;
  cell_label: string | null;
  /** The innermost last; a server of an older version sends none. */
  frames?: ISourceFrame[];
}

/** Everything about one job but its metrics and logs. */
export interface IJobDetail {
  summary: IJobSummary;
  spec: { [key: string]: unknown };
  state: { [key: string]: unknown };
  plan: { [key: string]: unknown } | null;
  ranks: IRank[];
  error: IJobFailure | null;
  /** What it was said to cost before it began; null for a job that costs nothing. */
  estimate: IEstimate | null;
}

/** A page of a rank's log; start, cursor and size are byte offsets. */
export interface ILogPage {
  rank: number;
  start: number;
  cursor: number;
  size: number;
  lines: string[];
  more: boolean;
}

/** A point of a saved curve: step and value. */
export type Point = [number, number];

/** The mimetype's content: written by the kernel, completed by the front end. */
export interface ISavedJob {
  version: number;
  job_name: string;
  live: boolean;
  status: JobStatus;
  secondary_status: string;
  failure_reason: string;
  world_size: number;
  elapsed_seconds: number;
  step: number | null;
  total_steps: number | null;
  series: { [name: string]: Point[] };
  /** Steps with which training went on after ranks were started anew. */
  restarts?: number[];
  /** Set by the front end when the job has failed. */
  failure?: IJobFailure;
  /** Set by the front end once the curves are complete: nothing is asked for any more. */
  complete?: boolean;
}

/** Whether the job is over. */
export function isTerminal(status: JobStatus): boolean {
  return !['InProgress', 'Stopping', 'Starting', 'Pending'].includes(status);
}

/** Whether the job has ended otherwise than by completing. */
export function isFailure(status: JobStatus): boolean {
  return ['Failed', 'Lost'].includes(status);
}
