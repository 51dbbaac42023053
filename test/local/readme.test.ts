// README says what is true: its tables are those of the code, and its blocks are run, here or by another test.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { LOCAL_NETWORKS } from '../../infra/local/networks.js';
import { ENVIRONMENT } from '../../lib/cli/environment-help.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { commandLine } from '../cli/command-line.js';
import { waitForHealth } from '../cli/rig.js';
import { runProgram } from '../cli/run-program.js';
import { commandsIn } from './documented.js';
import { blocksOf } from './readme-blocks.js';
import { withTables } from './readme-tables.js';
import { configSettings, haproxySettings } from './settings-table.js';

const ROOT = join(import.meta.dirname, '..', '..');
const FILE = join(ROOT, 'README.md');
const README = readFileSync(FILE, 'utf8');
const BLOCKS = blocksOf(README);

/** Whose test types a section as it stands. */
const SECTIONS: Readonly<Record<string, string>> = {
  'Your own service in five minutes': 'test/cli/stranger.test.ts',
};

describe('the first screen of README', () => {
  it('has what it is, for whom, what it is not, the others, and both commands', () => {
    const screen = README.split('\n').slice(0, 50).join('\n');
    for (const said of ['**For whom**', '**What it is not**', '**Is AWS needed?** No.', 'consul-template'])
      expect(screen).toContain(said);
    for (const command of ['start', 'test'])
      expect(screen).toMatch(new RegExp(`\\$ npm ${command}\\n(?:.+\\n)+\`\`\``));
  });
});

describe('the tables of README', () => {
  it('are those of the code: `npx vitest run test/local/readme.test.ts -u` writes them', async () => {
    await expect(withTables(README)).toMatchFileSnapshot(FILE);
  });

  it('have every variable that settings are read from', () => {
    const read = ['environment', 'consul-environment'].flatMap((file) => {
      const text = readFileSync(join(ROOT, 'lib', 'config', `${file}.ts`), 'utf8');
      return [...text.matchAll(/(?:env\.|')([A-Z]+_[A-Z_]+)\b/g)].map(([, name = '']) => name);
    });
    const told = ENVIRONMENT.flatMap(({ names }) => names);
    expect([...new Set(read)].filter((name) => !told.includes(name))).toEqual([]);
    expect(read.length).toBeGreaterThan(15);
  });

  it('have every setting', () => {
    expect(configSettings().length).toBeGreaterThan(20);
    expect(haproxySettings().length).toBeGreaterThan(60);
  });

  const [, phrases = ''] = /<!-- phrases.*-->\n([\s\S]*?)<!-- end of phrases -->/.exec(README) ?? [];
  const said = phrases
    .split('\n')
    .slice(2)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, phrase = '']) => phrase));

  it.each(said)('name what the sources say: %s', (phrase) => {
    expect(SOURCES).toContain(phrase);
  });

  it('name some', () => {
    expect(said.length).toBeGreaterThan(8);
  });
});

const SOURCES = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(ROOT, 'lib', file), 'utf8'))
  .join('\n');

describe('a block of README', () => {
  it.each(BLOCKS.map((block) => [block.place, block] as const))(
    'at line %s is run, or says why not',
    (_place, block) => {
      const { ran = { by: SECTIONS[block.heading] ?? '' } } = block;
      if ('not' in ran) expect(ran.not.length).toBeGreaterThan(20);
      else expect(ran.by).toMatch(/^test\/.+\.test\.ts$/);
      // The section's own test comes with the section.
      if ('by' in ran && block.ran) expect(existsSync(join(ROOT, ran.by))).toBe(true);
    },
  );

  const own = BLOCKS.filter(({ ran }) => ran && 'by' in ran && ran.by === 'test/local/readme.test.ts');

  it.each(own.filter(({ kind }) => kind === 'json').map(({ place, text }) => [place, text]))(
    'at line %s is a configuration, of which all is rendered',
    async (_place, text) => {
      for (const what of ['haproxy', 'consul', 'policy', 'systemd'])
        expect(await runProgram(['render', what], { LB_CONFIG: text })).toMatchObject({ status: 0 });
      const { out } = await runProgram(['render', 'haproxy'], { LB_CONFIG: text });
      expect(out).toMatch(/backend web\n[\s\S]*maxconn 100 [\s\S]*server-template web 1-50 /);
    },
  );

  it.each(own.filter(({ kind }) => kind === 'sh').map(({ place, text }) => [place, text]))(
    'at line %s does what it says, with a real Consul',
    async (_place, text) => {
      const answers = commandLine({ env: { CONSUL_HTTP_ADDR: consul.url, LB_CONFIG }, answer: true });
      for (const [, node = '', ...words] of commandsIn(text)) {
        expect(node).toBe('node');
        if (words[0] === 'check') await waitForHealth(consul, here('10.0.0.6:80'), 'passing', 'web');
        const { status, err } = await answers.run(
          ...[...words.map(here), ...(words.includes('--http') ? EVERY : [])],
        );
        expect([words.join(' '), status, err]).toEqual([words.join(' '), 0, '']);
      }
      expect(answers.asked).toHaveLength(1);
      const left = (await consul.request('GET', '/v1/agent/services')) as object;
      expect(Object.keys(left)).toHaveLength(2);
    },
  );

  /** Sooner than every 30 s: the test waits for it. */
  const EVERY = ['--check-interval', '1s'];
  const LB_CONFIG = JSON.stringify({
    pools: [...iriLayout.pools, { backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] }],
    networks: LOCAL_NETWORKS,
  });
  let harness: Harness;
  let consul: Consul;
  let port: string;
  /** README's hosts are all on this machine; its port 80 is ours. */
  const here = (word: string): string =>
    word.replace(/^10\.0\.0\.(?=[0-9])/, '127.0.0.').replace(/(^|:)80$/, `$1${port}`);

  beforeAll(async () => {
    harness = await startHarness();
    consul = await startConsul(harness, { acls: false, scriptChecks: 'api' });
    const web = createServer((_request, answer) => void answer.end('ok'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.6', resolve));
    harness.onClose(() => void web.close());
    port = String((web.address() as AddressInfo).port);
  }, 120_000);
  afterAll(() => harness.close());
});
