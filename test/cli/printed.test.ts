// What every command prints of a fleet in trouble: JSON as documented, and peace when its reader has gone.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHAProxy } from '../../infra/local/haproxy.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { iriBackends, type Rig, startRig } from '../integration/rig.js';
import { jsonTables, unlike } from './json-tables.js';
import { runProgram } from './run-program.js';

const SLOTS = 2;
const TABLES = jsonTables();

let rig: Rig;
/** Two load balancers that differ, and one that is down. */
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  rig = await startRig({ backends: iriBackends(SLOTS) });
  const { harness, consul, haproxy } = rig;
  const register = (id: string, port: number, more: object = {}) =>
    consul.request('PUT', '/v1/agent/service/register', {
      Name: 'iri',
      ID: id,
      Address: '127.0.0.1',
      Port: port,
      ...more,
    });
  const status = (Status: string) => ({ Check: { TTL: '1h', Status } });
  await register('a', 20001, { Tags: ['haproxy.weight=many'], ...status('passing') });
  await register('named', 20002, { Address: 'localhost', ...status('passing') });
  await rig.apply();
  // One is held for nobody, one has no slot, one is critical.
  await haproxy.query(
    'set server iri_back/irisrv1 addr 127.0.0.9 port 9; set server iri_back/irisrv1 state drain',
  );
  await register('b', 20003, status('passing'));
  await register('c', 20004, status('passing'));
  await register('ill', 20005, status('critical'));
  const adminPort = await harness.freePort();
  const other = await startHAProxy(harness, {
    config: minimalConfig({ backends: iriBackends(SLOTS), adminPort }),
    adminPort,
  });
  const down = `tcp://127.0.0.1:${await harness.freePort()}`;
  env = { ...rig.env, HAPROXY_ADDRESSES: `${haproxy.admin},${other.admin},${down}` };
}, 120_000);
afterAll(() => rig.harness.close());

describe('the JSON of a command', () => {
  const met = new Set<string>();

  it.each([
    ['plan', 'report'],
    ['status', 'status'],
    ['doctor', 'diagnosis'],
    ['node list', 'nodes'],
    ['apply', 'report'],
  ])('%s is as lib/cli/README.md says', async (line, table) => {
    const { out } = await runProgram([...line.split(' '), '--json'], env);
    expect(unlike(TABLES, table, JSON.parse(out), table, met)).toEqual([]);
  });

  it('has every member that is documented for it, but for a few that are rare', () => {
    const reached = (type: string): string[] =>
      (TABLES.get(type) ?? []).flatMap(({ name, type: of }) => [
        ...(name === '…' ? [] : [`${type}.${name}`]),
        ...(TABLES.has(of.replace(LISTS, '')) ? reached(of.replace(LISTS, '')) : []),
      ]);
    const all = new Set(['report', 'status', 'diagnosis', 'nodes'].flatMap(reached));
    expect([...all].filter((member) => !met.has(member) && !RARE.includes(member))).toEqual([]);
  });

  const LISTS = /^(?:(?:list|map) of )+| or null$/g;
  /** Only where functions answer, where a command of HAProxy's is refused, where Consul is down, or after a run. */
  const RARE = ['report.covered', 'report.cut', 'report consul.error', 'change.error', 'status consul.error']
    .concat(['last run.at', 'last run.by'])
    .concat(['check.status', 'check.words']);
});

/** As people have it: the sources would be slow to start. */
const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'iri-lb.mjs');

describe('| head -1', () => {
  it.each([
    'plan',
    'apply',
    'status',
    'doctor',
    'node list',
    'render haproxy',
    'render systemd',
    'plan --json',
    'status --json',
    'doctor --json',
    'node list --json',
    'completion bash',
    'man-page',
    'help',
    'node add --help',
  ])('%s ends as it would, and says nothing of it', (line) => {
    const options = { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' } as const;
    const command = [process.execPath, PROGRAM, ...line.split(' ')];
    const errors = join(rig.harness.dir, 'errors');
    const script = `"$@" 2>"$0" | head -1; exit \${PIPESTATUS[0]}`;
    const { status, stdout } = spawnSync('bash', ['-c', script, errors, ...command], options);
    expect(stdout).toMatch(/^.+\n$/);
    expect(readFileSync(errors, 'utf8')).not.toMatch(/EPIPE|^\s+at /m);
    expect(status).toBe(spawnSync('bash', ['-c', '"$@"', 'bash', ...command], options).status);
  });
});
