// Holds the word "Pure." at the head of a file: it reaches nothing that acts, and has no clock and no chance.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsIn, ROOT } from './imports.js';

const imports = importsIn('lib');
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const headOf = (file: string): string => sourceOf(file).split('\n', 1)[0] ?? '';
const saysPure = (file: string): boolean => /\b(?:Pure|Types only)\b/.test(headOf(file));
const PURE = [...imports.keys()].filter(saysPure);

/** Modules that compute and do nothing else. */
const HARMLESS = ['valibot', 'cli-table3', 'picocolors', 'node:util', 'node:path', 'node:url'];

/** Everything that a file can reach when it runs, each with the way there. */
function reachable(file: string, seen = new Map<string, string>(), way = file): Map<string, string> {
  if (seen.has(file)) return seen;
  seen.set(file, way);
  for (const { target, isType } of imports.get(file) ?? [])
    if (!isType) reachable(target, seen, `${way} -> ${target}`);
  return seen;
}

describe('a file that says "Pure."', () => {
  it.each(PURE)('%s reaches no module that can do I/O', (file) => {
    const outside = [...reachable(file)]
      .filter(([target]) => !target.startsWith('lib/') && !HARMLESS.includes(target))
      .map(([, way]) => way);
    expect(outside).toEqual([]);
  });

  it.each(PURE)('%s has no clock, no randomness and no global that acts', (file) => {
    const code = sourceOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(code).not.toMatch(
      /\b(?:Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|performance\.|process\.(?:env|exit|std|argv)|crypto\.|fetch\(|console\.|require\()/,
    );
  });
});

it.each([...imports.keys()].filter((file) => /^lib\/(?:model|plan)\//.test(file)))('%s says it', (file) => {
  expect(headOf(file)).toMatch(/\b(?:Pure|Types only)\b/);
});
