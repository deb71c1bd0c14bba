import { describe, expect, it } from 'vitest';
import { lossCurve, throughputCurve, toPoints } from './curves';
import { IMetricRecord } from '../api/models';
import { MOST_POINTS, SeriesTable } from './seriesTable';

function record(
  step: number | null,
  values: IMetricRecord['values'],
  more: Partial<IMetricRecord> = {}
): IMetricRecord {
  return { time: step ?? 0, rank: 0, step, source: 'autolog', values, ...more };
}

function tableOf(...records: IMetricRecord[]): SeriesTable {
  const table = new SeriesTable();
  table.add(records);
  return table;
}

describe('SeriesTable', () => {
  it('prefers what the script says to what was measured outside', () => {
    const table = tableOf(
      record(1, { loss: 5 }),
      record(1, { loss: 7 }, { source: 'script' }),
      record(1, { loss: 6 }, { source: 'regex' })
    );
    expect(table.overRanks('loss').values).toEqual([7]);
  });

  it('counts records where no step is known', () => {
    const table = tableOf(record(null, { accuracy: 1 }), record(null, { accuracy: 2 }));
    expect(table.overRanks('accuracy').steps).toEqual([0, 1]);
  });

  it('stays bounded however long the job runs', () => {
    const table = new SeriesTable();
    const count = 5 * MOST_POINTS;
    table.add(Array.from({ length: count }, (_, step) => record(step, { loss: step % 7 })));
    const { steps } = table.overRanks('loss');
    expect(steps.length).toBeLessThan(2 * MOST_POINTS);
    expect(steps[steps.length - 1]).toBe(count - 1);
  });

  it('starts anew with the curves of the server', () => {
    const table = tableOf(record(1, { old: 1 }));
    const columns = { steps: [3], times: [30], values: [0.5] };
    table.reset([{ name: 'loss', source: 'script', rank: 0, ...columns, total_points: 1 }]);
    table.add([record(4, { loss: 0.4 }, { source: 'script' })]);
    expect(table.names()).toEqual(['loss']);
    expect(table.overRanks('loss').values).toEqual([0.5, 0.4]);
  });
});

describe('the curves that are watched', () => {
  it('are the loss, by whatever name, and the throughput of all ranks', () => {
    const table = tableOf(
      record(1, { 'valid/loss': 3, samples_per_second: 10 }),
      record(1, { samples_per_second: 12 }, { rank: 1 })
    );
    expect(lossCurve(table).name).toBe('valid/loss');
    expect(throughputCurve(table)).toMatchObject({
      name: 'samples/s',
      series: { values: [22] }
    });
  });

  it('take the first result where there is no loss', () => {
    expect(lossCurve(tableOf(record(1, { epoch: 1, accuracy: 0.5 }))).name).toBe('accuracy');
  });

  it('say steps per second where no rank knows its samples', () => {
    const curve = throughputCurve(tableOf(record(1, { step_seconds: 0.5 })));
    expect(curve).toMatchObject({ name: 'steps/s', series: { values: [2] } });
  });

  it('are saved as finite points, bounded', () => {
    const records = Array.from({ length: 3000 }, (_, step) =>
      record(step, { loss: step === 5 ? null : step })
    );
    const points = toPoints(lossCurve(tableOf(...records)), 2000);
    expect(points.length).toBeLessThanOrEqual(2000);
    expect(points.flat().every(Number.isFinite)).toBe(true);
  });
});
