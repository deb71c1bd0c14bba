import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asEnvironment } from '../api/environmentModels';
import { fitting, headlines, requirements } from './environmentRows';

const { examples } = JSON.parse(readFileSync('tests/contract/environment.json', 'utf8')) as {
  examples: object[];
};
const PACKAGES = { 'jupyter-sdt': '0.1.0', torch: '2.13.0+cpu' };

describe('the environment of a job', () => {
  it('begins with the interpreter and the packages that matter most', () => {
    const [recorded] = examples.map(asEnvironment);
    expect(headlines(recorded.conditions!)).toEqual([
      ['CPython', '3.11.7'],
      ['torch', '2.13.0+cpu'],
      ['jupyter-sdt', '0.1.0']
    ]);
  });

  it('is searched in names and values, whatever the case', () => {
    const pairs = { RANK: '1', MASTER_ADDR: 'algo-1' };
    expect(fitting(pairs, '')).toHaveLength(2);
    expect(fitting(pairs, ' rank')).toEqual([['RANK', '1']]);
    expect(fitting(pairs, 'ALGO')).toEqual([['MASTER_ADDR', 'algo-1']]);
    expect(fitting(pairs, 'gpu')).toEqual([]);
  });

  it('can be installed elsewhere', () => {
    expect(requirements(PACKAGES)).toBe('jupyter-sdt==0.1.0\ntorch==2.13.0+cpu\n');
  });
});
