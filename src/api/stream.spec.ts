import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket as Socket, WebSocketServer } from 'ws';
import { StreamMessage } from './models';
import { MetricStream, StreamEnd } from './stream';

/** A real server on the loopback that writes down with which cursor each client came. */
class StreamServer {
  readonly cursors: (string | null)[] = [];
  onConnection: (socket: Socket, count: number) => void = () => undefined;

  async listen(): Promise<void> {
    this._sockets.on('connection', (socket, request) => {
      const query = new URL(request.url!, 'http://server').searchParams;
      this.cursors.push(query.get('since'));
      this.onConnection(socket, this.cursors.length);
    });
    await new Promise<void>(done => this._http.listen(0, '127.0.0.1', done));
  }

  stream(cursor = ''): MetricStream {
    const { port } = this._http.address() as AddressInfo;
    return new MetricStream({
      cursor,
      url: since => `ws://127.0.0.1:${port}/?since=${since}`,
      WebSocket: Socket as unknown as typeof WebSocket
    });
  }

  close(): void {
    this._sockets.clients.forEach(client => client.terminate());
    this._http.close();
  }

  private readonly _http: Server = createServer();
  private readonly _sockets = new WebSocketServer({ server: this._http });
}

const send = (socket: Socket, message: object) => socket.send(JSON.stringify(message));
const records = (cursor: string) => ({ kind: 'records', cursor, records: [] });

describe('MetricStream', () => {
  let server: StreamServer;

  beforeEach(async () => {
    server = new StreamServer();
    await server.listen();
  });
  afterEach(() => server.close());

  function finished(stream: MetricStream): Promise<StreamEnd> {
    return new Promise(resolve => stream.closed.connect((_, end) => resolve(end)));
  }

  it('hands out messages in order and ends with the job', async () => {
    server.onConnection = socket => {
      send(socket, records('a'));
      send(socket, records('b'));
      send(socket, { kind: 'end' });
    };
    const stream = server.stream('start');
    const seen: StreamMessage[] = [];
    stream.received.connect((_, message) => seen.push(message));
    expect(await finished(stream)).toBe('ended');
    expect(seen.map(message => message.kind)).toEqual(['records', 'records', 'end']);
    expect(stream.isDisposed).toBe(true);
    expect(server.cursors).toEqual(['start']);
  });

  it('goes on from its last cursor when the connection breaks', async () => {
    server.onConnection = (socket, count) => {
      send(socket, count === 1 ? records('seven') : { kind: 'end' });
      if (count === 1) {
        socket.close(1011);
      }
    };
    expect(await finished(server.stream())).toBe('ended');
    expect(server.cursors).toEqual(['', 'seven']);
  });

  it.each([
    [4404, 'missing'],
    [4422, 'stale']
  ])('does not come back after code %i', async (code, end) => {
    server.onConnection = socket => socket.close(code);
    expect(await finished(server.stream())).toBe(end);
    expect(server.cursors).toHaveLength(1);
  });

  it('is silent once disposed', async () => {
    let left = (): void => undefined;
    const gone = new Promise<void>(resolve => (left = resolve));
    server.onConnection = socket => {
      socket.on('close', left);
      send(socket, records('a'));
    };
    const stream = server.stream();
    await new Promise(resolve => stream.received.connect(resolve));
    stream.dispose();
    await gone;
    expect(server.cursors).toHaveLength(1);
  });
});
