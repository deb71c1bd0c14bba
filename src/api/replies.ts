/** Answers of the server that only the panel reads, and their check at the border. */
import { asList, asTexts, checked, orNull } from './checks';
import { asEstimate, IEstimate } from './costModels';
import { asJobSummary } from './guards';
import { IJobSummary } from './models';

/** A part of the list; `running` are all that run, whatever was asked for. */
export interface IJobList {
  jobs: IJobSummary[];
  /** How many fit the filter. */
  total: number;
  running: IJobSummary[];
}

/** What the socket tells of the list: `rows` are those of `names` and `running` that are new. */
export interface IListMessage {
  /** That of the last question that the server has heard. */
  number: number;
  /** The jobs to show, in their order. */
  names: string[];
  running: string[];
  total: number;
  rows: IJobSummary[];
}

/** Where a rank would sit: its node, and its place on each axis of the distribution. */
export interface IPlace {
  rank: number;
  node: string;
  local_rank: number;
  data_rank: number;
  pipeline_rank: number;
  tensor_rank: number;
}

/** What would be started. */
export interface IPlanReply {
  page: string;
  layout: IPlace[];
  messages: string[];
  /** What it may cost; null for what costs nothing. */
  estimate: IEstimate | null;
}

/** A job as a cell, and what a cell cannot hold. */
export interface ICellReply {
  cell: string;
  messages: string[];
}

const PLACE = {
  rank: 'number',
  node: 'string',
  local_rank: 'number',
  data_rank: 'number',
  pipeline_rank: 'number',
  tensor_rank: 'number'
} as const;

/** A list of jobs. Throws PayloadError. */
export function asJobList(value: unknown): IJobList {
  const fields = checked(value, { total: 'number' }, 'jobs');
  asList(fields.jobs, 'jobs').forEach(asJobSummary);
  asList(fields.running, 'jobs: running').forEach(asJobSummary);
  return fields as unknown as IJobList;
}

/** News of the list. Throws PayloadError. */
export function asListMessage(value: unknown): IListMessage {
  const fields = checked(value, { number: 'number', total: 'number' }, 'list');
  asList(fields.rows, 'list: rows').forEach(asJobSummary);
  asTexts(fields.names, 'list: names');
  asTexts(fields.running, 'list: running');
  return fields as unknown as IListMessage;
}

/** A plan. Throws PayloadError. */
export function asPlanReply(value: unknown): IPlanReply {
  const fields = checked(value, { page: 'string' }, 'plan');
  asList(fields.layout, 'plan: layout').forEach(place => checked(place, PLACE, 'plan: place'));
  const estimate = orNull(asEstimate, fields.estimate);
  return { ...fields, estimate, messages: asTexts(fields.messages, 'messages') } as IPlanReply;
}

/** A cell. Throws PayloadError. */
export function asCellReply(value: unknown): ICellReply {
  const { cell, messages } = checked(value, { cell: 'string' }, 'cell');
  return { cell: cell as string, messages: asTexts(messages, 'messages') };
}
