/** Words for tests. */
import { TranslationBundle } from '@jupyterlab/translation';

const fill = (text: string, values: unknown[]) =>
  values.reduce<string>(
    (told, value, place) => told.replace(`%${place + 1}`, String(value)),
    text
  );
/** English, as a bundle without translations speaks. */
export const ENGLISH = {
  __: (text: string, ...values: unknown[]) => fill(text, values),
  _n: (one: string, many: string, count: number, ...values: unknown[]) =>
    fill(count === 1 ? one : many, [count, ...values])
} as unknown as TranslationBundle;
