/** What jobs on instances of a cloud cost. Prices are in USD, null where they are unknown. */
import { asObject, asTexts, checked, isNumber, Kind, PayloadError } from './checks';

/** What a job has cost; while `counting` its seconds go on. */
export interface ICost {
  /** For which each instance is billed, so far. */
  seconds: number;
  counting: boolean;
  /** Of all instances together. */
  hourly_price: number | null;
  /** Of the warm pool, billed on top. */
  kept_seconds: number;
  /** The whole of training as the service counts it; null before the end. */
  training_seconds: number | null;
  spot: boolean;
  /** The share that spot capacity saved. */
  saved: number;
  /** It ran on this machine: nobody has to pay. */
  rehearsed: boolean;
  /** Where the price is from. */
  sources: string[];
}

/** What a job may cost. */
export interface IEstimate {
  /** How many of each type. */
  instances: { [type: string]: number };
  hourly_price: number | null;
  /** For as long as earlier jobs of this kind took; null without such jobs. */
  typical: number | null;
  typical_seconds: number | null;
  /** For as long as it may run. */
  most: number | null;
  max_run_seconds: number;
  /** For keeping the instances afterwards; null when they are given back at once. */
  warm_pool: number | null;
  keep_alive_seconds: number;
  spot: boolean;
  sources: string[];
}

const COST: { [key in keyof Omit<ICost, 'sources'>]: Kind } = {
  seconds: 'number',
  counting: 'boolean',
  hourly_price: 'number?',
  kept_seconds: 'number',
  training_seconds: 'number?',
  spot: 'boolean',
  saved: 'number',
  rehearsed: 'boolean'
};
const ESTIMATE: { [key in keyof Omit<IEstimate, 'sources' | 'instances'>]: Kind } = {
  hourly_price: 'number?',
  typical: 'number?',
  typical_seconds: 'number?',
  most: 'number?',
  max_run_seconds: 'number',
  warm_pool: 'number?',
  keep_alive_seconds: 'number',
  spot: 'boolean'
};

/** The cost of a job. Throws PayloadError. */
export function asCost(value: unknown): ICost {
  const fields = checked(value, COST, 'cost');
  asTexts(fields.sources, 'cost: sources');
  return fields as unknown as ICost;
}

/** An estimate. Throws PayloadError. */
export function asEstimate(value: unknown): IEstimate {
  const fields = checked(value, ESTIMATE, 'estimate');
  asTexts(fields.sources, 'estimate: sources');
  const counts = Object.values(asObject(fields.instances, 'estimate: instances'));
  if (!counts.every(isNumber)) {
    throw new PayloadError('estimate: instances are not counted');
  }
  return fields as unknown as IEstimate;
}
