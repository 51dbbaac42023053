// Which file imports which, read from the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const ROOT = new URL('../../', import.meta.url).pathname;

export interface Import {
  /** A path from the root (`lib/model/text.ts`), or a package's name. */
  readonly target: string;
  /** Types are gone when the code runs. */
  readonly isType: boolean;
}

/** File to its imports. */
export type Imports = ReadonlyMap<string, readonly Import[]>;

/** Of every TypeScript file below these folders. */
export function importsIn(...folders: readonly string[]): Imports {
  return new Map(folders.flatMap(filesIn).map((file) => [file, importsOf(file)]));
}

export function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort();
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\sfrom\s+)?'([^']+)';/gms;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g;

function importsOf(file: string): Import[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const found = [...source.matchAll(STATIC)].map(([, type, names = '', path = '']) => {
    const members = names.replace(/^\{|\}$/g, '').split(',');
    const onlyTypes = /^\{/.test(names) && members.every((name) => /^\s*(?:type\s|$)/.test(name));
    return { path, isType: type !== undefined || onlyTypes };
  });
  for (const [, path = ''] of source.matchAll(DYNAMIC)) found.push({ path, isType: false });
  return found.map(({ path, isType }) => ({ target: targetOf(file, path), isType }));
}

function targetOf(file: string, path: string): string {
  if (!path.startsWith('.')) return path.startsWith('node:') ? path : packageOf(path);
  const target = relative(ROOT, join(ROOT, dirname(file), path.replace(/\.js$/, '.ts')));
  if (!existsSync(join(ROOT, target))) throw new Error(`${file} imports ${path}, which is not there`);
  return target;
}

const packageOf = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
