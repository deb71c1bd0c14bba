/** What every check at the border is made of. */

export type Fields = { [key: string]: unknown };
export type Kind = 'string' | 'number' | 'boolean' | 'number?' | 'string?';

/** Something else arrived than agreed: server and front end are of different versions. */
export class PayloadError extends Error {}

/** The value as an object. Throws PayloadError. */
export function asObject(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PayloadError(`${what} is not an object`);
  }
  return value as Fields;
}

/** The value as a list. Throws PayloadError. */
export function asList(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) {
    throw new PayloadError(`${what} is not a list`);
  }
  return value;
}

/** The value as a list of texts. Throws PayloadError. */
export function asTexts(value: unknown, what: string): string[] {
  const found = asList(value, what);
  if (!found.every(isString)) {
    throw new PayloadError(`${what} are not texts`);
  }
  return found;
}

/** The value as a check returns it; null where there is none. */
export function orNull<T>(check: (value: unknown) => T, value: unknown): T | null {
  return value === null || value === undefined ? null : check(value);
}

/** An object with these keys of these kinds. Throws PayloadError. */
export function checked(value: unknown, kinds: { [key: string]: Kind }, what: string): Fields {
  const fields = asObject(value, what);
  for (const [key, kind] of Object.entries(kinds)) {
    const optional = kind.endsWith('?') && (fields[key] ?? null) === null;
    if (!optional && typeof fields[key] !== kind.replace('?', '')) {
      throw new PayloadError(`${what}: ${key} is ${typeof fields[key]}, not ${kind}`);
    }
  }
  return fields;
}

/** Whether it is a text. */
function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether it is a number. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

/** Whether it is a number, or none is known. */
export function isNumberOrNull(value: unknown): value is number | null {
  return value === null || typeof value === 'number';
}
