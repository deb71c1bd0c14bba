import { describe, expect, it } from 'vitest';
import { JobsApi } from './api';
import { LogTail, matching, MOST_LINES } from './logTail';
import { ILogPage } from './models';

/** A log of one-byte lines: pages as the server cuts them. */
class Log extends JobsApi {
  text = '';

  override logs(_: string, rank: number, query: string): Promise<ILogPage> {
    const fields = new URLSearchParams(query);
    const asked = Number(fields.get('cursor'));
    const start = asked < 0 ? Math.max(0, this.text.length + asked) : asked;
    const begin = start > this.text.length ? 0 : start;
    const cursor = Math.min(this.text.length, begin + Number(fields.get('limit')));
    const lines = [...this.text.slice(begin, cursor)];
    const size = this.text.length;
    return Promise.resolve({ rank, start: begin, cursor, size, lines, more: cursor < size });
  }
}

function tailOf(text: string): [Log, LogTail] {
  const log = new Log();
  log.text = text;
  return [log, new LogTail(log, 'job', 0)];
}

describe('LogTail', () => {
  it('reads on from where it was', async () => {
    const [log, tail] = tailOf('ab');
    expect(await tail.read()).toBe(true);
    log.text = 'abc';
    expect(await tail.read()).toBe(true);
    expect(tail.lines).toEqual(['a', 'b', 'c']);
    expect(await tail.read()).toBe(false);
  });

  it('holds the end of a long log, and says so', async () => {
    const [, tail] = tailOf('x'.repeat(3 * MOST_LINES) + 'y');
    await tail.read();
    expect(tail.lines).toHaveLength(MOST_LINES);
    expect(tail.lines[MOST_LINES - 1]).toBe('y');
    expect(tail.isCut).toBe(true);
  });

  it('begins anew when the file was replaced', async () => {
    const [log, tail] = tailOf('abc');
    await tail.read();
    log.text = 'z';
    await tail.read();
    expect(tail.lines).toEqual(['z']);
  });

  it('finds text in whatever case', () => {
    expect(matching(['Loss 1', 'step'], 'loss')).toEqual(['Loss 1']);
    expect(matching(['a'], '')).toEqual(['a']);
  });
});
