import { describe, expect, it } from 'vitest';
import {
  hasOtherMagic,
  isTrainingCell,
  processesOf,
  splitCell,
  withFlags,
  withProcesses
} from './cellText';

describe('a cell', () => {
  it('becomes a training cell', () => {
    expect(withProcesses('import torch\n', 2)).toBe(
      '%%sdt_train --processes 2\nimport torch\n'
    );
  });

  it('that trains already keeps its other flags', () => {
    const cell = '%%sdt_train --name a --processes 2 --wait\nx = 1';
    expect(withProcesses(cell, 4)).toBe('%%sdt_train --name a --processes 4 --wait\nx = 1');
  });

  it('may have its number after an equals sign', () => {
    expect(withProcesses('%%sdt_train --processes=8', 2)).toBe('%%sdt_train --processes 2');
    expect(processesOf('%%sdt_train --processes=8')).toBe(8);
  });

  it('gets the flag where it has none', () => {
    expect(withProcesses('%%sdt_train --name a\nx', 3)).toBe(
      '%%sdt_train --processes 3 --name a\nx'
    );
  });

  it('is left alone below its first line', () => {
    const cell = '%%sdt_train\nprint("--processes 9")';
    expect(withProcesses(cell, 2)).toContain('print("--processes 9")');
    expect(processesOf(cell)).toBeNull();
  });

  it('keeps the blank lines above its magic', () => {
    expect(withProcesses('\n\n%%sdt_train --name a\nx', 2)).toBe(
      '\n\n%%sdt_train --processes 2 --name a\nx'
    );
    expect(processesOf('\n%%sdt_train --processes 3')).toBe(3);
  });

  it('gets other flags, or loses them', () => {
    expect(withFlags('x = 1\n', '--name a')).toBe('%%sdt_train --name a\nx = 1\n');
    expect(withFlags('%%sdt_train --name a\nx', '')).toBe('%%sdt_train\nx');
    expect(splitCell('%%sdt_train --hp a=1\nx\ny')).toEqual({
      above: '',
      flags: '--hp a=1',
      body: 'x\ny'
    });
    expect(splitCell('x').flags).toBeNull();
  });

  it('with another magic is known', () => {
    expect(hasOtherMagic('%%bash\nls')).toBe(true);
    expect(hasOtherMagic('%%sdt_train\nx')).toBe(false);
    expect(isTrainingCell('%%sdt_trainer')).toBe(false);
    expect(hasOtherMagic('%matplotlib inline')).toBe(false);
  });
});
