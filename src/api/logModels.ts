/** Lines of a log as they travel, and their check at the border. */
import { asList, asTexts, checked } from './checks';

/** Lines from a number (from 0) on. */
export interface ILogLines {
  first: number;
  lines: string[];
  total: number;
  size: number;
}

/** A line that was looked for. */
export interface ILogMatch {
  line: number;
  text: string;
}

/** What a stretch of the log had of it; `cursor` is where to go on. */
export interface ILogMatches {
  matches: ILogMatch[];
  cursor: number;
  size: number;
  more: boolean;
}

/** Which lines are shown; a level brings what is worse, too. */
export type LogLevel = '' | 'warning' | 'error';

/** Lines of a log. Throws PayloadError. */
export function asLogLines(value: unknown): ILogLines {
  const kinds = { first: 'number', total: 'number', size: 'number' } as const;
  const fields = checked(value, kinds, 'log lines');
  asTexts(fields.lines, 'log lines');
  return fields as unknown as ILogLines;
}

/** Lines that were found. Throws PayloadError. */
export function asLogMatches(value: unknown): ILogMatches {
  const kinds = { cursor: 'number', size: 'number', more: 'boolean' } as const;
  const fields = checked(value, kinds, 'log matches');
  asList(fields.matches, 'log matches').forEach(match =>
    checked(match, { line: 'number', text: 'string' }, 'log match')
  );
  return fields as unknown as ILogMatches;
}
