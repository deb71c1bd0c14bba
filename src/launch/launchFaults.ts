/** What is wrong with the form: beside a field, above all of them, or for the kernel alone. Pure. */
import { JobsApiError } from '../api/connection';
import { fieldAtFault, ILaunchSchema } from '../api/launchSchema';
import { errorText } from '../ui/format';
import { Problem } from './launchValues';

/** What the server refuses to plan, and the kernel can do. */
const KERNEL_ONLY = ['--in', '--scale'];

/** What is wrong with a field: our words or the server's. */
export interface IFieldFault {
  problem: Problem | null;
  message: string;
}

/** By property. */
export type IFaults = { [name: string]: IFieldFault };

interface IRefusal {
  faults: IFaults;
  /** What has no field. */
  problem: string;
  /** Planning is refused, running the cell is not. */
  isForKernel: boolean;
}

export const NO_REFUSAL: IRefusal = { faults: {}, problem: '', isForKernel: false };

/** Where to show a refusal of the server; a cell's kernel can do more than the server. */
export function refusalOf(schema: ILaunchSchema, error: unknown, hasKernel: boolean): IRefusal {
  const argument = error instanceof JobsApiError ? error.argument : '';
  const isForKernel = argument.startsWith('$') || KERNEL_ONLY.includes(argument);
  if (isForKernel && hasKernel) {
    return { ...NO_REFUSAL, isForKernel };
  }
  const field = fieldAtFault(schema, argument);
  const message = errorText(error);
  return field
    ? { ...NO_REFUSAL, faults: { [field.name]: { problem: null, message } } }
    : { ...NO_REFUSAL, problem: message };
}
