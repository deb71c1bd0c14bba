import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onSecond, secondMs } from './seconds';

describe('the clock of seconds', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells all the same time until the next second, and has a timer while somebody listens', () => {
    vi.advanceTimersByTime(5000);
    const first = secondMs();
    vi.advanceTimersByTime(400);
    expect(secondMs()).toBe(first);
    expect(vi.getTimerCount()).toBe(0);
    const heard: number[] = [];
    const ends = [0, 1].map(() => onSecond(() => heard.push(secondMs())));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(heard).toEqual([first + 1400, first + 1400]);
    ends[0]();
    vi.advanceTimersByTime(1000);
    expect(heard).toHaveLength(3);
    ends[1]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
