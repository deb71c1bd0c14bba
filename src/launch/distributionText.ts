/** What `--distribution` says <-> a strategy and its parameters. Pure. */
import { IStrategy, IValueSchema } from '../api/launchSchema';

/** A choice of the form. `name` is empty for none, `custom` for what no strategy describes. */
export interface IDistributionChoice {
  name: string;
  /** Parameter -> text. */
  parameters: { [name: string]: string };
}

type Json = { [key: string]: unknown };
const LIBRARY = 'smdistributed';
const MODEL_PARALLEL = 'modelparallel';

/** The choice that a text means. */
export function readDistribution(
  text: string,
  strategies: readonly IStrategy[]
): IDistributionChoice {
  if (!text.trim()) {
    return { name: '', parameters: {} };
  }
  const named = strategies.find(({ word }) => word && word === text.trim());
  if (named) {
    return { name: named.name, parameters: {} };
  }
  const { parameters, rest } = takeParameters(parsed(text));
  const found = strategies.find(({ value }) => stable(value) === stable(rest));
  const isKnown = Object.keys(parameters).every(name => found && name in found.parameters);
  if (!found || !isKnown) {
    return { name: 'custom', parameters: {} };
  }
  const texts = Object.entries(parameters).map(([name, value]) => [name, shown(value)]);
  return { name: found.name, parameters: Object.fromEntries(texts) as Texts };
}

/** The text of a choice. */
export function writeDistribution(
  { name, parameters }: IDistributionChoice,
  strategies: readonly IStrategy[]
): string {
  const strategy = strategies.find(known => known.name === name);
  if (!strategy) {
    return '';
  }
  const given = Object.entries(strategy.parameters).flatMap(([parameter, schema]) => {
    const text = parameters[parameter]?.trim();
    return text ? [[parameter, valueOf(schema, text)]] : [];
  });
  if (given.length === 0 && strategy.word) {
    return strategy.word;
  }
  return JSON.stringify(
    given.length > 0 ? withParameters(strategy.value, given) : strategy.value
  );
}

type Texts = { [name: string]: string };

function valueOf(schema: IValueSchema, text: string): unknown {
  if (schema.type === 'boolean') {
    return text === 'on' || text === 'true';
  }
  return schema.type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text;
}

function shown(value: unknown): string {
  return value === true ? 'on' : typeof value === 'string' ? value : JSON.stringify(value);
}

function withParameters(value: Json, given: unknown[][]): Json {
  const library = value[LIBRARY] as Json;
  const options = {
    ...(library[MODEL_PARALLEL] as Json),
    parameters: Object.fromEntries(given) as Json
  };
  return { ...value, [LIBRARY]: { ...library, [MODEL_PARALLEL]: options } };
}

function takeParameters(value: Json): { parameters: Json; rest: Json } {
  const library = value[LIBRARY] as Json | undefined;
  const options = library?.[MODEL_PARALLEL] as Json | undefined;
  if (!options || typeof options.parameters !== 'object') {
    return { parameters: {}, rest: value };
  }
  const { parameters, ...others } = options;
  const rest = { ...value, [LIBRARY]: { ...library, [MODEL_PARALLEL]: others } };
  return { parameters: parameters as Json, rest };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

/** JSON with sorted keys, for comparing. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort())
      : inner
  );
}
