/** The list of jobs as the server tells what changes in it; nothing is told while the page is hidden. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { IJobFilter, JobsApi } from './api';
import { LastingSocket } from './lastingSocket';
import { asListMessage, IListMessage } from './replies';

/** A server that answers later than this does not answer: connections die silently, too. */
const ANSWER_MS = 10000;

/** An answer that somebody waits for. */
interface IWaiting {
  number: number;
  tell: (answered: boolean) => void;
}

/** Asks once on each connection, and hears from then on. */
export class ListStream implements IDisposable {
  /** `query`: what to ask for when a connection is made. */
  constructor(
    private readonly _api: Pick<JobsApi, 'settings' | 'listStreamUrl'>,
    private readonly _query: () => IJobFilter,
    private readonly _answerMs = ANSWER_MS
  ) {
    document.addEventListener('visibilitychange', this._onSight);
    this._onSight();
  }

  /** Each message, in order. */
  get received(): ISignal<this, IListMessage> {
    return this._received;
  }

  /** Whether the server tells all that changes: a question was answered on this connection. */
  get isLive(): boolean {
    return this._isLive;
  }

  /** How long nothing was heard. */
  get silentMs(): number {
    return performance.now() - this._heardMs;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Connect no more. */
  dispose(): void {
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._onSight);
    this._leave();
    Signal.clearData(this);
  }

  /** Ask now; false when no answer will come, true when it was received. */
  ask(): Promise<boolean> {
    if (!this._isLive) {
      return Promise.resolve(false);
    }
    this._send();
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._connectAnew(), this._answerMs);
    return new Promise(tell => this._waiting.push({ number: this._number, tell }));
  }

  private readonly _onSight = () => {
    if (document.hidden) {
      this._leave();
    } else {
      this._socket ??= this._connected();
    }
  };

  private _connected(): LastingSocket {
    return new LastingSocket({
      WebSocket: this._api.settings.WebSocket,
      url: () => this._api.listStreamUrl(),
      onOpen: () => this._send(),
      onMessage: text => this._take(asListMessage(JSON.parse(text))),
      onClose: () => this._lose()
    });
  }

  private _send(): void {
    this._number += 1;
    this._socket?.send(JSON.stringify({ number: this._number, ...this._query() }));
  }

  private _take(message: IListMessage): void {
    this._isLive = true;
    this._heardMs = performance.now();
    this._received.emit(message);
    this._answer(message.number, true);
  }

  /** Whoever waited gets no answer; the socket connects again. */
  private _lose(): boolean {
    this._isLive = false;
    this._answer(Infinity, false);
    return true;
  }

  private _connectAnew(): void {
    this._leave();
    this._onSight();
  }

  private _leave(): void {
    window.clearTimeout(this._timer);
    this._socket?.dispose();
    this._socket = null;
    this._lose();
  }

  private _answer(number: number, answered: boolean): void {
    const told = this._waiting.filter(waiting => waiting.number <= number);
    this._waiting = this._waiting.filter(waiting => waiting.number > number);
    if (this._waiting.length === 0) {
      window.clearTimeout(this._timer);
    }
    told.forEach(({ tell }) => tell(answered));
  }

  private _socket: LastingSocket | null = null;
  private _waiting: IWaiting[] = [];
  private _number = 0;
  private _timer = 0;
  private _heardMs = 0;
  private _isLive = false;
  private _isDisposed = false;
  private readonly _received = new Signal<this, IListMessage>(this);
}
