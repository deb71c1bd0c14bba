/** What the charts of a job page draw: any metric, by step or by time, smoothed or not. Pure. */
import { ILine } from './lines';
import { onGrid } from './grid';
import { RESTARTS, restartSteps, restartTimes } from './restarts';
import { ISeries, smooth, thinned } from './series';
import { SeriesTable } from './seriesTable';

/** What the user has chosen. */
export interface IChartChoice {
  x: 'step' | 'time';
  smoothing: number;
  logarithmic: boolean;
  byRank: boolean;
}

/** A chart: its metric and its lines. */
export interface IMetricLines {
  name: string;
  combined: ISeries;
  lines: ILine[];
  /** Where on the x axis ranks were started anew. */
  marks: number[];
}

const FIRST = ['samples_per_second', 'learning_rate', 'step_seconds', 'work_seconds'];
/** Numbers about the run that make no curve. */
const NO_CURVES = ['total_steps', 'total_epochs', 'epoch', RESTARTS];
const DRAWN_POINTS = 1500;
const MOST_RANKS = 16;

/** The metrics in reading order: loss, throughput, learning rate, the rest. */
export function metricNames(table: SeriesTable): string[] {
  const names = table.names().filter(name => !NO_CURVES.includes(name));
  const wanted = [table.lossName(), ...FIRST].filter(name => names.includes(name));
  return [...new Set([...wanted, ...names])];
}

/** All charts of a page but the hidden ones; a metric keeps its colour whatever is hidden. */
export function metricLines(
  table: SeriesTable,
  choice: IChartChoice,
  hidden: ReadonlySet<string> = new Set()
): IMetricLines[] {
  const zero = startOf(table);
  const marks = marksOf(table, choice, zero);
  const chosen = [...metricNames(table).entries()].filter(([, name]) => !hidden.has(name));
  return chosen.map(([place, name]) => {
    const combined = table.overRanks(name);
    const ranks = choice.byRank ? [...table.byRank(name)].slice(0, MOST_RANKS) : [];
    const lines =
      ranks.length > 0
        ? together(ranks.map(([rank, series]) => line(`${rank}`, series, rank, zero, choice)))
        : smoothed(name, combined, place, zero, choice);
    return { name, combined, lines, marks };
  });
}

function marksOf(table: SeriesTable, choice: IChartChoice, zero: number): number[] {
  return choice.x === 'step'
    ? restartSteps(table)
    : restartTimes(table).map(time => time - zero);
}

/** A curve, and behind its smoothed form the raw one. */
export function smoothed(
  name: string,
  series: ISeries,
  color: number,
  zero: number,
  choice: IChartChoice
): ILine[] {
  if (choice.smoothing <= 0) {
    return [line(name, series, color, zero, choice)];
  }
  const raw = { ...line(name, series, color, zero, choice), faint: true };
  const values = smooth(series.values, choice.smoothing);
  return [raw, line(name, { ...series, values }, color, zero, choice)];
}

function line(
  label: string,
  series: ISeries,
  color: number,
  zero: number,
  choice: IChartChoice
): ILine {
  const { steps, times, values } = choice.byRank ? series : thinned(series, DRAWN_POINTS);
  const xs = choice.x === 'step' ? steps : rising(times.map(time => time - zero));
  return { label, xs, ys: values, color };
}

/** uPlot wants x to rise; clocks of several nodes may differ a little. */
function rising(xs: number[]): number[] {
  let last = -Infinity;
  return xs.map(x => (last = x > last ? x : last + 1e-6));
}

/** Lines of few points stay as they are; more are drawn over common stretches. */
function together(lines: ILine[]): ILine[] {
  const points = lines.reduce((sum, { xs }) => sum + xs.length, 0);
  return points <= DRAWN_POINTS
    ? lines
    : onGrid(lines).map((columns, place) => ({ ...lines[place], ...columns }));
}

/** When the first point of anything was recorded. */
export function startOf(table: SeriesTable): number {
  const firsts = table
    .names()
    .flatMap(name =>
      [...table.byRank(name).values()].flatMap(({ times }) => times.slice(0, 1))
    );
  return firsts.length > 0 ? Math.min(...firsts) : 0;
}
