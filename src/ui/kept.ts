/** What a part of a page remembers while another part is shown in its place. */
import * as React from 'react';

/** By key; a widget has one for its components. */
export type Kept = Map<string, unknown>;

export const KeptContext = React.createContext<Kept>(new Map());

/** State that is there again when the component comes back. */
export function useKept<T>(key: string, initial: T): [T, (value: T) => void] {
  const kept = React.useContext(KeptContext);
  const [value, setValue] = React.useState((kept.get(key) as T | undefined) ?? initial);
  const keep = React.useCallback(
    (next: T) => {
      kept.set(key, next);
      setValue(next);
    },
    [kept, key]
  );
  return [value, keep];
}
