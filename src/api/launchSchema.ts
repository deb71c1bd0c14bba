/** The launch form's schema: what the server serves, and the fields made from it. Pure. */
import { asList, asObject, checked } from './checks';

/** How a field's text becomes flags. */
type FieldKind =
  | 'text'
  | 'integer'
  | 'seconds'
  | 'json'
  | 'distribution'
  | 'names'
  | 'sizes'
  | 'on'
  | 'setting'
  | 'variable'
  | 'metric';

/** A parameter of a strategy, or the part of a property that tells which values are right. */
export interface IValueSchema {
  type?: string | string[];
  enum?: string[];
  minimum?: number;
  exclusiveMinimum?: number;
  title?: string;
  description?: string;
}

/** One choice for `distribution`. */
export interface IStrategy {
  name: string;
  title: string;
  /** What a line may say instead of the dictionary; empty without one. */
  word: string;
  value: { [key: string]: unknown };
  parameters: { [name: string]: IValueSchema };
}

/** One property of the form. */
export interface IField {
  name: string;
  title: string;
  description: string;
  kind: FieldKind;
  /** `--hyperparameters`, and `--hp` for single entries where there is such a flag. */
  flag: string;
  entryFlag: string;
  options: string[];
  suggestions: string[];
  fallback: string;
  minimum: number | null;
  strategies: IStrategy[];
}

/** Fields under a heading. */
export interface ISection {
  title: string;
  fields: IField[];
}

/** Something that is not on the server's machine, and which values need it. */
interface IMissing {
  what: string;
  why: string;
  affects: { [property: string]: string[] };
}

/** The whole form. */
export interface ILaunchSchema {
  sections: ISection[];
  cpus: number;
  gpus: number;
  missing: IMissing[];
}

type Property = IValueSchema & {
  'x-flags': { flag: string; kind: FieldKind }[];
  'x-strategies'?: IStrategy[];
  default?: unknown;
  examples?: string[];
};

const KIND_OF_TEXT = 'string' as const;
const TITLED = { title: KIND_OF_TEXT };
const ENTRY_KINDS = ['setting', 'variable', 'metric'];

/** The form from `GET schema`. Throws PayloadError. */
export function asLaunchSchema(value: unknown): ILaunchSchema {
  const schema = asObject(value, 'schema');
  const properties = asObject(schema.properties, 'schema: properties');
  const machine = checked(
    schema['x-machine'],
    { cpus: 'number', gpus: 'number' },
    'schema: x-machine'
  );
  const sections = asList(schema['x-sections'], 'schema: x-sections').map(section => {
    const { title, properties: names } = checked(section, TITLED, 'section');
    const fields = asList(names, 'section: properties').map(name =>
      field(String(name), properties[String(name)])
    );
    return { title: title as string, fields };
  });
  return {
    sections,
    cpus: machine.cpus as number,
    gpus: machine.gpus as number,
    missing: asList(machine.missing, 'schema: missing').map(asMissing)
  };
}

/** All fields of a form. */
export function allFields(schema: ILaunchSchema): IField[] {
  return schema.sections.flatMap(section => section.fields);
}

/** What is missing for a value of a field; a pattern that ends with `*` stands for many. */
export function missingFor(
  schema: ILaunchSchema,
  name: string,
  value: string
): readonly IMissing[] {
  const fits = (pattern: string) =>
    pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
  return schema.missing.filter(({ affects }) => affects[name]?.some(fits));
}

/** The field that a refusal is about: its argument is a flag or a keyword. */
export function fieldAtFault(schema: ILaunchSchema, argument: string): IField | undefined {
  // Ranks that do not fit their degrees are counted per node.
  const name = argument === 'world_size' ? 'processes_per_node' : argument;
  const isIts = (field: IField) => [field.name, field.flag, field.entryFlag].includes(name);
  return name ? allFields(schema).find(isIts) : undefined;
}

function field(name: string, value: unknown): IField {
  const property: Partial<Property> = asObject(value, `schema: ${name}`);
  const flags = property['x-flags'] ?? [];
  const entry = flags.find(({ kind }) => ENTRY_KINDS.includes(kind));
  const { default: fallback = '' } = property;
  return {
    name,
    title: property.title ?? name,
    description: property.description ?? '',
    kind: entry?.kind ?? flags[0].kind,
    flag: `--${flags[0].flag}`,
    entryFlag: entry ? `--${flags.filter(({ kind }) => kind === entry.kind).at(-1)!.flag}` : '',
    options: property.enum ?? [],
    suggestions: property.examples ?? [],
    fallback: String(fallback),
    minimum: property.minimum ?? null,
    strategies: property['x-strategies'] ?? []
  };
}

function asMissing(value: unknown): IMissing {
  const fields = checked(value, { what: 'string', why: 'string' }, 'schema: missing');
  asObject(fields.affects, 'schema: affects');
  return fields as unknown as IMissing;
}
