/** A scaling study as it travels, and its check at the border. */
import { asList, checked, PayloadError } from './checks';
import { asJobSummary } from './guards';
import { IJobSummary } from './models';

/** One measured world size; speedup and efficiency are relative to the smallest. */
export interface IStudyRow {
  world_size: number;
  throughput: number;
  throughput_low: number;
  throughput_high: number;
  step_seconds: number;
  global_batch_size: number;
  speedup: number;
  efficiency: number;
  repeats: number;
  job_names: string[];
}

/** What a scaling law through the measured sizes says about one size. */
interface IPrediction {
  world_size: number;
  throughput: number;
  speedup: number;
  efficiency: number;
}

/** Rows, what would come next, and advice in words. */
export interface IStudyTable {
  rows: IStudyRow[];
  predicted: IPrediction[];
  advice: string;
}

/** A study as the server tells it. */
export interface IStudy {
  study_name: string;
  scaling: string;
  world_sizes: number[];
  repeats: number;
  jobs: IJobSummary[];
  table: IStudyTable;
}

/** The mimetype's content: written by the kernel, completed by the front end. */
export interface ISavedStudy {
  version: number;
  study_name: string;
  scaling: string;
  live: boolean;
  /** All that were asked for, also those still to come. */
  world_sizes: number[];
  repeats: number;
  job_names: string[];
  table: IStudyTable;
}

const FIGURES = { world_size: 'number', throughput: 'number' } as const;
const SHARES = { speedup: 'number', efficiency: 'number' } as const;
const ROW = {
  ...FIGURES,
  ...SHARES,
  throughput_low: 'number',
  throughput_high: 'number',
  step_seconds: 'number',
  global_batch_size: 'number',
  repeats: 'number'
} as const;
const NAMED = { study_name: 'string', scaling: 'string', repeats: 'number' } as const;

/** A study from the server. Throws PayloadError. */
export function asStudy(value: unknown): IStudy {
  const fields = checked(value, NAMED, 'study');
  numbers(fields.world_sizes, 'study: world_sizes');
  asList(fields.jobs, 'study: jobs').forEach(asJobSummary);
  asTable(fields.table);
  return fields as unknown as IStudy;
}

/** A study from a notebook. Throws PayloadError. */
export function asSavedStudy(value: unknown): ISavedStudy {
  const kinds = { ...NAMED, version: 'number', live: 'boolean' } as const;
  const fields = checked(value, kinds, 'saved study');
  numbers(fields.world_sizes, 'saved study: world_sizes');
  asList(fields.job_names, 'saved study: job_names');
  asTable(fields.table);
  return fields as unknown as ISavedStudy;
}

function asTable(value: unknown): void {
  const table = checked(value, { advice: 'string' }, 'study table');
  for (const row of asList(table.rows, 'study table: rows')) {
    const { job_names: names } = checked(row, ROW, 'study row');
    asList(names, 'study row: job_names');
  }
  asList(table.predicted, 'study table: predicted').forEach(row =>
    checked(row, { ...FIGURES, ...SHARES }, 'prediction')
  );
}

function numbers(value: unknown, what: string): void {
  if (!asList(value, what).every(Number.isFinite)) {
    throw new PayloadError(`${what} are not numbers`);
  }
}
