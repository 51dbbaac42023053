// Holds the arrow rule: the ground imports nothing above it, adapters stand beside each other, no circles.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Imports, importsIn, ROOT } from './imports.js';
import { circles, wrongArrows } from './rules.js';

const sources = importsIn('lib', 'functions', 'infra');
const lib = importsIn('lib');

describe('the sources', () => {
  it('have no arrow that points the wrong way', () => {
    expect(wrongArrows(sources)).toEqual([]);
  });

  it('have no circle of files or folders', () => {
    expect(circles(lib)).toEqual([]);
  });

  it('have no loose files in lib', () => {
    expect(readdirSync(join(ROOT, 'lib')).filter((name) => name.endsWith('.ts'))).toEqual([]);
  });
});

describe('the rule', () => {
  const graph = (file: string, ...targets: readonly string[]): Imports =>
    new Map([[file, targets.map((target) => ({ target, isType: true }))]]);

  it.each([
    ['lib/plan/pool.ts', 'lib/haproxy/commands.ts'],
    ['lib/plan/pool.ts', 'lib/consul/rows.ts'],
    ['lib/plan/pool.ts', 'lib/iri/tags.ts'],
    ['lib/plan/pool.ts', 'lib/run/reconcile.ts'],
    ['lib/plan/pool.ts', 'valibot'],
    ['lib/model/text.ts', 'lib/config/pools.ts'],
    ['lib/iri/layout.ts', 'lib/config/pools.ts'],
    ['lib/consul/source.ts', 'lib/haproxy/read.ts'],
    ['lib/run/reconcile.ts', 'lib/doctor/doctor.ts'],
    ['lib/cli/render.ts', 'infra/stack/stack.ts'],
    ['lib/run/handler.ts', 'functions/watch/index.ts'],
    ['lib/new/thing.ts', 'lib/model/text.ts'],
    ['lib/loose.ts', 'lib/model/text.ts'],
  ])('refuses that %s imports %s', (file, target) => {
    expect(wrongArrows(graph(file, target))).toEqual([`${file} -> ${target}`]);
  });

  it.each([
    ['lib/plan/pool.ts', 'lib/model/change.ts'],
    ['lib/plan/pool.ts', 'lib/config/pools.ts'],
    ['lib/run/transaction.ts', 'lib/haproxy/write.ts'],
    ['lib/consul/http.ts', 'consul'],
    ['functions/watch/index.ts', 'lib/run/handler.ts'],
    ['infra/local/start.ts', 'lib/model/text.ts'],
  ])('allows that %s imports %s', (file, target) => {
    expect(wrongArrows(graph(file, target))).toEqual([]);
  });

  it('finds a circle of files, and one of folders that no file closes', () => {
    const of = (entries: Readonly<Record<string, readonly string[]>>): Imports =>
      new Map(
        Object.entries(entries).map(([file, targets]) => [
          file,
          targets.map((target) => ({ target, isType: false })),
        ]),
      );
    expect(circles(of({ 'lib/a/x.ts': ['lib/a/y.ts'], 'lib/a/y.ts': ['lib/a/x.ts'] }))).toEqual([
      'lib/a/x.ts -> lib/a/y.ts -> lib/a/x.ts',
    ]);
    const folders = {
      'lib/a/x.ts': ['lib/b/x.ts'],
      'lib/b/x.ts': [],
      'lib/b/y.ts': ['lib/a/y.ts'],
      'lib/a/y.ts': [],
    };
    expect(circles(of(folders))).toEqual(['lib/a -> lib/b -> lib/a']);
  });
});
