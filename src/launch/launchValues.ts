/** The form's texts <-> the flags of a magic line, and what is wrong with a text. Pure. */
import { IFlagWord } from './magicLine';
import { allFields, IField, ILaunchSchema } from '../api/launchSchema';

/** Property -> text; what is not there, or empty, is left to its default. */
export interface ILaunchValues {
  [name: string]: string;
}

/** Flags as a form shows them: those of its fields, and the others, which it keeps. */
interface IReadLine {
  values: ILaunchValues;
  others: IFlagWord[];
}

/** What can be wrong; the component has the words. */
export type Problem = 'integer' | 'positive' | 'option' | 'json' | 'pairs' | 'names' | 'sizes';

const PAIRS = ['setting', 'variable', 'metric'];
const VARIABLE = /^\$[A-Za-z_]\w*$/;

/** The texts that a line means. */
export function readValues(schema: ILaunchSchema, flags: readonly IFlagWord[]): IReadLine {
  const fields = allFields(schema);
  const values: ILaunchValues = {};
  const others: IFlagWord[] = [];
  for (const word of flags) {
    const field = fields.find(({ flag, entryFlag }) => [flag, entryFlag].includes(word.flag));
    if (!field) {
      others.push(word);
    } else if (field.kind === 'on') {
      values[field.name] = 'on';
    } else {
      const before = PAIRS.includes(field.kind) ? values[field.name] : '';
      values[field.name] = [before, word.text ?? ''].filter(Boolean).join('\n');
    }
  }
  return { values, others };
}

/** The flags that the texts mean, in the form's order. */
export function writeValues(schema: ILaunchSchema, values: ILaunchValues): IFlagWord[] {
  return allFields(schema).flatMap(field => words(field, (values[field.name] ?? '').trim()));
}

/** What is wrong with a text, null when nothing is. */
export function problemOf(field: IField, value: string): Problem | null {
  const text = value.trim();
  if (!text || (VARIABLE.test(text) && !PAIRS.includes(field.kind))) {
    return null;
  }
  switch (field.kind) {
    case 'integer':
      return /^-?\d+$/.test(text) ? below(field, Number(text)) : 'integer';
    case 'seconds':
      return Number(text) > 0 ? null : 'positive';
    case 'json':
      return isJson(text) ? null : 'json';
    case 'distribution':
      return !text.startsWith('{') || isJson(text) ? null : 'json';
    case 'names':
      return text.split(',').every(name => name.trim()) ? null : 'names';
    case 'sizes':
      return /^\d+(\s*,\s*\d+)*$/.test(text) ? null : 'sizes';
    case 'setting':
    case 'variable':
    case 'metric':
      return pairsProblem(text);
    default:
      return field.options.length === 0 || field.options.includes(text) ? null : 'option';
  }
}

/** What is wrong with the texts of a form, by property. */
export function problemsOf(schema: ILaunchSchema, values: ILaunchValues): [string, Problem][] {
  return allFields(schema).flatMap((field): [string, Problem][] => {
    const problem = problemOf(field, values[field.name] ?? '');
    return problem ? [[field.name, problem]] : [];
  });
}

function words(field: IField, text: string): IFlagWord[] {
  if (!text) {
    return [];
  }
  if (field.kind === 'on') {
    return [{ flag: field.flag, text: null }];
  }
  if (PAIRS.includes(field.kind) && !isJsonText(text)) {
    return lines(text).map(line => ({ flag: field.entryFlag, text: line }));
  }
  return [{ flag: field.flag, text }];
}

/** Positive unless the schema knows better: counts of ranks, nodes, bytes. */
function below({ minimum }: IField, value: number): Problem | null {
  return value >= (minimum ?? 1) ? null : 'positive';
}

function pairsProblem(text: string): Problem | null {
  if (isJsonText(text)) {
    return isJson(text) ? null : 'json';
  }
  return lines(text).every(line => /^[^=]+=/.test(line)) ? null : 'pairs';
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
}

function isJsonText(text: string): boolean {
  return /^[{[]/.test(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
