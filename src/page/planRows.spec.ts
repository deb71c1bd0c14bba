import { describe, expect, it } from 'vitest';
import { IJobDetail } from '../api/models';
import { SUMMARY } from '../api/jobServer.testing';
import { lastPhaseSeconds, notesOf, phasesOf, rowsOf } from './planRows';

describe('the rows of a file', () => {
  it('name nested values by their path, and leave out what is empty', () => {
    const content = {
      entry_point: 'train.py',
      source_dir: '',
      study: null,
      hyperparameters: { lr: 0.1, deep: { on: false } },
      channels: [{ name: 'training', uri: 'file:///data' }],
      variables_in: ['x', 'y'],
      variables_out: []
    };
    expect(rowsOf(content)).toEqual([
      ['entry_point', 'train.py'],
      ['hyperparameters.lr', '0.1'],
      ['hyperparameters.deep.on', 'false'],
      ['channels.0.name', 'training'],
      ['channels.0.uri', 'file:///data'],
      ['variables_in', 'x, y']
    ]);
  });

  it('tell when the job was made as people say it', () => {
    const [[, text]] = rowsOf({ created_seconds: 1790000000 });
    expect(text).toBe(new Date(1790000000000).toLocaleString());
  });
});

describe('the phases of a job', () => {
  it('last until the next begins; the last one goes on', () => {
    const transitions = [
      { secondary_status: 'Starting', start_seconds: 10 },
      { secondary_status: 'Training', start_seconds: 12.5 }
    ];
    expect(phasesOf({ transitions })).toEqual([
      { phase: 'Starting', began: 10, seconds: 2.5 },
      { phase: 'Training', began: 12.5, seconds: null }
    ]);
    expect(phasesOf({})).toEqual([]);
  });

  it('go on by the clock of the server', () => {
    const summary = { ...SUMMARY, started_seconds: 100, elapsed_seconds: 60 };
    const transitions = [{ secondary_status: 'Training', start_seconds: 145 }];
    const detail = { summary, state: { transitions } } as unknown as IJobDetail;
    expect(lastPhaseSeconds(detail)).toBe(15);
    expect(lastPhaseSeconds({ ...detail, state: {} })).toBe(0);
  });

  it('come with what was noted', () => {
    expect(notesOf({ notes: ['copied whole'] })).toEqual(['copied whole']);
    expect(notesOf({})).toEqual([]);
  });
});
