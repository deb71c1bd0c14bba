import { describe, expect, it } from 'vitest';
import { SUMMARY } from '../api/jobServer.testing';
import { IJobList } from '../api/replies';
import { NO_JOBS, sameRunning, stopped, withNews, withRow } from './jobList';

const [A, B] = ['a', 'b'].map(job_name => ({ ...SUMMARY, job_name }));
const BOTH: IJobList = { jobs: [A, B], total: 2, running: [B] };

describe('the list as it is known', () => {
  it('is put together from rows that are new and rows that are known', () => {
    const changed = { ...A, step: 7 };
    const told = {
      number: 1,
      names: ['b', 'a'],
      running: ['a', 'b'],
      total: 9,
      rows: [changed]
    };
    expect(withNews(BOTH, told)).toEqual({
      jobs: [B, changed],
      total: 9,
      running: [changed, B]
    });
    expect(withNews(NO_JOBS, { ...told, rows: [] }).jobs).toEqual([]);
  });

  it('takes a row that was heard by itself in its place, and no job that it does not show', () => {
    const heard = { ...B, step: 7 };
    expect(withRow(BOTH, heard).jobs).toEqual([A, heard]);
    expect(withRow(BOTH, { ...B, job_name: 'c' })).toEqual(BOTH);
  });

  it('tells which jobs run no more', () => {
    expect(stopped(BOTH, { ...BOTH, running: [A] })).toEqual(['b']);
    expect(sameRunning(BOTH, { ...BOTH, jobs: [] })).toBe(true);
    expect(sameRunning(BOTH, { ...BOTH, running: [A, B] })).toBe(false);
    expect(sameRunning(BOTH, { ...BOTH, running: [] })).toBe(false);
  });
});
