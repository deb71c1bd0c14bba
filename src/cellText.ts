/** The first line of a training cell, edited as text. Pure. */

const MAGIC = '%%sdt_train';
const LINE = /^(\s*)%%sdt_train\b(.*)$/;
const PROCESSES = /--processes(?:=|\s+)\S+/;

/** Whether the cell is a training cell. */
export function isTrainingCell(source: string): boolean {
  return LINE.test(firstLine(source));
}

/** Whether another cell magic owns the cell. */
export function hasOtherMagic(source: string): boolean {
  return !isTrainingCell(source) && /^\s*%%/.test(source);
}

/** The number of ranks that the cell asks for, null where it does not say. */
export function processesOf(source: string): number | null {
  const found = isTrainingCell(source) ? PROCESSES.exec(firstLine(source)) : null;
  const count = Number(found?.[0].split(/=|\s+/)[1]);
  return Number.isInteger(count) && count > 0 ? count : null;
}

/** The cell as one that trains on this many ranks; its other flags stay. */
export function withProcesses(source: string, processes: number): string {
  const flag = `--processes ${processes}`;
  if (!isTrainingCell(source)) {
    return `${MAGIC} ${flag}\n${source}`;
  }
  const [line] = source.split('\n', 1);
  const edited = PROCESSES.test(line)
    ? line.replace(PROCESSES, flag)
    : line.replace(
        LINE,
        (_, indent: string, rest: string) => `${indent}${MAGIC} ${flag}${rest}`
      );
  return edited + source.slice(line.length);
}

/** The line that loads the magics, for kernels that have not loaded them yet. */
export const LOAD_MAGICS = '%load_ext jupyter_sdt';

function firstLine(source: string): string {
  return source.trimStart().split('\n', 1)[0];
}
