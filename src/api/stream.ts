/** A job's stream: a socket that takes up again where it broke off. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { asStreamMessage } from './guards';
import { StreamMessage } from './models';
import { Retry } from './retry';

/** Why nothing will come any more; `stale`: the cursor is not one of this job's. */
export type StreamEnd = 'ended' | 'missing' | 'stale';

/** Close codes of the server after which connecting again is of no use. */
const FINAL_CODES: { [code: number]: StreamEnd } = { 4404: 'missing', 4422: 'stale' };

/** What a stream needs: where to connect from a cursor on, and what makes sockets. */
export interface IStreamOptions {
  url: (cursor: string) => string;
  cursor: string;
  WebSocket: typeof WebSocket;
}

/** Reads until the end, or until disposed. */
export class MetricStream implements IDisposable {
  constructor(private readonly _options: IStreamOptions) {
    this._cursor = _options.cursor;
    this._connect();
  }

  /** Each message, in order. */
  get received(): ISignal<this, StreamMessage> {
    return this._received;
  }

  /** Once, when nothing will come any more. */
  get closed(): ISignal<this, StreamEnd> {
    return this._closed;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Close the socket and connect no more. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._retry.dispose();
    this._detach();
    Signal.clearData(this);
  }

  private _connect(): void {
    const socket = new this._options.WebSocket(this._options.url(this._cursor));
    socket.onmessage = event => this._onMessage(String(event.data));
    socket.onclose = event => this._onClose(event.code);
    this._socket = socket;
  }

  private _onMessage(text: string): void {
    const message = asStreamMessage(JSON.parse(text));
    this._retry.reset();
    if (message.kind === 'records') {
      this._cursor = message.cursor;
    }
    this._received.emit(message);
    if (message.kind === 'end') {
      this._finish('ended');
    }
  }

  private _onClose(code: number): void {
    if (code in FINAL_CODES) {
      this._finish(FINAL_CODES[code]);
      return;
    }
    this._retry.later(() => this._connect());
  }

  private _finish(end: StreamEnd): void {
    this._detach();
    this._closed.emit(end);
    this.dispose();
  }

  private _detach(): void {
    if (this._socket) {
      this._socket.onmessage = this._socket.onclose = null;
      this._socket.close();
      this._socket = null;
    }
  }

  private _socket: WebSocket | null = null;
  private _cursor: string;
  private readonly _retry = new Retry();
  private _isDisposed = false;
  private readonly _received = new Signal<this, StreamMessage>(this);
  private readonly _closed = new Signal<this, StreamEnd>(this);
}
