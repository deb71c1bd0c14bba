/** Jobs and curves in words, in the user's language. */
import { TranslationBundle } from '@jupyterlab/translation';
import { INamedCurve } from '../charts/curves';
import { duration, short } from '../ui/format';
import { lastValue, trend } from '../charts/series';

/** What all ways of showing a job share. */
export interface IJobLike {
  job_name: string;
  status: string;
  secondary_status: string;
  world_size: number;
  elapsed_seconds: number;
  step: number | null;
  total_steps: number | null;
}

/** A phase or status as people say it. */
export function phaseLabel(phase: string, trans: TranslationBundle): string {
  switch (phase) {
    case 'Starting':
      return trans.__('Starting');
    case 'Pending':
      return trans.__('Waiting for instances');
    case 'LaunchingMLInstances':
      return trans.__('Launching instances');
    case 'PreparingTrainingStack':
      return trans.__('Preparing instances');
    case 'DownloadingTrainingImage':
      return trans.__('Downloading image');
    case 'Downloading':
      return trans.__('Downloading');
    case 'Training':
      return trans.__('Training');
    case 'Interrupted':
      return trans.__('Interrupted');
    case 'Restarting':
      return trans.__('Restarting');
    case 'Updating':
      return trans.__('Updating');
    case 'Uploading':
      return trans.__('Uploading');
    case 'InProgress':
      return trans.__('In progress');
    case 'Completed':
      return trans.__('Completed');
    case 'Failed':
      return trans.__('Failed');
    case 'Stopping':
      return trans.__('Stopping');
    case 'Stopped':
      return trans.__('Stopped');
    case 'Lost':
      return trans.__('Lost');
    case 'MaxRuntimeExceeded':
      return trans.__('Stopped at its time limit');
    case 'MaxWaitTimeExceeded':
      return trans.__('Stopped: waited too long');
    default:
      return phase;
  }
}

/** `loss 0.31, falling`, and how often ranks were started anew, for people who do not see it. */
export function curveSummary(curve: INamedCurve, trans: TranslationBundle): string {
  const { name, series, marks = [] } = curve;
  const last = lastValue(series.values);
  if (last === null) {
    return trans.__('%1: no points yet', name);
  }
  const told = `${name} ${short(last)}, ${trendLabel(series.values, trans)}`;
  return marks.length > 0 ? `${told}; ${restartLabel(marks.length, trans)}` : told;
}

function restartLabel(count: number, trans: TranslationBundle): string {
  return trans._n('ranks started anew once', 'ranks started anew %1 times', count);
}

/** `loss 0.31`. */
export function curveTitle({ name, series }: INamedCurve): string {
  const last = lastValue(series.values);
  return last === null ? name : `${name} ${short(last)}`;
}

/** `step 120 of 400`; empty before the first step. */
export function progressLabel(job: IJobLike, trans: TranslationBundle): string {
  if (job.step === null) {
    return '';
  }
  return job.total_steps === null
    ? trans.__('step %1', job.step)
    : trans.__('step %1 of %2', job.step, job.total_steps);
}

/** `2 ranks`. */
export function ranksLabel(count: number, trans: TranslationBundle): string {
  return trans._n('%1 rank', '%1 ranks', count);
}

/** A job in one sentence. */
export function jobSummaryText(job: IJobLike, trans: TranslationBundle): string {
  const parts = [
    phaseLabel(job.secondary_status || job.status, trans),
    ranksLabel(job.world_size, trans),
    duration(job.elapsed_seconds),
    progressLabel(job, trans)
  ];
  return `${job.job_name}: ${parts.filter(Boolean).join(', ')}`;
}

function trendLabel(values: readonly (number | null)[], trans: TranslationBundle): string {
  switch (trend(values)) {
    case 'falling':
      return trans.__('falling');
    case 'rising':
      return trans.__('rising');
    default:
      return trans.__('steady');
  }
}
