import { describe, expect, it } from 'vitest';
import { phasesOf, rowsOf } from './planRows';

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
});
