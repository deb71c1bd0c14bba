/** The three charts of a scaling study as lines: measured, ideal, predicted. Pure. */
import { ILine } from '../charts/lines';
import { IStudyRow, IStudyTable } from '../api/studyModels';

/** What a study shows over the world size. */
export type StudyFigure = 'throughput' | 'speedup' | 'efficiency';

/** Words for the lines, in the user's language. */
interface IStudyWords {
  measured: string;
  ideal: string;
  predicted: string;
}

/** What would be reached if nothing were lost. */
export function idealOf(figure: StudyFigure, base: IStudyRow, size: number): number {
  const times = size / base.world_size;
  return { throughput: times * base.throughput, speedup: times, efficiency: 1 }[figure];
}

/** World sizes of the axis: measured, still to come, and one to look ahead. */
export function axisSizes(table: IStudyTable, planned: readonly number[]): number[] {
  const known = [...table.rows, ...table.predicted].map(row => row.world_size);
  return [...new Set([...known, ...planned])].sort((a, b) => a - b);
}

/** Measured, ideal and predicted values of one figure; no lines before the first measurement. */
export function studyLines(
  figure: StudyFigure,
  table: IStudyTable,
  planned: readonly number[],
  words: IStudyWords
): ILine[] {
  const [base] = table.rows;
  if (!base) {
    return [];
  }
  const sizes = axisSizes(table, planned);
  const line = (label: string, rows: readonly { world_size: number; y: number }[]) => ({
    label,
    xs: rows.map(row => row.world_size),
    ys: rows.map(row => row.y)
  });
  const valued = (rows: readonly { [key in StudyFigure | 'world_size']: number }[]) =>
    rows.map(row => ({ world_size: row.world_size, y: row[figure] }));
  const ideal = sizes.map(size => ({ world_size: size, y: idealOf(figure, base, size) }));
  const lines: ILine[] = [
    { ...line(words.ideal, ideal), color: -1, dashed: true },
    { ...line(words.measured, valued(table.rows)), color: 0, marked: true }
  ];
  const ahead = line(words.predicted, valued(table.predicted));
  return table.predicted.length > 0 ? [...lines, { ...ahead, color: 3, dashed: true }] : lines;
}
