/** When a page asks again: with each look at the list of jobs, as long as it is in sight. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Sight } from '../ui/sight';
import { IJobManager } from './managing';

/** Has no timer of its own: the one poller of the list also backs off, and sleeps, for pages. */
export class PageClock implements IDisposable {
  constructor(
    private readonly _manager: Pick<IJobManager, 'looked'>,
    private readonly _sight: Sight
  ) {
    _manager.looked.connect(this._onLook);
    _sight.shown.connect(this._onLook);
  }

  /** It is time to ask again. */
  get ticked(): ISignal<this, void> {
    return this._ticked;
  }

  /** Whether the page is in sight. */
  get isAwake(): boolean {
    return this._sight.isSeen;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Tick no more. */
  dispose(): void {
    this._isDisposed = true;
    this._manager.looked.disconnect(this._onLook);
    this._sight.shown.disconnect(this._onLook);
    Signal.clearData(this);
  }

  private readonly _onLook = () => {
    if (this.isAwake) {
      this._ticked.emit();
    }
  };

  private _isDisposed = false;
  private readonly _ticked = new Signal<this, void>(this);
}
