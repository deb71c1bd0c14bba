import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as guards from './guards';
import { asSavedStudy, asStudy } from './studyModels';

interface IContract {
  examples: { [key: string]: unknown }[];
}

/** The examples that the server's tests hold its answers against, too. */
function examples(name: string): IContract['examples'] {
  const text = readFileSync(`tests/contract/${name}.json`, 'utf8');
  return (JSON.parse(text) as IContract).examples;
}

describe('the contract with the server', () => {
  it('lets every agreed payload pass', () => {
    examples('job_summary').forEach(guards.asJobSummary);
    examples('metric_record').forEach(guards.asMetricRecord);
    examples('stream_message').forEach(guards.asStreamMessage);
    examples('logs').forEach(guards.asLogPage);
    examples('mimebundle').forEach(guards.asSavedJob);
    examples('series').forEach(({ series }) =>
      guards.asList(series, 'series').forEach(guards.asSeries)
    );
    examples('study').forEach(asStudy);
    examples('study_mimebundle').forEach(asSavedStudy);
    examples('job_detail').forEach(({ summary, error }) => {
      guards.asJobSummary(summary);
      expect(() => error && guards.asFailure(error)).not.toThrow();
    });
  });

  it.each(Object.keys(examples('job_summary')[0]))('notices a summary without %s', key => {
    const summary = { ...examples('job_summary')[0] };
    const optional = examples('job_summary').some(example => example[key] === null);
    summary[key] = optional ? 'wrong' : undefined;
    if (optional && key === 'study_name') {
      summary[key] = 3;
    }
    expect(() => guards.asJobSummary(summary)).toThrow(key);
  });

  it('refuses texts in the place of values', () => {
    const record = { ...examples('metric_record')[0], values: { loss: '<b>1</b>' } };
    expect(() => guards.asMetricRecord(record)).toThrow(guards.PayloadError);
  });

  it('refuses saved points that are none', () => {
    const saved = { ...examples('mimebundle')[0], series: { loss: [[1, '2']] } };
    expect(() => guards.asSavedJob(saved)).toThrow('points');
  });

  it('bears notebooks of before restarts were saved, and refuses steps that are none', () => {
    const { restarts, ...older } = examples('mimebundle')[0];
    expect(restarts).toEqual([2]);
    expect(guards.asSavedJob(older).restarts).toBeUndefined();
    expect(() => guards.asSavedJob({ ...older, restarts: ['2'] })).toThrow('restarts');
  });

  it('refuses columns of different lengths', () => {
    const columns = { steps: [1, 2], times: [1], values: [1, 2] };
    expect(() => guards.asSeries({ name: 'a', source: 'b', rank: 0, ...columns })).toThrow();
  });

  it('refuses messages of a kind it does not know', () => {
    expect(() => guards.asStreamMessage({ kind: 'new' })).toThrow('new');
  });
});
