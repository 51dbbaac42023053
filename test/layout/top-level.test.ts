// Holds what may lie at the top level: what the README names, and what tools force.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './imports.js';

const OWN = ['README.md', 'functions', 'infra', 'lib', 'package.json', 'test', 'tsconfig.json'];
const FORCED = ['CHANGELOG.md', 'LICENSE', 'biome.json', 'package-lock.json', 'vitest.config.ts'];

it('the top level has nothing else', () => {
  const made = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n');
  const isMade = (name: string): boolean =>
    made.some((line) => line === `${name}/` || (line.startsWith('*') && name.endsWith(line.slice(1))));
  const there = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !isMade(name));
  expect(there.sort()).toEqual([...OWN, ...FORCED].sort());
});
