/** The files of a job as rows of tables. Pure. */
import { IJobDetail } from '../api/models';

/** `distribution.strategy` and its text. */
export type Row = [path: string, text: string];

type Content = { [key: string]: unknown };

/** A phase of a job; `seconds` is null for the one it is in. */
interface IPhase {
  phase: string;
  began: number;
  seconds: number | null;
}

/** What a file says, value by value; what is empty is left out. */
export function rowsOf(content: Content): Row[] {
  return Object.entries(content).flatMap(([key, value]) => rows(key, value));
}

/** The phases of a job's state, in their order. */
export function phasesOf(state: Content): IPhase[] {
  const steps = (Array.isArray(state.transitions) ? state.transitions : []) as Content[];
  return steps.map(({ secondary_status: phase, start_seconds: began }, place) => {
    const next = steps[place + 1]?.start_seconds;
    return {
      phase: String(phase),
      began: Number(began),
      seconds: next === undefined ? null : Number(next) - Number(began)
    };
  });
}

/** How long a job is in its last phase, by the server's clock. */
export function lastPhaseSeconds({ summary, state }: IJobDetail): number {
  const { started_seconds: started, created_seconds: created } = summary;
  const now = (started ?? created) + summary.elapsed_seconds;
  const began = phasesOf(state).at(-1)?.began ?? now;
  return Math.max(0, now - began);
}

/** What was noted while a job was started and followed. */
export function notesOf(state: Content): string[] {
  return (Array.isArray(state.notes) ? state.notes : []).map(String);
}

function rows(path: string, value: unknown): Row[] {
  if (value === null || value === undefined || value === '') {
    return [];
  }
  if (typeof value !== 'object') {
    return [[path, textOf(path, value)]];
  }
  const entries = Object.entries(value);
  if (Array.isArray(value) && !entries.some(([, part]) => typeof part === 'object')) {
    return value.length > 0 ? [[path, value.join(', ')]] : [];
  }
  return entries.flatMap(([key, part]) => rows(`${path}.${key}`, part));
}

function textOf(path: string, value: unknown): string {
  if (path === 'created_seconds') {
    return new Date(1000 * Number(value)).toLocaleString();
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
