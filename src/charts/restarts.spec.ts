import { describe, expect, it } from 'vitest';
import { IMetricRecord } from '../api/models';
import { lossCurve, watchedCurves } from './curves';
import { metricLines, metricNames } from './pageLines';
import { restartSteps } from './restarts';
import { SeriesTable } from './seriesTable';

const CHOICE = { smoothing: 0, logarithmic: false, byRank: false };

function table(...records: [time: number, step: number | null, values: object][]): SeriesTable {
  const made = new SeriesTable();
  const record = { rank: 0, source: 'autolog' };
  made.add(
    records.map(([time, step, values]) => ({ ...record, time, step, values }) as IMetricRecord)
  );
  return made;
}

/** Steps 1 to 3, a restart from the checkpoint of step 1, steps 2 and 3 once more. */
const RESTARTED = table(
  [10, 1, { loss: 3 }],
  [11, 2, { loss: 2 }],
  [12, 3, { loss: 1 }],
  [20, null, { restarts: 1 }],
  [21, 2, { loss: 2.1 }],
  [22, 3, { loss: 1.1 }]
);

describe('restarts', () => {
  it('are marked at the first step that came after them', () => {
    expect(restartSteps(RESTARTED)).toEqual([2]);
    expect(watchedCurves(RESTARTED).map(curve => curve.marks)).toEqual([[2], [2]]);
  });

  it('are marked where they were when curves are drawn over time', () => {
    const marks = (x: 'step' | 'time') => metricLines(RESTARTED, { ...CHOICE, x })[0].marks;
    expect(marks('step')).toEqual([2]);
    expect(marks('time')).toEqual([10]);
  });

  it('after which nothing was recorded have no step', () => {
    expect(restartSteps(table([1, 1, { loss: 1 }], [2, null, { restarts: 1 }]))).toEqual([]);
    expect(restartSteps(table([2, null, { restarts: 1 }]))).toEqual([]);
    expect(restartSteps(table([1, 1, { loss: 1 }]))).toEqual([]);
  });

  it('are no curve of their own', () => {
    expect(metricNames(RESTARTED)).toEqual(['loss']);
    expect(lossCurve(table([1, null, { restarts: 1 }], [2, 1, { f1: 1 }])).name).toBe('f1');
  });
});
