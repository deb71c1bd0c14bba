/** Trying again after a while: later each time, and not while nobody sees the page. */
import { IDisposable } from '@lumino/disposable';

const FIRST_MS = 250;
const LONGEST_MS = 15000;

/** One thing that is tried again until it is reset or disposed. */
export class Retry implements IDisposable {
  constructor(
    private readonly _first = FIRST_MS,
    private readonly _longest = LONGEST_MS
  ) {
    this._wait = _first;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** It went well: the next pause is a short one again. */
  reset(): void {
    this._wait = this._first;
  }

  /** Do `work` after a pause, and once the page is in sight. */
  later(work: () => void): void {
    this._stop();
    if (this._isDisposed) {
      return;
    }
    // Half of the wait is drawn by lot: many tabs shall not knock at once after a restart.
    const wait = this._wait * (0.5 + Math.random() / 2);
    this._wait = Math.min(2 * this._wait, this._longest);
    this._timer = window.setTimeout(() => this._whenSeen(work), wait);
  }

  /** Try no more. */
  dispose(): void {
    this._isDisposed = true;
    this._stop();
  }

  private _whenSeen(work: () => void): void {
    if (!document.hidden) {
      work();
      return;
    }
    this._seen = () => {
      if (!document.hidden) {
        this._stop();
        work();
      }
    };
    document.addEventListener('visibilitychange', this._seen);
  }

  private _stop(): void {
    window.clearTimeout(this._timer);
    if (this._seen) {
      document.removeEventListener('visibilitychange', this._seen);
      this._seen = null;
    }
  }

  private _timer = 0;
  private _wait: number;
  private _seen: (() => void) | null = null;
  private _isDisposed = false;
}
