// Every command in README, guide and runbook is one that there is: ours by our own command line, Consul's by Consul.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { consulBin } from '../../infra/local/programs.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { idleProgram } from '../cli/program-of.js';
import { runProgram } from '../cli/run-program.js';
import { blocksIn, commandsIn, DOCUMENTS, functionsIn, spansIn } from './documented.js';

const { scripts, devDependencies } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
) as Readonly<Record<'scripts' | 'devDependencies', Readonly<Record<string, string>>>>;

/** What a Debian host, or the guide's list of what is needed, has. */
const OF_THE_HOST =
  'aws cat chmod cp diff echo export git haproxy install kill mkdir node openssl printf rm scp sed ssh systemctl tar umask'.split(
    ' ',
  );
/** Packages that npx fetches, and that nothing here needs. */
const FETCHED = ['aws-cdk'];
/** Of systemd: verbs, and the units that are there or that `render systemd` makes. */
const VERBS = ['daemon-reload', 'edit', 'enable', 'reload', 'restart', 'start', 'status', 'stop'];
const UNITS = ['haproxy', 'consul', 'iri-lb-gateway', 'iri-lb-forwarder'];

const blocks = DOCUMENTS.flatMap(blocksIn);
const spans = DOCUMENTS.flatMap(spansIn);
const documented = [...blocks, ...spans].flatMap(({ place, text }) =>
  commandsIn(text).map((words) => ({ place, words, own: functionsIn(text) })),
);
const of = (program: string) => documented.filter(({ words }) => words[0] === program);
const named = (list: typeof documented) =>
  list.map(({ place, words }) => [`${place} ${words.join(' ')}`, words] as const);

/** Why our command line does not take it; undefined: it does. Nothing is done. */
async function refusalOf(args: readonly string[]): Promise<string | undefined> {
  const { program, said } = idleProgram();
  return program.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (error: unknown) => `${said.join('\n')} ${error}`,
  );
}

describe('a block of the documentation', () => {
  it.each(blocks.map(({ place, text }) => [place, text]))('%s is shell', (_place, text) => {
    expect(spawnSync('sh', ['-n', '-c', text], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('has no command that nobody knows', () => {
    const known = [...OF_THE_HOST, 'iri-lb', 'npm', 'npx', 'consul', 'curl'];
    const unknown = documented.filter(({ words: [name = ''], own }) => ![...known, ...own].includes(name));
    expect(unknown).toEqual([]);
    expect(documented.length).toBeGreaterThan(80);
  });
});

describe('our own command', () => {
  const ours = [
    ...of('iri-lb'),
    ...of('npx').flatMap((one) =>
      one.words[1] === 'iri-lb' && one.words.length > 2 ? [{ ...one, words: one.words.slice(1) }] : [],
    ),
  ];

  it.each(named(ours))('%s is taken', async (_name, words) => {
    expect(await refusalOf(words.slice(1))).toBeUndefined();
  });

  const pool = { backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] };
  const env = { LB_CONFIG: JSON.stringify({ pools: [...iriLayout.pools, pool] }) };
  const added = ours.filter(({ words }) => words[2] === 'add' && words.includes('--address'));

  it.each(named(added))('%s registers something', async (_name, words) => {
    expect(await runProgram([...words.slice(1), '--print'], env)).toMatchObject({ status: 0, err: '' });
  });

  it('is found, and one that there is not is refused', async () => {
    expect(added.length).toBeGreaterThan(2);
    expect(ours.length).toBeGreaterThan(40);
    expect(await refusalOf(['node', 'forget', 'x'])).toContain("unknown command 'forget'");
    expect(await refusalOf(['render', 'haproxy', '--into', 'x'])).toContain("unknown option '--into'");
  });
});

describe('a command of npm', () => {
  it.each(named([...of('npm'), ...of('npx')]))('%s is there', (_name, [npm, first = '', second = '']) => {
    if (npm === 'npx')
      expect(['iri-lb', ...FETCHED, ...Object.keys(devDependencies)]).toContain(first.replace(/@.*/, ''));
    else if (first === 'run') expect(Object.keys(scripts)).toContain(second);
    else expect(['ci', ...Object.keys(scripts)]).toContain(first);
  });
});

describe('a command of systemd', () => {
  it.each(named(of('systemctl')))(
    '%s is of a verb and a unit that are there',
    (_name, [, verb = '', ...rest]) => {
      expect(VERBS).toContain(verb);
      for (const unit of rest.filter((word) => !word.startsWith('-'))) expect(UNITS).toContain(unit);
    },
  );
});

/** What `consul … -help` says of it, with the words that it takes for the command. */
function helpOf(words: readonly string[]): { readonly command: string; readonly help: string } | undefined {
  for (let taken = words.length; taken > 0; taken -= 1) {
    const command = words.slice(0, taken).join(' ');
    const { stdout, stderr } = spawnSync(consulBin(), [...words.slice(0, taken), '-help'], {
      encoding: 'utf8',
    });
    if (`${stdout}${stderr}`.includes(`Usage: consul ${command}`)) return { command, help: stdout + stderr };
  }
  return undefined;
}

describe("a command of Consul's", () => {
  /** Without the program and all from the first option on. */
  const plain = ([, ...words]: readonly string[]): string[] => {
    const at = words.findIndex((word) => word.startsWith('-'));
    return at < 0 ? words : words.slice(0, at);
  };

  it.each(named(of('consul')))('%s is one, and has its options', (_name, words) => {
    const found = helpOf(plain(words));
    expect(found, 'no such command').toBeDefined();
    // What follows is an argument, of which none of ours has any but a node or file.
    for (const option of words.filter((word) => /^-[a-z]/.test(word)))
      expect(found?.help).toMatch(new RegExp(`^ +${option.replace(/=.*/, '')}\\b`, 'm'));
  });

  it('that is none is found out', () => {
    expect(helpOf(['health', 'service', 'iri'])).toBeUndefined();
    expect(helpOf(['catalog', 'nodes'])?.command).toBe('catalog nodes');
    expect(execFileSync(consulBin(), ['version'], { encoding: 'utf8' })).toContain('Consul v');
  });
});

describe('an endpoint of Consul that we tell people to ask', () => {
  let harness: Harness;
  let consul: Consul;
  beforeAll(async () => {
    harness = await startHarness();
    consul = await startConsul(harness, { acls: false });
  }, 60_000);
  afterAll(() => harness.close());

  const asked = of('curl').flatMap(({ words }) =>
    words.flatMap((word) => /\/v1\/[^?]*/.exec(word)?.[0] ?? []),
  );

  // What `iri-lb node remove` says of a node whose agent is gone, too.
  it.each(['/v1/catalog/deregister', ...asked])('%s is there', async (path) => {
    const { status } = await fetch(consul.url + path, { method: 'OPTIONS' });
    expect(status).toBe(200);
    expect((await fetch(`${consul.url}/v1/no/such/endpoint`, { method: 'OPTIONS' })).status).toBe(404);
  });
});
