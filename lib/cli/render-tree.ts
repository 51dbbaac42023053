// Writes the files of one host below a folder, and takes away nothing but what an earlier rendering put there.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../model/errors.js';
import { jsonText, quote } from '../model/text.js';
import type { HostTree, ToAdd } from '../render/host/render.js';
import type { HostFile } from '../render/systemd/render.js';

/** What was rendered, by path with the SHA-256 of its text: so that the next rendering knows its own. */
const LIST = '/etc/iri-lb/rendered.json';

export interface Written {
  /** Paths below the folder, as they are on the host. */
  readonly files: readonly string[];
  /** Of an earlier rendering, and of this one no more. */
  readonly removed: readonly string[];
  /** What is not there yet. */
  readonly missing: readonly ToAdd[];
}

/**
 * Writes nothing at all where a file is there that no rendering wrote, or that was changed since; `force`
 * replaces it. Throws with the name of the first such file, and where something cannot be written.
 */
export function writeTree(folder: string, { files, folders, toAdd }: HostTree, force: boolean): Written {
  const earlier = listIn(folder, force);
  for (const { path, text } of files) {
    const there = textAt(folder, path);
    const isOurs = there === undefined || there === text || earlier.get(path) === hashOf(there);
    if (!isOurs && !force) throw refused(path, folder);
  }
  // A link there would be followed.
  for (const path of folders) isThere(folder, `${path}/-`);
  const kept = new Set(files.map(({ path }) => path));
  const removed = [...earlier].filter(([path, hash]) => {
    if (kept.has(path)) return false;
    const there = textAt(folder, path);
    return there !== undefined && hashOf(there) === hash;
  });
  try {
    mkdirSync(folder, { recursive: true });
    for (const path of folders) makeFolders(folder, path, 0o700);
    for (const file of [...files, listOf(files)]) writeFile(folder, file);
    for (const [path] of removed) rmSync(join(folder, path));
  } catch (error) {
    throw new Error(`cannot write ${quote(folder)} (${messageOf(error)}); name a folder of your own`);
  }
  return {
    files: files.map(({ path }) => path),
    removed: removed.map(([path]) => path),
    missing: toAdd.filter(({ path }) => !existsSync(join(folder, path))),
  };
}

function writeFile(folder: string, { path, text, mode }: HostFile): void {
  const file = join(folder, path);
  makeFolders(folder, dirname(path));
  writeFileSync(file, text);
  chmodSync(file, Number.parseInt(mode, 8));
}

/** As the host is to have them, whatever the umask here: our units run as nobody who owns anything. */
function makeFolders(folder: string, path: string, mode = 0o755): void {
  let at = folder;
  for (const name of path.split('/').filter(Boolean)) {
    at = join(at, name);
    if (existsSync(at)) continue;
    mkdirSync(at);
    chmodSync(at, 0o755);
  }
  if (mode !== 0o755) chmodSync(at, mode);
}

function listOf(files: readonly HostFile[]): HostFile {
  const hashes = Object.fromEntries(files.map(({ path, text }) => [path, hashOf(text)]));
  return { path: LIST, mode: '644', text: `${jsonText({ renderedBy: 'iri-lb', files: hashes }, 2)}\n` };
}

/** By path. Throws where the list is not one of ours, unless `force`. */
function listIn(folder: string, force: boolean): ReadonlyMap<string, string> {
  const text = textAt(folder, LIST);
  if (text === undefined) return new Map();
  try {
    const { renderedBy, files } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const entries = Object.entries(files as object).filter(([path, hash]) => isPath(path) && isHash(hash));
    if (renderedBy === 'iri-lb') return new Map(entries);
  } catch {
    // Refused below.
  }
  if (force) return new Map();
  throw refused(LIST, folder);
}

/** A list that somebody wrote names nothing outside the folder. */
const isPath = (path: string): boolean => path.startsWith('/') && !path.split('/').includes('..');
const isHash = (hash: unknown): hash is string => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Undefined where nothing is there. Throws where it, or a folder on the way, is a link or no file. */
function textAt(folder: string, path: string): string | undefined {
  if (!isThere(folder, path)) return undefined;
  if (!lstatSync(join(folder, path)).isFile()) throw refused(path, folder, 'is no file', '');
  return readFileSync(join(folder, path), 'utf8');
}

function isThere(folder: string, path: string): boolean {
  let at = folder;
  const names = path.split('/').filter(Boolean);
  for (const [index, name] of names.entries()) {
    at = join(at, name);
    try {
      const stat = lstatSync(at);
      const isLast = index === names.length - 1;
      if (!isLast && !stat.isDirectory())
        throw refused(path, folder, `lies below ${quote(at)}, no folder`, '');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }
  return true;
}

function refused(
  path: string,
  folder: string,
  why = 'is there, and is not as we rendered it',
  force = ', or say --force',
): Error {
  return new Error(`${quote(join(folder, path), 200)} ${why}; name another folder${force}`);
}
