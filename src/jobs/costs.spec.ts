import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asCost, asEstimate, ICost } from '../api/costModels';
import { ENGLISH } from '../ui/english.testing';
import { amountOf, costFacts, costLabel, estimateFacts } from './costs';

interface IExample {
  cost?: ICost | null;
  estimate?: object | null;
}

function examples(name: string): IExample[] {
  const text = readFileSync(`tests/contract/${name}.json`, 'utf8');
  return (JSON.parse(text) as { examples: IExample[] }).examples;
}

const [RUNNING, DONE] = examples('job_summary')
  .flatMap(({ cost }) => cost ?? [])
  .map(asCost);
const [KNOWN, UNKNOWN] = examples('plan')
  .flatMap(({ estimate }) => estimate ?? [])
  .map(asEstimate);
/** On demand, with a price. */
const BILL: ICost = { ...DONE, hourly_price: 36, rehearsed: false };

describe('the cost of a job', () => {
  it('is that of the seconds and of the warm pool', () => {
    expect(amountOf(BILL)).toBeCloseTo(3.6);
    expect(amountOf({ ...BILL, kept_seconds: 0 })).toBeCloseTo(3);
    expect(amountOf({ ...BILL, hourly_price: null })).toBeNull();
  });

  it('is told as what it can be at most while spot capacity is billed', () => {
    expect(costLabel(RUNNING, false, ENGLISH)).toBe('at most 0.02405 USD so far');
    expect(costLabel({ ...RUNNING, spot: false }, false, ENGLISH)).toBe('0.02405 USD so far');
    expect(costLabel(BILL, true, ENGLISH)).toBe('3.6 USD');
  });

  it('is told in seconds where no price is known, and a rehearsal as one', () => {
    expect(costLabel(DONE, true, ENGLISH)).toBe('5:00 billed, rehearsed');
    const told = { ...RUNNING, hourly_price: null };
    expect(costLabel(told, false, ENGLISH)).toBe('1:01 billed so far');
  });

  it('is laid out as a bill', () => {
    expect(costFacts(BILL, true, ENGLISH)).toEqual([
      ['Cost', '3.6 USD'],
      ['Billed for', '5:00'],
      ['Trained for', '16:40'],
      ['Saved by spot', '70 %'],
      ['Warm pool', '1:00, 0.6 USD'],
      ['An hour', '36.00 USD']
    ]);
    expect(costFacts(RUNNING, false, ENGLISH).map(([name]) => name)).toEqual([
      'Cost',
      'Billed for',
      'Saved by spot',
      'An hour'
    ]);
  });

  it('is estimated before', () => {
    expect(estimateFacts(KNOWN, ENGLISH)).toEqual([
      ['Instances', '2 \u00d7 ml.g5.xlarge'],
      ['An hour', '2.816 USD'],
      ['Typically', '0.25 USD; earlier jobs took 5.33 min'],
      ['At most', '67.58 USD in 24 h, before what spot saves'],
      ['Warm pool', 'up to 1.408 USD more in 30 min']
    ]);
    expect(estimateFacts(UNKNOWN, ENGLISH).slice(1)).toEqual([['An hour', 'price unknown']]);
  });
});
