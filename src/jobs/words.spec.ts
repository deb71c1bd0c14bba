import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../ui/english.testing';
import { curveSummary, jobSummaryText, phaseLabel, progressLabel, ranksLabel } from './words';

describe('the summary of a curve', () => {
  it('tells how often ranks were started anew', () => {
    const series = { steps: [1, 2], times: [1, 2], values: [2, 1] };
    const told = (marks: number[]) => curveSummary({ name: 'loss', series, marks }, ENGLISH);
    expect(told([])).not.toContain('anew');
    expect(told([2])).toContain('; ranks started anew once');
    expect(told([1, 2])).toContain('; ranks started anew 2 times');
  });
});

const JOB = {
  job_name: 'digits',
  status: 'InProgress',
  secondary_status: 'Training',
  world_size: 1,
  elapsed_seconds: 65,
  step: 3,
  total_steps: 9
};

describe('words', () => {
  it('are there for every phase that a job can be in', () => {
    const source = readFileSync('jupyter_sdt/spec/job_status.py', 'utf8');
    const literal = /SecondaryStatus = Literal\[([^\]]*)\]/.exec(source)![1];
    const phases = [...literal.matchAll(/"(\w+)"/g)].map(([, phase]) => phase);
    expect(phases).toHaveLength(18);
    for (const phase of phases) {
      const label = phaseLabel(phase, ENGLISH);
      // Names of several words run together are the service's, not people's.
      expect(label).toMatch(/^[A-Z][a-z]+(:? [a-z]+)*$/);
    }
    expect(phaseLabel('SomethingNew', ENGLISH)).toBe('SomethingNew');
  });

  it('know one from many', () => {
    expect([ranksLabel(1, ENGLISH), ranksLabel(2, ENGLISH)]).toEqual(['1 rank', '2 ranks']);
  });

  it('tell a job in a sentence', () => {
    expect(jobSummaryText(JOB, ENGLISH)).toBe('digits: Training, 1 rank, 1:05, step 3 of 9');
    expect(progressLabel({ ...JOB, total_steps: null }, ENGLISH)).toBe('step 3');
    expect(progressLabel({ ...JOB, step: null }, ENGLISH)).toBe('');
  });
});
