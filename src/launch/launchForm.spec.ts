import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDistribution, writeDistribution } from './distributionText';
import {
  allFields,
  asLaunchSchema,
  fieldAtFault,
  IField,
  missingFor
} from '../api/launchSchema';
import { problemOf, problemsOf, readValues, writeValues } from './launchValues';
import { readFlags, writeFlags } from './magicLine';

const TEXT = readFileSync('tests/contract/schema.json', 'utf8');
const SCHEMA = asLaunchSchema((JSON.parse(TEXT) as { examples: unknown[] }).examples[0]);
const { strategies } = fieldOf('distribution');

function fieldOf(name: string): IField {
  return allFields(SCHEMA).find(field => field.name === name)!;
}

describe('the schema', () => {
  it('becomes fields in sections', () => {
    expect(SCHEMA.sections.map(({ title }) => title)).toEqual([
      'Processes and nodes',
      'Script'
    ]);
    expect(fieldOf('launcher')).toMatchObject({ flag: '--launcher', options: LAUNCHERS });
    expect(fieldOf('instance_type')).toMatchObject({ kind: 'text', fallback: 'local' });
    expect(fieldOf('hyperparameters')).toMatchObject({
      kind: 'setting',
      flag: '--hyperparameters',
      entryFlag: '--hp'
    });
  });

  it('says what is missing for a value', () => {
    expect(missingFor(SCHEMA, 'instance_type', 'local_gpu')[0].what).toBe('GPU');
    expect(missingFor(SCHEMA, 'instance_type', 'local')).toEqual([]);
    const missing = [{ what: 'boto3', why: '', affects: { instance_type: ['ml.*'] } }];
    const remote = { ...SCHEMA, missing };
    expect(missingFor(remote, 'instance_type', 'ml.g5.xlarge')).toEqual(missing);
  });

  it('finds the field that a refusal is about', () => {
    const name = (argument: string) => fieldAtFault(SCHEMA, argument)?.name;
    expect(name('--processes')).toBe('processes_per_node');
    expect(name('--hp')).toBe('hyperparameters');
    expect(name('instance_type')).toBe('instance_type');
    expect(name('world_size')).toBe('processes_per_node');
    expect(name('cell')).toBeUndefined();
    expect(name('')).toBeUndefined();
  });

  it('that is something else is refused', () => {
    expect(() => asLaunchSchema({})).toThrow('properties');
  });
});

const LAUNCHERS = ['nursery', 'torchrun', 'mpirun', 'python'];

describe('texts and flags', () => {
  const read = (line: string) =>
    readValues(
      SCHEMA,
      readFlags(line, () => false)
    );

  it('keep what the form does not know', () => {
    const { values, others } = read('--in a,b --processes 4 --hp lr=0.1 --hp on=true');
    expect(values).toEqual({ processes_per_node: '4', hyperparameters: 'lr=0.1\non=true' });
    expect(others).toEqual([{ flag: '--in', text: 'a,b' }]);
  });

  it('are written in the order of the form', () => {
    const values = { hyperparameters: ' lr=0.1 \n\nnote=a b', processes_per_node: '4' };
    const line = writeFlags(writeValues(SCHEMA, values));
    expect(line).toBe("--processes 4 --hp lr=0.1 --hp 'note=a b'");
    expect(read(line).values.hyperparameters).toBe('lr=0.1\nnote=a b');
  });

  it('may hold JSON', () => {
    const values = { hyperparameters: '{"lr": 0.1}' };
    const line = writeFlags(writeValues(SCHEMA, values));
    expect(line).toBe(`--hyperparameters '{"lr": 0.1}'`);
    expect(read(line).values).toEqual(values);
  });

  it.each([
    ['processes_per_node', 'two', 'integer'],
    ['processes_per_node', '0', 'positive'],
    ['processes_per_node', ' 2 ', null],
    ['processes_per_node', '$n', null],
    ['launcher', 'mpiexec', 'option'],
    ['hyperparameters', 'lr', 'pairs'],
    ['hyperparameters', '{lr: 1}', 'json'],
    ['hyperparameters', 'lr=$lr', null],
    ['distribution', '{', 'json'],
    ['distribution', '', null]
  ])('%s=%s: %s', (name, text, problem) => {
    expect(problemOf(fieldOf(name), text)).toBe(problem);
  });

  it('of other kinds are checked, too', () => {
    const kind = (kind: IField['kind'], text: string) =>
      problemOf({ ...fieldOf('instance_type'), kind }, text);
    expect([kind('seconds', '2.5'), kind('seconds', '-1')]).toEqual([null, 'positive']);
    expect([kind('names', 'a,b'), kind('names', 'a,')]).toEqual([null, 'names']);
    expect([kind('sizes', '1, 2'), kind('sizes', '1 2')]).toEqual([null, 'sizes']);
    expect([kind('json', '[1]'), kind('json', 'x')]).toEqual([null, 'json']);
    expect(problemsOf(SCHEMA, { launcher: 'x' })).toEqual([['launcher', 'option']]);
  });
});

describe('a distribution', () => {
  it('is a word where one is enough', () => {
    expect(writeDistribution({ name: 'mpi', parameters: {} }, strategies)).toBe('mpi');
    expect(readDistribution('mpi', strategies)).toEqual({ name: 'mpi', parameters: {} });
    expect(writeDistribution({ name: '', parameters: {} }, strategies)).toBe('');
    expect(readDistribution('', strategies)).toEqual({ name: '', parameters: {} });
  });

  it('carries parameters, and both ways', () => {
    const parameters = { tensor_parallel_degree: '2', ddp: 'on', pipeline: 'simple' };
    const text = writeDistribution({ name: 'modelparallel', parameters }, strategies);
    expect(JSON.parse(text)).toEqual({
      smdistributed: {
        modelparallel: {
          enabled: true,
          parameters: { tensor_parallel_degree: 2, ddp: true, pipeline: 'simple' }
        }
      },
      mpi: { enabled: true }
    });
    expect(readDistribution(text, strategies)).toEqual({ name: 'modelparallel', parameters });
  });

  it('without a word is a dictionary', () => {
    const text = writeDistribution({ name: 'modelparallel-2', parameters: {} }, strategies);
    expect(readDistribution(text, strategies).name).toBe('modelparallel-2');
  });

  it('that no strategy describes is left to the user', () => {
    const custom = ['{"mpi": {"enabled": true, "processes_per_host": 2}}', '{', 'horovod'];
    custom.forEach(text => expect(readDistribution(text, strategies).name).toBe('custom'));
  });
});
