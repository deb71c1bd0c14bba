/**
 * Checks at the border: what comes from the server or from a saved notebook has the shape that
 * models.ts promises, or is refused in words.
 */
import {
  asList,
  asObject,
  asTexts,
  checked,
  isNumber,
  isNumberOrNull,
  Kind,
  orNull,
  PayloadError
} from './checks';
import { asCost } from './costModels';
import { heardNow } from './heard';
import {
  IJobFailure,
  IJobSummary,
  ILogPage,
  IMetricRecord,
  ISavedJob,
  ISeriesPayload,
  ISourceFrame,
  Point,
  StreamMessage
} from './models';

const SUMMARY: { [key in keyof Omit<IJobSummary, 'cost'>]: Kind } = {
  job_name: 'string',
  status: 'string',
  secondary_status: 'string',
  failure_reason: 'string',
  created_seconds: 'number',
  started_seconds: 'number?',
  ended_seconds: 'number?',
  elapsed_seconds: 'number',
  world_size: 'number',
  instance_type: 'string',
  instance_count: 'number',
  launcher: 'string',
  step: 'number?',
  total_steps: 'number?',
  loss: 'number?',
  samples_per_second: 'number?',
  study_name: 'string?',
  source: 'string',
  deadline_seconds: 'number?'
};
const RECORD: { [key: string]: Kind } = {
  time: 'number',
  rank: 'number',
  step: 'number?',
  source: 'string'
};
const SAVED: { [key: string]: Kind } = {
  version: 'number',
  job_name: 'string',
  live: 'boolean',
  status: 'string',
  secondary_status: 'string',
  failure_reason: 'string',
  world_size: 'number',
  elapsed_seconds: 'number',
  step: 'number?',
  total_steps: 'number?'
};
const LOG_PAGE: { [key: string]: Kind } = {
  rank: 'number',
  start: 'number',
  cursor: 'number',
  size: 'number',
  more: 'boolean'
};
const SERIES: { [key: string]: Kind } = {
  name: 'string',
  source: 'string',
  rank: 'number'
};

const FAILURE: { [key: string]: Kind } = {
  rank: 'number?',
  type: 'string',
  message: 'string',
  traceback: 'string',
  cell_line: 'number?',
  cell_label: 'string?'
};
const FRAME: { [key in keyof ISourceFrame]: Kind } = {
  text: 'string',
  path: 'string',
  is_cell: 'boolean',
  cell_id: 'string',
  line: 'number',
  source_line: 'string'
};

/** A row of the list. Throws PayloadError. */
export function asJobSummary(value: unknown): IJobSummary {
  const fields = checked(value, SUMMARY, 'job summary');
  orNull(asCost, fields.cost);
  return heardNow(fields) as unknown as IJobSummary;
}

/** A metric record. Throws PayloadError. */
export function asMetricRecord(value: unknown): IMetricRecord {
  const fields = checked(value, RECORD, 'metric record');
  const values = asObject(fields.values, 'metric record: values');
  if (!Object.values(values).every(isNumberOrNull)) {
    throw new PayloadError('metric record: values are not numbers');
  }
  return fields as unknown as IMetricRecord;
}

/** A curve. Throws PayloadError. */
export function asSeries(value: unknown): ISeriesPayload {
  const fields = checked(value, SERIES, 'series');
  const columns = ['steps', 'times', 'values'].map(key =>
    asList(fields[key], `series: ${key}`)
  );
  const sizes = new Set(columns.map(column => column.length));
  if (sizes.size !== 1 || !columns.flat().every(isNumberOrNull)) {
    throw new PayloadError('series: columns differ or hold no numbers');
  }
  return fields as unknown as ISeriesPayload;
}

/** A message of the stream. Throws PayloadError. */
export function asStreamMessage(value: unknown): StreamMessage {
  const fields = asObject(value, 'stream message');
  if (fields.kind === 'state') {
    return { kind: 'state', summary: asJobSummary(fields.summary) };
  }
  if (fields.kind === 'records') {
    const { cursor } = checked(fields, { cursor: 'string' }, 'records');
    const records = asList(fields.records, 'records').map(asMetricRecord);
    return { kind: 'records', cursor: cursor as string, records };
  }
  if (fields.kind === 'end') {
    return { kind: 'end' };
  }
  throw new PayloadError(`stream message of unknown kind ${String(fields.kind)}`);
}

/** A place in the user's source. Throws PayloadError. */
export function asSourceFrame(value: unknown): ISourceFrame {
  return checked(value, FRAME, 'frame') as unknown as ISourceFrame;
}

/** Why a job failed. Throws PayloadError. */
export function asFailure(value: unknown): IJobFailure {
  const fields = checked(value, FAILURE, 'failure');
  asList(fields.frames ?? [], 'failure: frames').forEach(asSourceFrame);
  return fields as unknown as IJobFailure;
}

/** A page of a log. Throws PayloadError. */
export function asLogPage(value: unknown): ILogPage {
  const fields = checked(value, LOG_PAGE, 'log page');
  asTexts(fields.lines, 'log page: lines');
  return fields as unknown as ILogPage;
}

/** What a notebook has saved. Throws PayloadError. */
export function asSavedJob(value: unknown): ISavedJob {
  const fields = checked(value, SAVED, 'saved job');
  const series = asObject(fields.series, 'saved job: series');
  if (!Object.values(series).every(isPoints)) {
    throw new PayloadError('saved job: series are not points');
  }
  if (!asList(fields.restarts ?? [], 'saved job: restarts').every(isNumber)) {
    throw new PayloadError('saved job: restarts are not steps');
  }
  if (fields.failure !== undefined) {
    asFailure(fields.failure);
  }
  return fields as unknown as ISavedJob;
}

function isPoints(value: unknown): value is Point[] {
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
  return Array.isArray(value) && value.every(isPoint);
}
