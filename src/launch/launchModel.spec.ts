import { readFileSync } from 'node:fs';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IStartRequest, JobsApi } from '../api/api';
import { JobsApiError } from '../api/connection';
import { ICellAtHand, ICells } from './cells';
import { asLaunchSchema } from '../api/launchSchema';
import { LaunchModel } from './launchModel';
import { IJobSummary } from '../api/models';
import { IPlanReply } from '../api/replies';

const TEXT = readFileSync('tests/contract/schema.json', 'utf8');
const SCHEMA = asLaunchSchema((JSON.parse(TEXT) as { examples: unknown[] }).examples[0]);
const PLAN: IPlanReply = { page: 'p', layout: [], messages: [], estimate: null };

/** A notebook of one cell. */
class OneCell implements ICells {
  changed = new Signal<this, void>(this);
  hasKernel = true;
  runs = 0;

  constructor(public cell: ICellAtHand | null) {}

  read(): ICellAtHand | null {
    return this.cell;
  }

  write(source: string): void {
    this.cell = { ...this.cell!, source };
    this.changed.emit();
  }

  run(): Promise<boolean> {
    this.runs += this.hasKernel ? 1 : 0;
    return Promise.resolve(this.hasKernel);
  }
}

/** What the server would say, without one: api.spec.ts asks a real one. */
class SayingApi {
  readonly planned: IStartRequest[] = [];
  readonly started: IStartRequest[] = [];
  refusal: JobsApiError | null = null;
  schemas = 0;

  schema() {
    this.schemas += 1;
    return Promise.resolve(SCHEMA);
  }

  plan(request: IStartRequest): Promise<IPlanReply> {
    this.planned.push(request);
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve(PLAN);
  }

  start(request: IStartRequest) {
    this.started.push(request);
    return Promise.resolve({ job_name: 'a' } as IJobSummary);
  }
}

describe('the launch form', () => {
  let cells: OneCell;
  let api: SayingApi;
  let model: LaunchModel;

  const settled = () =>
    new Promise<void>(done => {
      const look = () => (model.isPlanning ? setTimeout(look, 5) : done());
      look();
    });

  beforeEach(async () => {
    cells = new OneCell({ source: 'x = 1\n', notebook: 'work/a.ipynb' });
    api = new SayingApi();
    const defaults = () => ({ processes_per_node: '2', launcher: '' });
    model = new LaunchModel({ api: api as unknown as JobsApi, cells, defaults });
    await model.show();
    await settled();
  });
  afterEach(() => model.dispose());

  it('begins with the defaults and plans the cell below the flags', () => {
    const cell = '%%sdt_train --processes 2\nx = 1\n';
    expect(api.planned).toEqual([{ cell, notebook: 'work/a.ipynb' }]);
    expect([model.plan, model.isReady]).toEqual([PLAN, true]);
  });

  it('asks for the schema once, whoever shows the form meanwhile', async () => {
    const other = new LaunchModel({
      api: api as unknown as JobsApi,
      cells,
      defaults: () => ({})
    });
    await Promise.all([other.show(), other.show('train.py')]);
    await other.show();
    expect(api.schemas).toBe(2); // the other model's, and one of this
    other.dispose();
  });

  it('plans once when several fields change quickly', async () => {
    model.set('processes_per_node', '3');
    model.set('processes_per_node', '4');
    expect(model.isReady).toBe(false);
    await settled();
    expect(api.planned).toHaveLength(2);
    expect(api.planned[1].cell).toContain('--processes 4');
  });

  it('asks nobody about what cannot be right', async () => {
    model.set('processes_per_node', 'two');
    await settled();
    expect(api.planned).toHaveLength(1);
    expect(model.faults.processes_per_node.problem).toBe('integer');
    expect([model.plan, model.isReady]).toEqual([null, false]);
  });

  it('shows a refusal beside its field', async () => {
    api.refusal = new JobsApiError(200, 'too many', '', '--hp');
    model.set('hyperparameters', 'a=1');
    await settled();
    expect(model.faults.hyperparameters.message).toBe('too many');
    expect([model.problem, model.isReady]).toEqual(['', false]);
  });

  it('shows a refusal of no field above all', async () => {
    api.refusal = new JobsApiError(200, 'line 2: no', '', 'cell');
    model.set('hyperparameters', 'a=1');
    await settled();
    expect([model.problem, model.faults]).toEqual(['line 2: no', {}]);
  });

  it('lets the kernel have what the server cannot know', async () => {
    api.refusal = new JobsApiError(200, '$lr lives in the kernel', '', '$lr');
    model.set('hyperparameters', 'lr=$lr');
    await settled();
    expect([model.isForKernel, model.isReady]).toEqual([true, true]);
    expect([model.problem, model.faults]).toEqual(['', {}]);
  });

  it('takes the flags of a training cell, and keeps those it does not know', async () => {
    cells.write('%%sdt_train --processes 4 --in data --no-wait\nx');
    await settled();
    expect(model.values.processes_per_node).toBe('4');
    model.set('launcher', 'torchrun');
    model.writeCell();
    expect(cells.cell?.source).toBe(
      '%%sdt_train --processes 4 --launcher torchrun --in data --no-wait\nx'
    );
  });

  it('runs the cell in its notebook', async () => {
    expect(await model.start()).toBeNull();
    expect(cells.cell?.source).toBe('%%sdt_train --processes 2\nx = 1\n');
    expect([cells.runs, api.started]).toEqual([1, []]);
  });

  it('has the server start it where there is no kernel', async () => {
    cells.hasKernel = false;
    expect((await model.start())?.job_name).toBe('a');
    expect(api.started[0].notebook).toBe('work/a.ipynb');
  });

  it('starts a script by its path, named once', async () => {
    model.set('hyperparameters', 'lr=1');
    model.choose('file', ' my script.py ');
    await settled();
    const line = "%%sdt_train --processes 2 --entry-point 'my script.py' --hp lr=1\n";
    expect(api.planned.at(-1)!.cell).toBe(line);
    await model.start();
    expect(cells.runs).toBe(0);
    expect(api.started).toHaveLength(1);
  });

  it('cannot start without a cell or a path', async () => {
    cells.cell = null;
    cells.changed.emit();
    await settled();
    expect(model.isReady).toBe(false);
    model.choose('file', '');
    await settled();
    expect(model.isReady).toBe(false);
  });
});
