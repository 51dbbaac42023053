// How large the bundles may be: a function starts as fast as what it has to load is small.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noticesOf } from '../../infra/setup/notices.mjs';
import { root } from './example.js';

const dist = join(root, 'dist');

/** The file and all that it imports at load, chunk by chunk; what it imports on demand is left out. */
function loadedAtStart(file: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(file)) return seen;
  if (!existsSync(file)) throw new Error(`${file} is missing; run npm run build`);
  const text = readFileSync(file, 'utf8');
  seen.set(file, text);
  for (const [, path] of text.matchAll(/(?:from|import)\s*"(\.[^"]+)"/g))
    if (path !== undefined) loadedAtStart(join(dirname(file), path), seen);
  return seen;
}

/** All scripts of a folder: name and text. */
function filesOf(folder: string): (readonly [string, string])[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const scripts = names.filter((name) => name.endsWith('.mjs'));
  return scripts.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

function bytesOf(files: ReadonlyMap<string, string>): number {
  return [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

describe('the notices beside the bundles', () => {
  const notices = readFileSync(join(dist, 'THIRD_PARTY_NOTICES'), 'utf8');

  it('name every package that is in a bundle, each with the text of its licence', () => {
    const maps = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.map'),
    );
    const sources = maps.flatMap(
      (name) => JSON.parse(readFileSync(join(dist, name), 'utf8')).sources as string[],
    );
    const packages = new Set(
      sources.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
    );
    expect(packages.size).toBeGreaterThan(20);
    for (const name of packages) expect(notices).toMatch(new RegExp(`^${name} [\\d.]+ \\(.+\\)$`, 'm'));
    expect(notices).toContain('Permission is hereby granted, free of charge');
    expect(notices).toContain('Apache License');
  });

  it('are not made where a package comes without its licence', () => {
    const root = mkdtempSync(join(tmpdir(), 'iri-lb-notices-'));
    try {
      const folder = join('node_modules', 'nameless');
      mkdirSync(join(root, folder), { recursive: true });
      const description = { name: 'nameless', version: '1.0.0', license: 'MIT' };
      writeFileSync(join(root, folder, 'package.json'), JSON.stringify(description));
      expect(() => noticesOf(root, [folder])).toThrow(
        /^nameless \(MIT\) comes without the text of its licence/,
      );
      writeFileSync(join(root, folder, 'LICENSE.txt'), 'Copyright (c) Nobody\n');
      expect(noticesOf(root, [folder])).toContain('nameless 1.0.0 (MIT)\n\nCopyright (c) Nobody\n');
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('what is loaded at start', () => {
  it.each([
    ['watch/index.mjs', 190_000],
    ['resync/index.mjs', 190_000],
    ['forwarder.mjs', 250_000],
    ['node-check.mjs', 30_000],
  ])('of %s is at most %d bytes', (name, budget) => {
    const files = loadedAtStart(join(dist, name));
    expect(bytesOf(files)).toBeLessThanOrEqual(budget);
    expect(bytesOf(files)).toBeGreaterThan(1_000);
  });

  it.each(['watch/index.mjs', 'resync/index.mjs'])('of %s has no SSM client, which it can load', (name) => {
    const text = [...loadedAtStart(join(dist, name)).values()].join('');
    expect(text).toMatch(/import\("\.\/chunks\/[^"]+"\)/);
    expect(text).not.toContain('AmazonSSM');
  });

  it('of the command line has no client of the logs, which it alone can load', () => {
    const marker = 'FilterLogEvents';
    expect([...loadedAtStart(join(dist, 'iri-lb.mjs')).values()].join('')).not.toContain(marker);
    const chunks = filesOf(join(dist, 'chunks')).filter(([, text]) => text.includes(marker));
    expect(chunks.length).toBeGreaterThan(0);
    for (const kind of ['watch', 'resync'])
      expect(filesOf(join(dist, kind)).filter(([, text]) => text.includes(marker))).toEqual([]);
  });

  it('of the command line has nothing of the page, which it alone can load', () => {
    const marker = 'Skip to the pools';
    expect([...loadedAtStart(join(dist, 'iri-lb.mjs')).values()].join('')).not.toContain(marker);
    expect(filesOf(join(dist, 'chunks')).filter(([, text]) => text.includes(marker))).toHaveLength(1);
    for (const kind of ['watch', 'resync'])
      expect(filesOf(join(dist, kind)).filter(([, text]) => text.includes(marker))).toEqual([]);
  });

  // A setting of each kind: of the frontend, the limits, the gateway, and a kind of text.
  it.each(['hstsSubDomains', 'ipv6PrefixBits', 'name the networks of the functions', 'mkpasswd -m sha-256'])(
    'has the settings that only rendering reads in the command line alone: %s',
    (marker) => {
      expect([...loadedAtStart(join(dist, 'iri-lb.mjs')).values()].join('')).toContain(marker);
      // Also what they load on demand.
      for (const kind of ['watch', 'resync'])
        expect(filesOf(join(dist, kind)).filter(([, text]) => text.includes(marker))).toEqual([]);
    },
  );

  it.each(['watch', 'resync'])('of %s has its source map beside it', (kind) => {
    const file = join(dist, kind, 'index.mjs');
    expect(readFileSync(file, 'utf8').trimEnd()).toMatch(/\/\/# sourceMappingURL=index\.mjs\.map$/);
    expect(JSON.parse(readFileSync(`${file}.map`, 'utf8')).sources).toContain(
      `../../functions/${kind}/index.ts`,
    );
  });
});
