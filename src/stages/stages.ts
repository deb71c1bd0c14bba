/** One recorded step of a pipeline as bars, how much of it was bubble, who runs what. Pure. */
import { IStageModule, IStageTask } from '../api/stageModels';

/** Work on one microbatch without a pause; seconds since the step's begin. */
export interface IBar {
  microbatch: number;
  kind: 'forward' | 'backward';
  start: number;
  end: number;
}

/** A stage's row; `idle` is the share of the step in which it recorded no work. */
export interface IStageRow {
  stage: number;
  bars: IBar[];
  idle: number;
}

/** The step. */
export interface IGantt {
  seconds: number;
  rows: IStageRow[];
  /** Share of all stages' time that was idle. */
  bubble: number;
}

/** The modules of one stage. */
export interface IStageModules {
  stage: number;
  modules: IStageModule[];
  bytes: number;
  cost: number;
}

/** Pauses shorter than this share of the step are no pauses: the clock was read twice. */
const NO_PAUSE = 0.002;

/** The step as rows of bars; null before one was recorded. */
export function gantt(tasks: readonly IStageTask[]): IGantt | null {
  if (tasks.length === 0) {
    return null;
  }
  // No spread: there may be more tasks than a function takes arguments.
  const begin = tasks.reduce((first, { start }) => Math.min(first, start), Infinity);
  const seconds = tasks.reduce((last, { end }) => Math.max(last, end), begin) - begin;
  const rows = grouped(tasks).map(([stage, own]) => {
    const bars = joined(own, begin, NO_PAUSE * seconds);
    return { stage, bars, idle: seconds > 0 ? 1 - busy(bars) / seconds : 0 };
  });
  const bubble = rows.reduce((sum, { idle }) => sum + idle, 0) / rows.length;
  return { seconds, rows, bubble };
}

/**
 * Share of a step that stages of equal cost are idle when nothing but the pipeline's filling and
 * draining costs time: (p - 1) / (m + p - 1), Huang et al. 2019 (GPipe), section 2.3.
 */
export function leastBubble(stages: number, microbatches: number): number {
  return (stages - 1) / (microbatches + stages - 1);
}

/** Which stage runs what, and how much of it all. */
export function modulesByStage(modules: readonly IStageModule[]): IStageModules[] {
  return grouped(modules).map(([stage, own]) => ({
    stage,
    modules: own,
    bytes: own.reduce((sum, module) => sum + module.parameters_bytes, 0),
    cost: own.reduce((sum, module) => sum + module.cost, 0)
  }));
}

function grouped<T extends { stage: number }>(items: readonly T[]): [number, T[]][] {
  const found = new Map<number, T[]>();
  for (const item of items) {
    const own = found.get(item.stage) ?? [];
    own.push(item);
    found.set(item.stage, own);
  }
  return [...found].sort(([a], [b]) => a - b);
}

/** Tasks in the order of time; what goes on without a pause is one bar. */
function joined(tasks: readonly IStageTask[], begin: number, pause: number): IBar[] {
  const bars: IBar[] = [];
  for (const task of [...tasks].sort((a, b) => a.start - b.start)) {
    const { microbatch, kind } = task;
    const [start, end] = [task.start - begin, task.end - begin];
    const last = bars[bars.length - 1];
    const goesOn = last?.microbatch === microbatch && last.kind === kind;
    if (goesOn && start - last.end <= pause) {
      last.end = Math.max(last.end, end);
    } else {
      bars.push({ microbatch, kind, start, end });
    }
  }
  return bars;
}

/** Seconds with work, counting what overlaps once. */
function busy(bars: readonly IBar[]): number {
  let [sum, until] = [0, 0];
  for (const { start, end } of bars) {
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
}
