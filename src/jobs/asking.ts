/** Asking the server the same question again and again, for a page. */
import { IDisposable } from '@lumino/disposable';
import * as React from 'react';
import { PageClock } from './pageClock';

/** One question at a time; nobody hears an answer that comes after the end. */
export class Asking<T> implements IDisposable {
  constructor(
    private readonly _ask: () => Promise<T>,
    private readonly _tell: (answer: T) => void
  ) {}

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Want no answer any more. */
  dispose(): void {
    this._isDisposed = true;
  }

  /** Ask, unless an answer is on its way. */
  readonly now = (): void => {
    if (!this._isAsking && !this._isDisposed) {
      void this._askOnce();
    }
  };

  private async _askOnce(): Promise<void> {
    this._isAsking = true;
    try {
      const answer = await this._ask();
      if (!this._isDisposed) {
        this._tell(answer);
      }
    } catch {
      // The feed says when the job is gone; anything else passes with the next question.
    } finally {
      this._isAsking = false;
    }
  }

  private _isAsking = false;
  private _isDisposed = false;
}

export interface IQuestion<T> {
  /** Tells questions apart. */
  key: string;
  clock: PageClock;
  /** Whether to ask with the next tick, too, given the latest answer. */
  again: (answer: T | null) => boolean;
}

/** The latest answer, null before the first; asked once more when it is not asked again. */
export function useAnswer<T>(ask: () => Promise<T>, question: IQuestion<T>): T | null {
  const { key, clock } = question;
  const [answer, setAnswer] = React.useState<T | null>(null);
  const again = question.again(answer);
  React.useEffect(() => {
    const asking = new Asking(ask, found => setAnswer(() => found));
    asking.now();
    if (again) {
      clock.ticked.connect(asking.now);
    }
    return () => {
      clock.ticked.disconnect(asking.now);
      asking.dispose();
    };
  }, [key, clock, again]);
  return answer;
}
