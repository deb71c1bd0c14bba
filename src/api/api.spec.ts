import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobsApi, JobsApiError } from './api';
import { JobManager } from '../jobs/jobManager';
import { IJobSummary } from './models';

const SUMMARY: IJobSummary = {
  job_name: 'digits-1',
  status: 'InProgress',
  secondary_status: 'Training',
  failure_reason: '',
  created_seconds: 1,
  started_seconds: 2,
  ended_seconds: null,
  elapsed_seconds: 3,
  world_size: 2,
  instance_type: 'local',
  instance_count: 1,
  launcher: 'nursery',
  step: 1,
  total_steps: null,
  loss: null,
  samples_per_second: null,
  study_name: null,
  source: 'notebook',
  deadline_seconds: null
};

/** A real server on the loopback; what it answers is set by each test. */
class JobServer {
  readonly asked: string[] = [];
  answer: (request: IncomingMessage) => [status: number, body: string] = () => [200, '{}'];

  async listen(): Promise<JobsApi> {
    await new Promise<void>(done => this._http.listen(0, '127.0.0.1', done));
    const { port } = this._http.address() as AddressInfo;
    const host = `127.0.0.1:${port}/user/me/`;
    const settings = ServerConnection.makeSettings({
      baseUrl: `http://${host}`,
      wsUrl: `ws://${host}`,
      token: 'secret',
      appendToken: true,
      fetch: globalThis.fetch
    });
    return new JobsApi(settings);
  }

  close(): void {
    this._http.close();
  }

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

describe('JobsApi', () => {
  let server: JobServer;
  let api: JobsApi;

  beforeEach(async () => {
    server = new JobServer();
    api = await server.listen();
  });
  afterEach(() => server.close());

  it('asks below the base URL', async () => {
    const list = { jobs: [SUMMARY], total: 7, running: [] };
    server.answer = () => [200, JSON.stringify(list)];
    expect(await api.list({ limit: 5, status: '', search: 'a b' })).toEqual(list);
    expect(server.asked).toEqual(['GET /user/me/jupyter-sdt/jobs?limit=5&search=a+b']);
  });

  it('keeps names of jobs from becoming paths', async () => {
    server.answer = () => [200, JSON.stringify(SUMMARY)];
    await api.stop('../x?y');
    expect(server.asked).toEqual(['POST /user/me/jupyter-sdt/jobs/..%2Fx%3Fy/stop']);
  });

  it('tells what the server said', async () => {
    const body = { message: "no job 'x'", hint: "did you mean 'y'?", argument: '' };
    server.answer = () => [404, JSON.stringify(body)];
    const refused = await api.detail('x').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(JobsApiError);
    expect(refused).toMatchObject({
      status: 404,
      message: "no job 'x' (did you mean 'y'?)"
    });
  });

  it('does not choke on an answer that is no JSON', async () => {
    server.answer = () => [502, '<h1>Bad gateway</h1>'];
    await expect(api.list()).rejects.toThrow('Bad Gateway');
  });

  it('refuses what was not agreed', async () => {
    server.answer = () => [
      200,
      JSON.stringify({ jobs: [{ job_name: 1 }], total: 1, running: [] })
    ];
    await expect(api.list()).rejects.toThrow('job_name');
  });

  it('takes an answer without a body', async () => {
    server.answer = () => [204, ''];
    await expect(api.remove('a')).resolves.toBeUndefined();
  });

  it('streams from a cursor with the token', () => {
    const url = new URL(api.streamUrl('a', 'x~y:1'));
    expect(url.pathname).toBe('/user/me/jupyter-sdt/jobs/a/stream');
    expect(Object.fromEntries(url.searchParams)).toEqual({ since: 'x~y:1', token: 'secret' });
  });

  it('plans a draft, and throws what the server says about it', async () => {
    const layout = [
      { rank: 0, node: 'algo-1', local_rank: 0, data_rank: 0, pipeline_rank: 0, tensor_rank: 0 }
    ];
    const plan = { page: 'p', layout, messages: ['m'], plan: {} };
    server.answer = () => [200, JSON.stringify(plan)];
    expect(await api.plan({ cell: 'x' })).toEqual(plan);
    expect(server.asked).toEqual(['POST /user/me/jupyter-sdt/plan?draft=1']);
    const refusal = { message: 'no such flag', hint: '', argument: '--x' };
    server.answer = () => [200, JSON.stringify({ refusal })];
    const refused = await api.plan({ cell: 'x' }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: 'no such flag', argument: '--x' });
  });

  it('deletes with undo, restores, runs again and clones', async () => {
    server.answer = () => [
      200,
      JSON.stringify({ ...SUMMARY, cell: '%%sdt_train', messages: [] })
    ];
    await api.remove('a', 15);
    await api.restore('a');
    await api.rerun('a');
    expect((await api.cell('a')).cell).toBe('%%sdt_train');
    expect(server.asked.map(asked => asked.replace('/user/me/jupyter-sdt/', ''))).toEqual([
      'DELETE jobs/a?undo_seconds=15',
      'POST jobs/a/restore',
      'POST jobs/a/rerun',
      'GET jobs/a/cell'
    ]);
  });

  it('lets the manager say which jobs have ended, also those that the list leaves out', async () => {
    let running = [SUMMARY];
    const ended = { ...SUMMARY, status: 'Completed' };
    const detail = { summary: ended, ranks: [], error: null };
    server.answer = ({ url }) => {
      const list = { jobs: [], total: 0, running };
      return [200, JSON.stringify(url?.includes('jobs/digits-1') ? detail : list)];
    };
    const manager = new JobManager(api);
    await manager.refresh();
    expect(manager.running).toHaveLength(1);
    const told = new Promise(resolve => manager.ended.connect((_, job) => resolve(job)));
    running = [];
    await manager.refresh();
    expect(await told).toEqual(ended);
    expect(manager.running).toHaveLength(0);
    manager.dispose();
  });

  it('lets the manager show more', async () => {
    server.answer = () => [200, JSON.stringify({ jobs: [SUMMARY], total: 150, running: [] })];
    const manager = new JobManager(api);
    await manager.refresh();
    manager.showMore();
    await manager.refresh();
    expect(manager.total).toBe(150);
    expect(server.asked.at(-1)).toContain('limit=200');
    manager.setFilter({ search: 'a' });
    await manager.refresh();
    expect(server.asked.at(-1)).toContain('limit=100&search=a');
    manager.dispose();
  });

  it('lets the manager say what went wrong', async () => {
    server.answer = () => [500, ''];
    const manager = new JobManager(api);
    await manager.refresh().catch(() => undefined);
    expect(manager.problem).toBe('Internal Server Error');
    manager.dispose();
  });
});
