// Holds the line between pure code and effects: nothing that decides can reach anything that does I/O.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const PURE = [
  ...['model', 'plan'].flatMap((folder) =>
    readdirSync(join(ROOT, 'lib', folder)).map((file) => `lib/${folder}/${file}`),
  ),
  ...['answers', 'commands', 'csv', 'listings', 'read', 'write', 'phases'].map(
    (file) => `lib/haproxy/${file}.ts`,
  ),
  ...['rows', 'trust', 'source'].map((file) => `lib/consul/${file}.ts`),
  ...[
    'reconcile',
    'load-balancer',
    'transaction',
    'turns',
    'shared-reads',
    'made-changes',
    'report',
    'map-bounded',
  ].map((file) => `lib/run/${file}.ts`),
];

/** What a file imports for its values; types are gone when it runs. */
function valueImports(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)';/gms);
  return [...statements].flatMap(([, target]) => target ?? []);
}

/** A file and everything it can reach, with the way there. */
function reachable(file: string, seen = new Map<string, string>(), via = file): Map<string, string> {
  if (seen.has(file)) return seen;
  seen.set(file, via);
  for (const target of valueImports(file)) {
    if (!target.startsWith('.')) {
      seen.set(target, `${via} -> ${target}`);
      continue;
    }
    const next = relative(ROOT, join(ROOT, dirname(file), target.replace(/\.js$/, '.ts')));
    if (!existsSync(join(ROOT, next))) throw new Error(`${file} imports ${target}, which is not there`);
    reachable(next, seen, `${via} -> ${next}`);
  }
  return seen;
}

describe('pure code', () => {
  it.each(PURE)('%s reaches no module that can do I/O', (file) => {
    const outside = [...reachable(file)]
      .filter(([target]) => !target.startsWith('lib/') && target !== 'valibot')
      .map(([, via]) => via);
    expect(outside).toEqual([]);
  });

  it.each(PURE)('%s has no clock, no randomness and no global that acts', (file) => {
    const code = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(code).not.toMatch(
      /\b(?:Date\.now|new Date|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process\.(?!stopping|pid)|crypto\.|fetch\(|console\.|require\()/,
    );
  });
});
