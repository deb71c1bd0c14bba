import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asList, orNull, PayloadError } from './checks';
import { asCost, asEstimate } from './costModels';
import * as guards from './guards';
import { asListMessage, asPlanReply } from './replies';
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
      asList(series, 'series').forEach(guards.asSeries)
    );
    examples('plan').forEach(asPlanReply);
    examples('list_message').forEach(asListMessage);
    examples('study').forEach(asStudy);
    examples('study_mimebundle').forEach(asSavedStudy);
    examples('job_detail').forEach(({ summary, error, estimate }) => {
      guards.asJobSummary(summary);
      orNull(asEstimate, estimate);
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

  it('refuses costs and estimates that are none', () => {
    const [first] = examples('job_summary').flatMap(({ cost }) => cost ?? []) as object[];
    const [estimate] = examples('plan').flatMap(plan => plan.estimate ?? []) as object[];
    const summary = examples('job_summary')[0];
    const told = (changes: object) => ({ ...summary, cost: { ...first, ...changes } });
    expect(guards.asJobSummary(told({})).cost).toEqual(first);
    expect(() => guards.asJobSummary(told({ seconds: '61' }))).toThrow('cost: seconds');
    expect(() => asCost({ ...first, sources: [3] })).toThrow('sources are not texts');
    expect(() => asEstimate({ ...estimate, instances: { a: 'two' } })).toThrow('instances');
  });

  it('refuses texts in the place of values', () => {
    const record = { ...examples('metric_record')[0], values: { loss: '<b>1</b>' } };
    expect(() => guards.asMetricRecord(record)).toThrow(PayloadError);
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
