/** A traceback as text with places in it that lead to the user's source. Pure. */
import { ISourceFrame } from '../api/models';

/** A piece of a traceback; `frame` where it names a place. */
interface ITracePart {
  text: string;
  frame: ISourceFrame | null;
}

/** Cut the traceback at the places that the frames name. */
export function splitTraceback(text: string, frames: readonly ISourceFrame[]): ITracePart[] {
  const parts: ITracePart[] = [];
  let from = 0;
  for (const { at, frame } of found(text, frames)) {
    if (at >= from) {
      parts.push({ text: text.slice(from, at), frame: null }, { text: frame.text, frame });
      from = at + frame.text.length;
    }
  }
  return [...parts, { text: text.slice(from), frame: null }].filter(part => part.text);
}

/**
 * The line (from 0) of the source where the frame's line stands now: where it was, or else the
 * nearest line of the same text; null when it is gone.
 */
export function lineNow(source: string, frame: ISourceFrame): number | null {
  const lines = source.split('\n');
  const wanted = frame.source_line.trimEnd();
  const same = lines.flatMap((line, place) => (line.trimEnd() === wanted ? [place] : []));
  const before = frame.line - 1;
  const nearest = same.sort((a, b) => Math.abs(a - before) - Math.abs(b - before))[0];
  return nearest ?? null;
}

/** The cell that the frame lies in, by its id or else by its text; -1 where there is none. */
export function findCell(
  cells: readonly { id: string; source: string }[],
  frame: ISourceFrame
): number {
  const known = cells.findIndex(cell => cell.id === frame.cell_id);
  if (known >= 0) {
    return known;
  }
  const wanted = frame.source_line.trim();
  return cells.findIndex(
    ({ source }) => wanted !== '' && source.split('\n')[frame.line - 1]?.trim() === wanted
  );
}

function found(
  text: string,
  frames: readonly ISourceFrame[]
): { at: number; frame: ISourceFrame }[] {
  const places = frames.flatMap(frame =>
    occurrences(text, frame.text).map(at => ({ at, frame }))
  );
  // `line 12` begins like `line 1`: of two at one place the longer is meant.
  return places.sort((a, b) => a.at - b.at || b.frame.text.length - a.frame.text.length);
}

function occurrences(text: string, part: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); part && at >= 0; at = text.indexOf(part, at + 1)) {
    if (!/\d/.test(text[at + part.length] ?? '')) {
      places.push(at);
    }
  }
  return places;
}
