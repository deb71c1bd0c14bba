/** What a job ran in, as rows of tables. Pure. */
import { IConditions, IVariables } from '../api/environmentModels';

/** Packages that decide how training goes; those that are there come first. */
const HEADLINES = ['torch', 'numpy', 'transformers', 'jupyter-sdt'];

/** Interpreter and the packages people ask for first, by name. */
export function headlines({
  python,
  implementation,
  packages
}: IConditions): [string, string][] {
  const known = HEADLINES.filter(name => name in packages);
  return [
    [implementation, python],
    ...known.map((name): [string, string] => [name, packages[name]])
  ];
}

/** Names and values that hold a text, in order; all of them for an empty one. */
export function fitting(pairs: IVariables, text: string): [string, string][] {
  const wanted = text.trim().toLowerCase();
  return Object.entries(pairs).filter(pair =>
    pair.some(part => part.toLowerCase().includes(wanted))
  );
}

/** Packages as lines of a requirements file. */
export function requirements(packages: IVariables): string {
  return Object.entries(packages)
    .map(([name, version]) => `${name}==${version}\n`)
    .join('');
}
