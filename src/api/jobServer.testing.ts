/** A real server on the loopback for tests, over HTTP and WebSockets; each test says what it answers. */
import { readFileSync } from 'node:fs';
import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { ServerConnection } from '@jupyterlab/services';
import { WebSocket as Socket, WebSocketServer } from 'ws';
import { JobsApi } from './api';
import { IJobSummary } from './models';

const CONTRACT = JSON.parse(readFileSync('tests/contract/job_summary.json', 'utf8')) as {
  examples: IJobSummary[];
};

/** A job that trains. */
export const [SUMMARY] = CONTRACT.examples;

/** In a browser an error that nobody listens for is none. */
class BrowserSocket extends Socket {
  constructor(url: string) {
    super(url);
    this.on('error', () => undefined);
  }
}

/** Notes all requests but those of sockets, which `onConnection` gets. */
export class JobServer {
  readonly asked: string[] = [];
  answer: (request: IncomingMessage) => [status: number, body: string] = () => [200, '{}'];
  /** Sockets are refused while there is none. */
  onConnection: ((socket: Socket) => void) | null = null;

  /** Serve on a free port, and return a client. */
  async listen(): Promise<JobsApi> {
    this._http.on('upgrade', (request, stream, head) => {
      if (!this.onConnection) {
        stream.destroy();
        return;
      }
      this._sockets.handleUpgrade(request, stream, head, socket => this.onConnection!(socket));
    });
    await new Promise<void>(done => this._http.listen(0, '127.0.0.1', done));
    const { port } = this._http.address() as AddressInfo;
    const host = `127.0.0.1:${port}/user/me/`;
    const settings = ServerConnection.makeSettings({
      baseUrl: `http://${host}`,
      wsUrl: `ws://${host}`,
      token: 'secret',
      appendToken: true,
      fetch: globalThis.fetch,
      WebSocket: BrowserSocket as unknown as typeof WebSocket
    });
    return new JobsApi(settings);
  }

  /** Break all sockets. */
  hangUp(): void {
    this._sockets.clients.forEach(client => client.terminate());
  }

  /** Serve no more. */
  close(): void {
    this.hangUp();
    this._http.close();
  }

  private readonly _sockets = new WebSocketServer({ noServer: true });
  private readonly _http: Server = createServer((request, response) => {
    this.asked.push(`${request.method} ${request.url?.replace(/[?&]\d+$/, '')}`);
    const [status, body] = this.answer(request);
    response.writeHead(status, {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Headers': '*',
      'Access-Control-Allow-Methods': '*'
    });
    response.end(status === 204 ? undefined : body);
  });
}
