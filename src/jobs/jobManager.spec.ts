import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket as Socket } from 'ws';
import { JobsApi } from '../api/api';
import { JobServer, SUMMARY } from '../api/jobServer.testing';
import { IJobSummary } from '../api/models';
import { JobManager } from './jobManager';

const ENDED: IJobSummary = { ...SUMMARY, status: 'Completed' };

interface IQuestion {
  number: number;
  limit: number;
  search: string;
}

/** What the server tells of a list of these jobs; the rows that run are those in progress. */
function news(number: number, names: string[], rows: IJobSummary[], running = names) {
  return JSON.stringify({ number, names, running, total: names.length, rows });
}

describe('the list of jobs', () => {
  let server: JobServer;
  let api: JobsApi;
  let manager: JobManager;

  beforeEach(async () => {
    server = new JobServer();
    api = await server.listen();
    server.answer = () => [200, JSON.stringify({ jobs: [], total: 0, running: [] })];
  });
  afterEach(() => {
    manager.dispose();
    server.close();
  });

  /** Until the list fulfils a condition. */
  function until(isSo: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = () => {
        if (isSo()) {
          manager.changed.disconnect(look);
          resolve();
        }
      };
      manager.changed.connect(look);
      look();
    });
  }

  describe('over a socket', () => {
    let socket: Socket;
    const questions: IQuestion[] = [];
    let rows: IJobSummary[] = [];

    beforeEach(() => {
      questions.length = 0;
      rows = [SUMMARY];
      server.onConnection = made => {
        socket = made;
        made.on('message', text => {
          const question = JSON.parse((text as Buffer).toString()) as IQuestion;
          questions.push(question);
          const names = rows.map(job => job.job_name);
          const running = rows.filter(job => job.status === 'InProgress');
          made.send(
            news(
              question.number,
              names,
              rows,
              running.map(job => job.job_name)
            )
          );
        });
      };
      manager = new JobManager(api);
    });

    it('hears what changes without asking, and says which jobs have ended', async () => {
      await until(() => manager.running.length === 1);
      const told = new Promise(resolve => manager.ended.connect((_, job) => resolve(job)));
      const asked = server.asked.length;
      socket.send(news(1, ['digits-1'], [{ ...SUMMARY, step: 121 }]));
      await until(() => manager.jobs[0].step === 121);
      socket.send(news(1, ['digits-1'], [ENDED], []));
      expect(await told).toEqual(ENDED);
      expect([manager.running, manager.total]).toEqual([[], 1]);
      expect(server.asked.slice(asked)).toEqual([]);
    });

    it('keeps rows that are not told again, and forgets those that are gone', async () => {
      await until(() => manager.running.length === 1);
      const second = { ...ENDED, job_name: 'digits-2' };
      socket.send(news(1, ['digits-2', 'digits-1'], [second], ['digits-1']));
      await until(() => manager.jobs.length === 2);
      expect(manager.jobs).toEqual([second, SUMMARY]);
      socket.send(news(1, ['digits-2'], [], []));
      await until(() => manager.jobs.length === 1);
      expect(manager.jobs).toEqual([second]);
    });

    it('asks anew when it shall be narrowed or longer, and waits for that answer', async () => {
      await until(() => manager.running.length === 1);
      rows = [];
      manager.setFilter({ search: 'a b', sort: 'cost' });
      await until(() => manager.total === 0);
      expect(questions.at(-1)).toMatchObject({ limit: 100, search: 'a b', sort: 'cost' });
      rows = [SUMMARY];
      manager.showMore();
      await manager.refresh();
      expect(manager.total).toBe(1);
      expect(questions.at(-1)).toMatchObject({ limit: 200, number: questions.length });
    });

    it('is asked for while the socket is closed, and heard again on the next', async () => {
      await until(() => manager.running.length === 1);
      const asked = server.asked.length;
      server.onConnection = null;
      server.answer = () => [200, JSON.stringify({ jobs: [ENDED], total: 5, running: [] })];
      const closed = new Promise(resolve => socket.on('close', resolve));
      server.hangUp();
      await closed;
      await manager.refresh();
      await until(() => manager.total === 5);
      expect(server.asked.length).toBeGreaterThan(asked);
      server.onConnection = made => made.send(news(9, ['digits-1'], [SUMMARY]));
      await until(() => manager.running.length === 1);
    });
  });

  describe('without sockets', () => {
    it('says which jobs have ended, also those that it leaves out', async () => {
      let running = [SUMMARY];
      const detail = { summary: ENDED, ranks: [], error: null, estimate: null };
      server.answer = ({ url }) => {
        const list = { jobs: [], total: 0, running };
        return [200, JSON.stringify(url?.includes('jobs/digits-1') ? detail : list)];
      };
      manager = new JobManager(api);
      await manager.refresh();
      expect(manager.running).toHaveLength(1);
      const told = new Promise(resolve => manager.ended.connect((_, job) => resolve(job)));
      running = [];
      await manager.refresh();
      expect(await told).toEqual(ENDED);
      expect(manager.running).toHaveLength(0);
    });

    it('becomes longer, and is narrowed', async () => {
      const list = { jobs: [SUMMARY], total: 150, running: [] };
      server.answer = () => [200, JSON.stringify(list)];
      manager = new JobManager(api);
      await manager.refresh();
      manager.showMore();
      await manager.refresh();
      expect(manager.total).toBe(150);
      expect(server.asked.at(-1)).toContain('limit=200');
      manager.setFilter({ search: 'a' });
      await manager.refresh();
      expect(server.asked.at(-1)).toContain('limit=100&search=a');
    });

    it('says what went wrong', async () => {
      server.answer = () => [500, ''];
      manager = new JobManager(api);
      await manager.refresh().catch(() => undefined);
      expect(manager.problem).toBe('Internal Server Error');
    });
  });
});
