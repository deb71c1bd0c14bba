import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byteSize, countdown } from '../ui/format';
import { asStages, IStageTask } from '../api/stageModels';
import { gantt, leastBubble, modulesByStage } from './stages';

const EXAMPLES = (
  JSON.parse(readFileSync('tests/contract/stages.json', 'utf8')) as { examples: object[] }
).examples;
const EXAMPLE = asStages(EXAMPLES[0]);

function task(stage: number, start: number, end: number, microbatch = 0): IStageTask {
  return { stage, microbatch, kind: 'forward', start, end };
}

describe('the contract with the server', () => {
  it('lets stages pass and refuses what is none', () => {
    expect(asStages(EXAMPLES[1]).stages).toBe(0);
    expect(() => asStages({ ...EXAMPLE, tasks: [{ ...EXAMPLE.tasks[0], kind: 'x' }] })).toThrow(
      'kind x'
    );
    expect(() => asStages({ ...EXAMPLE, modules: [{ name: 'a' }] })).toThrow('stage');
  });
});

describe('gantt', () => {
  it('counts from the begin of the step and tells how much was bubble', () => {
    const { seconds, rows, bubble } = gantt(EXAMPLE.tasks)!;
    expect(seconds).toBe(4);
    expect(rows.map(({ idle }) => idle)).toEqual([0.25, 0.5]);
    expect(bubble).toBe(0.375);
    expect(rows[1].bars[0]).toEqual({ microbatch: 0, kind: 'forward', start: 1, end: 2 });
  });

  it('joins what goes on without a pause, and counts overlaps once', () => {
    const { rows } = gantt([task(0, 0, 4), task(0, 4.001, 6), task(0, 5, 10, 1)])!;
    expect(rows[0].bars.map(({ end }) => end)).toEqual([6, 10]);
    expect(rows[0].idle).toBeCloseTo(0);
  });

  it('needs a recorded step, of any size', () => {
    expect(gantt([])).toBeNull();
    const many = Array.from({ length: 200_000 }, (_, place) =>
      task(0, place, place + 1, place)
    );
    expect(gantt(many)!.seconds).toBe(200_000);
  });
});

describe('stages', () => {
  it('sum up what their modules hold and cost', () => {
    const found = modulesByStage(EXAMPLE.modules);
    expect(found.map(({ stage, bytes, cost }) => [stage, bytes, cost])).toEqual([
      [0, 1024, 0.25],
      [1, 3072, 0.75]
    ]);
  });

  it('are idle at least while the pipeline fills and drains', () => {
    expect(leastBubble(4, 4)).toBeCloseTo(3 / 7);
    expect(leastBubble(1, 8)).toBe(0);
  });
});

describe('sizes and seconds', () => {
  it('read as people say them', () => {
    expect([0, 1024, 9_910_272, 3 * 2 ** 40].map(byteSize)).toEqual([
      '0 B',
      '1 KiB',
      '9.45 MiB',
      '3 TiB'
    ]);
    expect([59, 60, 125].map(countdown)).toEqual(['59 s', '1:00', '2:05']);
  });
});
