import { describe, expect, it } from 'vitest';
import { ISourceFrame } from '../api/models';
import { findCell, lineNow, splitTraceback } from './sourceFrames';

function frame(line: number, source_line = '', cell_id = ''): ISourceFrame {
  const text = `Cell In[2], line ${line}`;
  return { text, path: 'a.ipynb', is_cell: true, cell_id, line, source_line };
}

describe('splitTraceback', () => {
  it('finds every frame, and keeps each character', () => {
    const text = 'Traceback\n  Cell In[2], line 1\n  Cell In[2], line 12, in f\nKeyError';
    const parts = splitTraceback(text, [frame(1), frame(12)]);
    expect(parts.map(part => part.text).join('')).toBe(text);
    expect(parts.flatMap(part => part.frame?.line ?? [])).toEqual([1, 12]);
  });

  it('leaves a traceback without frames whole', () => {
    expect(splitTraceback('KeyError', [])).toEqual([{ text: 'KeyError', frame: null }]);
  });
});

describe('lineNow', () => {
  it('follows a line that has moved, to the nearest of its like', () => {
    expect(lineNow('x = 1\nx = 2\ny = 0\nx = 1', frame(3, 'x = 1'))).toBe(3);
    expect(lineNow('x = 1', frame(1, 'y'))).toBeNull();
  });
});

describe('findCell', () => {
  const cells = [
    { id: 'a', source: 'import torch' },
    { id: 'b', source: '%%sdt_train\nvalues[7]' }
  ];

  it('knows a cell by its id, or else by the line in its place', () => {
    expect(findCell(cells, frame(9, 'gone', 'b'))).toBe(1);
    expect(findCell(cells, frame(2, 'values[7]', 'of another copy'))).toBe(1);
    expect(findCell(cells, frame(1, 'values[7]'))).toBe(-1);
    expect(findCell(cells, frame(5, ''))).toBe(-1);
  });
});
