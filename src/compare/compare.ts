/** Several jobs over each other: the lines of each metric, and figures for a table. Pure. */
import { ILine } from '../charts/lines';
import { IChartChoice, metricNames, smoothed, startOf } from '../charts/pageLines';
import { ISeries } from '../charts/series';
import { SeriesTable } from '../charts/seriesTable';
import { idealOf, StudyFigure } from '../study/studyLines';
import { IStudy } from '../api/studyModels';

/** A job with its curves; `color` is its place in the palette. */
export interface IComparedJob {
  name: string;
  table: SeriesTable;
  color: number;
}

/** A metric of one job in figures; null where nothing was recorded. */
export interface ICompareRow {
  job: string;
  last: number | null;
  lowest: number | null;
  highest: number | null;
  step: number | null;
  seconds: number | null;
}

/** A metric of all jobs. */
export interface IComparedMetric {
  name: string;
  lines: ILine[];
  rows: ICompareRow[];
}

/** Every metric that any of the jobs has recorded, in reading order. */
export function comparedMetrics(
  jobs: readonly IComparedJob[],
  choice: IChartChoice
): IComparedMetric[] {
  const names = [...new Set(jobs.flatMap(job => metricNames(job.table)))];
  return names.map(name => {
    const curves = jobs.map(job => ({ ...job, series: job.table.overRanks(name) }));
    return {
      name,
      // By time each job begins at 0, whenever it was started.
      lines: curves
        .filter(({ series }) => series.values.length > 0)
        .flatMap(job => smoothed(job.name, job.series, job.color, startOf(job.table), choice)),
      rows: curves.map(job => row(job.name, job.series, startOf(job.table)))
    };
  });
}

/** A figure of several studies over the world size: measured, and ideal dashed. */
export function comparedStudies(
  figure: StudyFigure,
  studies: readonly IStudy[],
  idealLabel: (study: string) => string
): ILine[] {
  return studies.flatMap(({ study_name: name, table }, color): ILine[] => {
    const [base] = table.rows;
    if (!base) {
      return [];
    }
    const sizes = table.rows.map(row => row.world_size);
    const ideal = sizes.map(size => idealOf(figure, base, size));
    const measured = table.rows.map(row => row[figure]);
    return [
      { label: idealLabel(name), xs: sizes, ys: ideal, color, dashed: true },
      { label: name, xs: sizes, ys: measured, color, marked: true }
    ];
  });
}

/** World sizes that any of the studies has measured. */
export function comparedSizes(studies: readonly IStudy[]): number[] {
  const sizes = studies.flatMap(({ table }) => table.rows.map(row => row.world_size));
  return [...new Set(sizes)].sort((a, b) => a - b);
}

function row(job: string, { steps, times, values }: ISeries, zero: number): ICompareRow {
  const known = values.filter((value): value is number => value !== null);
  return {
    job,
    last: known.at(-1) ?? null,
    lowest: known.length > 0 ? known.reduce((a, b) => Math.min(a, b)) : null,
    highest: known.length > 0 ? known.reduce((a, b) => Math.max(a, b)) : null,
    step: steps.at(-1) ?? null,
    seconds: times.length > 0 ? times.at(-1)! - zero : null
  };
}
