/** A job's stream: a socket that takes up again where it broke off. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { asStreamMessage } from './guards';
import { LastingSocket } from './lastingSocket';
import { StreamMessage } from './models';

/** Why nothing will come any more; `stale`: the cursor is not one of this job's. */
export type StreamEnd = 'ended' | 'missing' | 'stale';

/** Close codes of the server after which connecting again is of no use. */
const FINAL_CODES: { [code: number]: StreamEnd } = { 4404: 'missing', 4422: 'stale' };

/** What a stream needs: where to connect from a cursor on, and what makes sockets. */
interface IStreamOptions {
  url: (cursor: string) => string;
  cursor: string;
  WebSocket: typeof WebSocket;
}

/** Reads until the end, or until disposed. */
export class MetricStream implements IDisposable {
  constructor({ cursor, url, WebSocket }: IStreamOptions) {
    this._cursor = cursor;
    this._socket = new LastingSocket({
      WebSocket,
      url: () => url(this._cursor),
      onMessage: text => this._onMessage(text),
      onClose: code => this._onClose(code)
    });
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
    return this._socket.isDisposed;
  }

  /** Close the socket and connect no more. */
  dispose(): void {
    this._socket.dispose();
    Signal.clearData(this);
  }

  private _onMessage(text: string): void {
    const message = asStreamMessage(JSON.parse(text));
    if (message.kind === 'records') {
      this._cursor = message.cursor;
    }
    this._received.emit(message);
    if (message.kind === 'end') {
      this._finish('ended');
    }
  }

  private _onClose(code: number): boolean {
    if (code in FINAL_CODES) {
      this._finish(FINAL_CODES[code]);
      return false;
    }
    return true;
  }

  private _finish(end: StreamEnd): void {
    this._socket.dispose();
    this._closed.emit(end);
    this.dispose();
  }

  private readonly _socket: LastingSocket;
  private _cursor: string;
  private readonly _received = new Signal<this, StreamMessage>(this);
  private readonly _closed = new Signal<this, StreamEnd>(this);
}
