// Writes a rendered file without taking a file of somebody else away.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { codeOf, messageOf } from '../model/errors.js';
import { quote } from '../model/text.js';

/**
 * Writes `text`, readable by its owner alone: it can hold password hashes. A file that is there is replaced where
 * it is a rendering itself, or with `force`; what is no file (`/dev/stdout`) is written to. Throws where it is not
 * to be replaced, or cannot be written.
 */
export function writeOut(file: string, text: string, force: boolean): void {
  try {
    if (!force && isForeign(file, text))
      throw new ForeignFile(
        `${quote(file)} is there, and is no rendering of ours; name another file, or say --force`,
      );
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    if (error instanceof ForeignFile) throw error;
    throw new Error(`cannot write ${quote(file)} (${messageOf(error)}); name a file in a folder that exists`);
  }
}

class ForeignFile extends Error {}

function isForeign(file: string, text: string): boolean {
  try {
    if (!statSync(file).isFile()) return false;
    const there = readFileSync(file, 'utf8');
    return there.trim() !== '' && there !== text && !isRendering(there);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** What every rendering begins with, but for the agent's JSON, which has no place for a comment: watches alone, all of ours. */
export function isRendering(text: string): boolean {
  if (/^(?:# \/\S+ \(mode [0-7]+\)\n)?# Rendered by `?iri-lb\b/.test(text)) return true;
  try {
    const { watches, ...others } = JSON.parse(text) as { readonly watches?: unknown };
    return Object.keys(others).length === 0 && Array.isArray(watches) && watches.every(isOurs);
  } catch {
    return false;
  }
}

/** A watch that tells the forwarder. */
function isOurs(watch: unknown): boolean {
  const path = (watch as { http_handler_config?: { path?: unknown } } | null)?.http_handler_config?.path;
  return typeof path === 'string' && /^https?:\/\/[^/]+\/watch\/[^/]+$/.test(path);
}
