/** Answers of the server that only the panel reads, and their check at the border. */
import { asJobSummary, asList, asObject, checked, PayloadError } from './guards';
import { IJobSummary } from './models';

/** A part of the list; `running` are all that run, whatever was asked for. */
export interface IJobList {
  jobs: IJobSummary[];
  /** How many fit the filter. */
  total: number;
  running: IJobSummary[];
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

/** A plan. Throws PayloadError. */
export function asPlanReply(value: unknown): IPlanReply {
  const fields = checked(value, { page: 'string' }, 'plan');
  asList(fields.layout, 'plan: layout').forEach(place => checked(place, PLACE, 'plan: place'));
  return { ...asObject(fields, 'plan'), messages: texts(fields.messages) } as IPlanReply;
}

/** A cell. Throws PayloadError. */
export function asCellReply(value: unknown): ICellReply {
  const { cell, messages } = checked(value, { cell: 'string' }, 'cell');
  return { cell: cell as string, messages: texts(messages) };
}

function texts(value: unknown): string[] {
  const found = asList(value, 'messages');
  if (!found.every((text): text is string => typeof text === 'string')) {
    throw new PayloadError('messages are not texts');
  }
  return found;
}
