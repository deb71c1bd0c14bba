/** A socket that is connected again when it breaks: later each time, and not for a hidden page. */
import { IDisposable } from '@lumino/disposable';
import { Retry } from './retry';

interface ISocketOptions {
  WebSocket: typeof WebSocket;
  /** Where to connect now. */
  url: () => string;
  onOpen?: () => void;
  onMessage: (text: string) => void;
  /** Whether to connect again after this close code. */
  onClose: (code: number) => boolean;
}

/** Connected from construction on, until it is disposed. */
export class LastingSocket implements IDisposable {
  constructor(private readonly _options: ISocketOptions) {
    this._connect();
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Close the socket and connect no more. */
  dispose(): void {
    this._isDisposed = true;
    this._retry.dispose();
    if (this._socket) {
      this._socket.onopen = this._socket.onmessage = this._socket.onclose = null;
      this._socket.close();
      this._socket = null;
    }
  }

  /** Send a text; the socket must be open. */
  send(text: string): void {
    this._socket?.send(text);
  }

  private _connect(): void {
    const socket = new this._options.WebSocket(this._options.url());
    socket.onopen = () => this._options.onOpen?.();
    socket.onmessage = event => {
      this._options.onMessage(String(event.data));
      this._retry.reset();
    };
    socket.onclose = event => {
      if (this._options.onClose(event.code)) {
        this._retry.later(() => this._connect());
      }
    };
    this._socket = socket;
  }

  private _socket: WebSocket | null = null;
  private readonly _retry = new Retry();
  private _isDisposed = false;
}
