import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The rooms of src/ from the bottom up; docs/architecture.md says what each is for. */
const ROOMS = [
  ['api', 'ui'],
  ['charts'],
  ['jobs'],
  ['logs', 'ranks', 'stages', 'study', 'launch'],
  ['compare', 'notebook', 'output', 'page'],
  ['panel'],
  ['.']
];

const SRC = 'src';
const IMPORT = /from '(\.[^']*)'/g;

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap(name => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      return sources(path);
    }
    return /(?<!\.spec|\.testing)\.tsx?$/.test(name) ? [path] : [];
  });
}

/** File -> the files it imports, type-only imports included. */
const GRAPH = new Map(
  sources(SRC).map(path => {
    const targets = [...readFileSync(path, 'utf8').matchAll(IMPORT)].map(([, name]) =>
      join(dirname(path), name)
    );
    return [path.replace(/\.tsx?$/, ''), targets] as const;
  })
);

function room(path: string): string {
  return relative(SRC, dirname(path)) || '.';
}

function floor(path: string): number {
  return ROOMS.findIndex(rooms => rooms.includes(room(path)));
}

/** The first circle that leads back to a file that is under way. */
function circle(path: string, way: readonly string[], known: Set<string>): string[] {
  if (way.includes(path)) {
    return [...way.slice(way.indexOf(path)), path];
  }
  if (known.has(path)) {
    return [];
  }
  known.add(path);
  const next = (GRAPH.get(path) ?? []).map(target => circle(target, [...way, path], known));
  return next.find(found => found.length > 0) ?? [];
}

describe('the rooms of src/', () => {
  it('are all known here', () => {
    expect([...GRAPH.keys()].filter(path => floor(path) < 0)).toEqual([]);
  });

  it('import downwards only, and never from a room on the same floor', () => {
    const wrong = [...GRAPH].flatMap(([path, targets]) =>
      targets
        .filter(target => room(path) !== room(target) && floor(target) >= floor(path))
        .map(target => `${path} -> ${target}`)
    );
    expect(wrong).toEqual([]);
  });

  it('have no circle of imports', () => {
    const known = new Set<string>();
    const circles = [...GRAPH.keys()].map(path => circle(path, [], known));
    expect(circles.filter(found => found.length > 0)).toEqual([]);
  });

  it('are read whole: what is imported is there', () => {
    const missing = [...GRAPH.values()].flat().filter(target => !GRAPH.has(target));
    expect(missing).toEqual([]);
  });
});
