import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JobsApi } from './api';
import { JobsApiError } from './connection';
import { JobServer, SUMMARY } from './jobServer.testing';

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
    const plan = { page: 'p', layout, messages: ['m'], plan: {}, estimate: null };
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
});
