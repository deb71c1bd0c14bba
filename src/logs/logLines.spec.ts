import { describe, expect, it } from 'vitest';
import { JobsApi } from '../api/api';
import { LogLines, MOST_PAGES, PAGE_LINES } from './logLines';

/** A server whose log has this many lines, some of them errors. */
class Server {
  constructor(public total: number) {}
  asked: number[] = [];

  logLines = async (_job: string, _rank: number, first: number, limit: number) => {
    this.asked.push(first);
    const size = Math.min(limit, this.total - first);
    const lines = Array.from({ length: size }, (_, place) => `line ${first + place}`);
    return Promise.resolve({ first, lines, total: this.total, size: 10 * this.total });
  };

  logMatches = async (_job: string, _rank: number, query: { cursor: number }) => {
    const matches = [{ line: query.cursor, text: 'error' }];
    const cursor = query.cursor + 1;
    return Promise.resolve({ matches, cursor, size: 3, more: cursor < this.total });
  };
}

function made(server: Server, text = ''): LogLines {
  return new LogLines(server as unknown as JobsApi, 'a', 0, { text, level: '' });
}

async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve));
}

describe('LogLines', () => {
  it('asks for the lines that are looked at, once', async () => {
    const server = new Server(1_000_000);
    const log = made(server);
    await log.refresh();
    expect(log.count).toBe(1_000_000);
    expect(log.line(500_000)).toBeNull();
    log.line(500_001);
    await settled();
    expect(log.line(500_001)).toEqual({ line: 500_001, text: 'line 500001' });
    expect(server.asked).toEqual([0, 500_000]);
  });

  it('holds a bounded number of lines', async () => {
    const server = new Server(1_000_000);
    const log = made(server);
    await log.refresh();
    for (let page = 0; page < 2 * MOST_PAGES; page++) {
      log.line(page * PAGE_LINES);
      await settled();
    }
    expect(log.line(0)).toBeNull(); // let go, and asked for again
  });

  it('notices new lines on the last page', async () => {
    const server = new Server(10);
    const log = made(server);
    await log.refresh();
    log.line(0);
    await settled();
    server.total = 12;
    await log.refresh();
    expect(log.line(11)).toBeNull();
    await settled();
    expect(log.line(11)?.text).toBe('line 11');
  });

  it('searches to the end, stretch by stretch', async () => {
    const log = made(new Server(3), 'error');
    await log.refresh();
    expect(log.matches.map(match => match.line)).toEqual([0, 1, 2]);
    expect(log.isSearching).toBe(false);
  });
});
