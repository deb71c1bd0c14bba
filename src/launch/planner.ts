/** Asks the server what would start: once typing has paused, and only the last answer counts. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { IStartRequest, JobsApi } from '../api/api';
import { IPlanReply } from '../api/replies';

/** One question at a time. */
export class Planner implements IDisposable {
  constructor(private readonly _api: JobsApi) {}

  /** The answer to the last question, null while there is none. */
  plan: IPlanReply | null = null;
  /** Why it was refused. */
  error: unknown = null;
  isPlanning = false;

  /** There is an answer. */
  get settled(): ISignal<this, void> {
    return this._settled;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask no more. */
  dispose(): void {
    this.forget();
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Ask after a pause, unless something else is asked meanwhile. */
  ask(request: IStartRequest, pauseMs: number): void {
    window.clearTimeout(this._timer);
    const number = ++this._asked;
    this.isPlanning = true;
    this._timer = window.setTimeout(() => void this._plan(request, number), pauseMs);
  }

  /** Nothing is to be planned now. */
  forget(): void {
    window.clearTimeout(this._timer);
    this._asked += 1;
    this._settle(null, null);
  }

  private async _plan(request: IStartRequest, number: number): Promise<void> {
    try {
      const plan = await this._api.plan(request);
      this._answer(number, plan, null);
    } catch (error) {
      this._answer(number, null, error);
    }
  }

  private _answer(number: number, plan: IPlanReply | null, error: unknown): void {
    if (number === this._asked && !this._isDisposed) {
      this._settle(plan, error);
      this._settled.emit();
    }
  }

  private _settle(plan: IPlanReply | null, error: unknown): void {
    this.plan = plan;
    this.error = error;
    this.isPlanning = false;
  }

  private _timer = 0;
  private _asked = 0;
  private _isDisposed = false;
  private readonly _settled = new Signal<this, void>(this);
}
