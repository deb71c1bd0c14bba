/** What a job ran in as it travels, and its check at the border. */
import { asList, asObject, asTexts, checked } from './checks';

/** Names and their values. */
export interface IVariables {
  [name: string]: string;
}

/** Interpreter, machine and packages when the job was started. */
export interface IConditions {
  python: string;
  implementation: string;
  executable: string;
  system: string;
  host: string;
  cpu: string;
  cpus: number;
  memory_bytes: number;
  gpus: string[];
  /** Versions by name. */
  packages: IVariables;
}

/** Variables that one process has for itself; it is named by its rank, or its node. */
interface IOwnVariables {
  process: string;
  variables: IVariables;
}

/** All of it; `conditions` is null where nothing was recorded. */
export interface IEnvironment {
  conditions: IConditions | null;
  /** The container's, on instances of SageMaker. */
  image: string;
  variables: IVariables;
  own_variables: IOwnVariables[];
  /** The plan as `--plan` prints it; empty before the start. */
  page: string;
}

const CONDITIONS = {
  python: 'string',
  implementation: 'string',
  executable: 'string',
  system: 'string',
  host: 'string',
  cpu: 'string',
  cpus: 'number',
  memory_bytes: 'number'
} as const;

/** What a job ran in. Throws PayloadError. */
export function asEnvironment(value: unknown): IEnvironment {
  const fields = checked(value, { image: 'string', page: 'string' }, 'environment');
  asVariables(fields.variables);
  for (const own of asList(fields.own_variables, 'environment: own_variables')) {
    asVariables(checked(own, { process: 'string' }, 'own variables').variables);
  }
  if (fields.conditions !== null) {
    const conditions = checked(fields.conditions, CONDITIONS, 'conditions');
    asVariables(conditions.packages);
    asTexts(conditions.gpus, 'conditions: gpus');
  }
  return fields as unknown as IEnvironment;
}

function asVariables(value: unknown): void {
  asTexts(Object.values(asObject(value, 'variables')), 'variables');
}
