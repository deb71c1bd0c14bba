/** The first line of a training cell, edited as text. Pure. */
import { IStartRequest } from '../api/api';
import { ICellAtHand } from './cells';

const MAGIC = '%%sdt_train';
const LINE = /^%%sdt_train(?!\w)(.*)$/;
const PROCESSES = /--processes(?:=|\s+)\S+/;

/** A cell in parts: blank lines above, the flags (null without the magic), the code below. */
interface ICellParts {
  above: string;
  flags: string | null;
  body: string;
}

/** The parts of a cell. */
export function splitCell(source: string): ICellParts {
  const above = /^(?:[^\S\n]*\n)*/.exec(source)![0];
  const [line, ...below] = source.slice(above.length).split('\n');
  const found = LINE.exec(line.trim());
  return found
    ? { above, flags: found[1].trim(), body: below.join('\n') }
    : { above: '', flags: null, body: source };
}

/** Whether the cell is a training cell. */
export function isTrainingCell(source: string): boolean {
  return splitCell(source).flags !== null;
}

/** Whether another cell magic owns the cell. */
export function hasOtherMagic(source: string): boolean {
  return !isTrainingCell(source) && /^\s*%%/.test(source);
}

/** The number of ranks that the cell asks for, null where it does not say. */
export function processesOf(source: string): number | null {
  const found = PROCESSES.exec(splitCell(source).flags ?? '');
  const count = Number(found?.[0].split(/=|\s+/)[1]);
  return Number.isInteger(count) && count > 0 ? count : null;
}

/** The cell with these flags; its code stays. */
export function withFlags(source: string, flags: string): string {
  const { above, flags: before, body } = splitCell(source);
  const isLineAlone = before !== null && !source.slice(above.length).includes('\n');
  return `${above}${`${MAGIC} ${flags}`.trimEnd()}${isLineAlone ? '' : '\n'}${body}`;
}

/** The cell as one that trains on this many ranks; its other flags stay. */
export function withProcesses(source: string, processes: number): string {
  const flag = `--processes ${processes}`;
  const flags = splitCell(source).flags ?? '';
  const edited = PROCESSES.test(flags)
    ? flags.replace(PROCESSES, flag)
    : `${flag} ${flags}`.trimEnd();
  return withFlags(source, edited);
}

/** The line that loads the magics, for kernels that have not loaded them yet. */
export const LOAD_MAGICS = '%load_ext jupyter_sdt';

/** What the server is asked to start of a cell with these flags. */
export function cellRequest(cell: ICellAtHand | null, flags: string): IStartRequest | null {
  return cell && { cell: withFlags(cell.source, flags), notebook: cell.notebook };
}

/** The same for a script, which the flags name. */
export function scriptRequest(path: string, flags: string): IStartRequest | null {
  return path.trim() ? { cell: withFlags('', flags) } : null;
}
