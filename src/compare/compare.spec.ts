import { describe, expect, it } from 'vitest';
import { comparedMetrics, comparedSizes, comparedStudies, IComparedJob } from './compare';
import { IMetricRecord } from '../api/models';
import { IChartChoice } from '../charts/pageLines';
import { SeriesTable } from '../charts/seriesTable';
import { IStudy, IStudyRow } from '../api/studyModels';

const BY_STEP: IChartChoice = { x: 'step', smoothing: 0, logarithmic: false, byRank: false };

function job(name: string, color: number, records: [number, number, object][]): IComparedJob {
  const table = new SeriesTable();
  table.add(
    records.map(([time, step, values]) => ({
      time,
      step,
      rank: 0,
      source: 'script',
      values: values as IMetricRecord['values']
    }))
  );
  return { name, color, table };
}

const FIRST = job('a', 0, [
  [100, 0, { loss: 4, lr: 0.1 }],
  [101, 1, { loss: 2, lr: 0.1 }],
  [103, 2, { loss: 3, lr: 0.1 }]
]);
const SECOND = job('b', 1, [
  [500, 0, { loss: 5 }],
  [502, 2, { loss: null }]
]);

describe('jobs over each other', () => {
  it('share a chart for each metric, each job with its colour', () => {
    const metrics = comparedMetrics([FIRST, SECOND], BY_STEP);
    expect(metrics.map(({ name }) => name)).toEqual(['loss', 'lr']);
    const [loss, lr] = metrics;
    expect(loss.lines.map(({ label, color, xs }) => [label, color, xs])).toEqual([
      ['a', 0, [0, 1, 2]],
      ['b', 1, [0, 2]]
    ]);
    expect(lr.lines.map(({ label }) => label)).toEqual(['a']);
  });

  it('begin together when they are laid over each other by time', () => {
    const [loss] = comparedMetrics([FIRST, SECOND], { ...BY_STEP, x: 'time' });
    expect(loss.lines.map(({ xs }) => xs)).toEqual([
      [0, 1, 3],
      [0, 2]
    ]);
  });

  it('are smoothed with the raw curve behind', () => {
    const [loss] = comparedMetrics([FIRST], { ...BY_STEP, smoothing: 0.5 });
    expect(loss.lines.map(({ faint }) => !!faint)).toEqual([true, false]);
  });

  it('are told in figures', () => {
    const [loss, lr] = comparedMetrics([FIRST, SECOND], BY_STEP);
    expect(loss.rows).toEqual([
      { job: 'a', last: 3, lowest: 2, highest: 4, step: 2, seconds: 3 },
      { job: 'b', last: 5, lowest: 5, highest: 5, step: 2, seconds: 2 }
    ]);
    expect(lr.rows[1]).toEqual({
      job: 'b',
      last: null,
      lowest: null,
      highest: null,
      step: null,
      seconds: null
    });
  });
});

function study(study_name: string, rows: [number, number][]): IStudy {
  const [[first, base]] = rows;
  const full = rows.map(([world_size, throughput]) => ({
    world_size,
    throughput,
    speedup: throughput / base,
    efficiency: throughput / base / (world_size / first)
  }));
  const table = { rows: full as unknown as IStudyRow[], predicted: [], advice: '' };
  const sizes = rows.map(([size]) => size);
  return { study_name, scaling: 'strong', world_sizes: sizes, repeats: 1, jobs: [], table };
}

describe('studies over each other', () => {
  const studies = [
    study('s', [
      [1, 100],
      [2, 180]
    ]),
    study('t', [
      [2, 50],
      [4, 90]
    ])
  ];

  it('have each its ideal line from its own smallest size', () => {
    const lines = comparedStudies('throughput', studies, name => `${name} ideal`);
    expect(lines.map(({ label, xs, ys, dashed }) => [label, xs, ys, !!dashed])).toEqual([
      ['s ideal', [1, 2], [100, 200], true],
      ['s', [1, 2], [100, 180], false],
      ['t ideal', [2, 4], [50, 100], true],
      ['t', [2, 4], [50, 90], false]
    ]);
    expect(comparedSizes(studies)).toEqual([1, 2, 4]);
  });

  it('show nothing before the first measurement', () => {
    const empty = { ...studies[0], table: { rows: [], predicted: [], advice: '' } };
    expect(comparedStudies('speedup', [empty], String)).toEqual([]);
  });
});
