import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket as Socket } from 'ws';
import { JobsApi } from './api';
import { JobServer } from './jobServer.testing';
import { ListStream } from './listStream';

const EMPTY = { names: [], running: [], total: 0, rows: [] };

describe('the stream of the list', () => {
  let server: JobServer;
  let api: JobsApi;
  let stream: ListStream;
  const sockets: Socket[] = [];
  let isAnswering = true;

  beforeEach(async () => {
    sockets.length = 0;
    isAnswering = true;
    server = new JobServer();
    api = await server.listen();
    server.onConnection = socket => {
      sockets.push(socket);
      socket.on('message', text => {
        const { number } = JSON.parse((text as Buffer).toString()) as { number: number };
        if (isAnswering) {
          socket.send(JSON.stringify({ number, ...EMPTY }));
        }
      });
    };
  });
  afterEach(() => {
    stream.dispose();
    server.close();
  });

  /** Until the next message. */
  const heard = () => new Promise(resolve => stream.received.connect(resolve));

  it('connects anew when a question is not answered: the connection may be dead', async () => {
    stream = new ListStream(api, () => ({}), 100);
    await heard();
    expect([stream.isLive, await stream.ask()]).toEqual([true, true]);
    isAnswering = false;
    expect(await stream.ask()).toBe(false);
    expect(stream.isLive).toBe(false);
    isAnswering = true;
    await until(() => sockets.length === 2);
    sockets[1].send(JSON.stringify({ number: 9, ...EMPTY }));
    await until(() => stream.isLive);
  });

  it('is silent while the page is hidden, and back when it is seen', async () => {
    stream = new ListStream(api, () => ({}));
    await heard();
    const left = new Promise(resolve => sockets[0].on('close', resolve));
    hide(true);
    await left;
    expect([stream.isLive, await stream.ask()]).toEqual([false, false]);
    hide(false);
    await until(() => stream.isLive);
    expect(sockets).toHaveLength(2);
  });
});

function hide(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
