/** Pipeline stages as they travel, and their check at the border. */
import { asList, checked, PayloadError } from './checks';

/** A module on its stage; `cost` is its share of the whole model's. */
export interface IStageModule {
  name: string;
  stage: number;
  parameters_bytes: number;
  cost: number;
}

/** A stretch of work on a microbatch; seconds since the epoch. */
export interface IStageTask {
  stage: number;
  microbatch: number;
  kind: 'forward' | 'backward';
  start: number;
  end: number;
}

/** What the server knows of a job's pipeline; `stages` is 0 for a job that has none. */
export interface IStages {
  stages: number;
  microbatches: number;
  modules: IStageModule[];
  tasks: IStageTask[];
}

const MODULE = {
  name: 'string',
  stage: 'number',
  parameters_bytes: 'number',
  cost: 'number'
} as const;
const TASK = {
  stage: 'number',
  microbatch: 'number',
  kind: 'string',
  start: 'number',
  end: 'number'
} as const;

/** The stages of a job. Throws PayloadError. */
export function asStages(value: unknown): IStages {
  const fields = checked(value, { stages: 'number', microbatches: 'number' }, 'stages');
  asList(fields.modules, 'stages: modules').forEach(row => checked(row, MODULE, 'module'));
  for (const row of asList(fields.tasks, 'stages: tasks')) {
    const { kind } = checked(row, TASK, 'task');
    if (kind !== 'forward' && kind !== 'backward') {
      throw new PayloadError(`task of unknown kind ${String(kind)}`);
    }
  }
  return fields as unknown as IStages;
}
