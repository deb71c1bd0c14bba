import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';
import { Sight } from '../ui/sight';
import { Asking } from './asking';
import { IJobManager } from './managing';
import { PageClock } from './pageClock';

/** A page whose clock the test moves. */
class Page {
  isSeen = true;
  readonly sight = new Sight(() => this.isSeen);
  readonly list = {} as IJobManager;
  readonly looked = new Signal<IJobManager, void>(this.list);
  readonly clock = new PageClock({ looked: this.looked }, this.sight);
  ticks = 0;

  constructor() {
    this.clock.ticked.connect(() => (this.ticks += 1));
  }
}

describe('the clock of a page', () => {
  it('ticks with each look at the list, unless the page is out of sight', () => {
    const page = new Page();
    page.looked.emit();
    page.isSeen = false;
    page.looked.emit();
    expect([page.ticks, page.clock.isAwake]).toEqual([1, false]);
  });

  it('ticks when the page comes into sight again', () => {
    const page = new Page();
    page.sight.tell();
    expect(page.ticks).toBe(1);
  });

  it('ticks no more once disposed', () => {
    const page = new Page();
    page.clock.dispose();
    page.looked.emit();
    page.sight.tell();
    expect([page.ticks, page.clock.isDisposed]).toEqual([0, true]);
  });
});

describe('asking', () => {
  it('asks one question at a time, and survives a refusal', async () => {
    const waiting: ((answer: string | Error) => void)[] = [];
    const told: string[] = [];
    const ask = () =>
      new Promise<string>((done, refuse) =>
        waiting.push(answer => (answer instanceof Error ? refuse(answer) : done(answer)))
      );
    const asking = new Asking(ask, answer => told.push(answer));
    asking.now();
    asking.now();
    expect(waiting).toHaveLength(1);
    waiting[0](new Error('no'));
    await Promise.resolve().then(() => undefined);
    await new Promise(done => setTimeout(done));
    asking.now();
    waiting[1]('yes');
    await new Promise(done => setTimeout(done));
    expect(told).toEqual(['yes']);
    asking.dispose();
  });

  it('tells nobody what comes after the end', async () => {
    const told: string[] = [];
    const asking = new Asking(
      () => Promise.resolve('late'),
      answer => told.push(answer)
    );
    asking.now();
    asking.dispose();
    asking.now();
    await new Promise(done => setTimeout(done));
    expect([told, asking.isDisposed]).toEqual([[], true]);
  });
});
