// `iri-lb run` and who holds it back or feeds it nonsense: the brake, --dry, signals, and configuration read again.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { readLocalRun } from '../../lib/run/local-run.js';
import {
  type RunProcess,
  type Surroundings,
  startRun,
  startSurroundings,
  webConfig,
  webRow,
} from './run-rig.js';

let harness: Harness;
let around: Surroundings;
let run: RunProcess;
let configFile: string;
let pauseFile: string;

beforeAll(async () => {
  harness = await startHarness();
  around = await startSurroundings(harness);
  configFile = join(harness.dir, 'lb.json');
  pauseFile = join(harness.dir, 'paused');
}, 60_000);
afterAll(() => harness.close());
beforeEach(async () => {
  rmSync(pauseFile, { recursive: true, force: true });
  writeFileSync(configFile, webConfig());
  await around.consul.catalogRegister([webRow(1), webRow(2)]);
  run = await startRun(harness, { ...around.env, LB_CONFIG: configFile });
  await around.untilReady(['10.0.0.1:80', '10.0.0.2:80']);
}, 60_000);
afterEach(async () => {
  await around.consul.catalogDeregister([{ node: 'node-3', id: 'web' }]);
  await run.child.stop(10_000);
});

const exited = async (): Promise<string> => {
  run.child.signal('SIGTERM');
  return run.child.ended;
};

describe('the brake', () => {
  it('stops all writing while its file is there, says why, and has all made good when it is gone', async () => {
    writeFileSync(pauseFile, 'moving house');
    await run.until('the pause to be seen', ({ paused }) => paused !== null);
    const { runs } = await run.health();
    await around.consul.catalogRegister([webRow(3)]);
    const planned = await run.until(
      'a run that only plans',
      (health) => health.runs > runs && health.lastRun?.outcome === 'planned',
    );
    expect(planned).toMatchObject({ ok: true, paused: { cause: 'file', reason: 'moving house' } });
    expect(await around.ready()).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
    expect((await run.get('/metrics')).text).toMatch(/^iri_lb_paused 1$/m);
    expect(await readLocalRun({ IRI_LB_RUN: run.url })).toMatchObject({
      paused: { cause: 'file', reason: 'moving house' },
    });
    rmSync(pauseFile);
    await around.untilReady(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
    expect(await run.health()).toMatchObject({ paused: null });
  });

  it('is on where nobody can read the file', async () => {
    mkdirSync(pauseFile);
    const { paused } = await run.until('the pause to be seen', (health) => health.paused !== null);
    expect(paused).toMatchObject({ cause: 'unreadable', reason: 'the pause file is no file' });
  });

  it('is on from the start with --dry', async () => {
    expect(await exited()).toBe('exit 0');
    await around.consul.catalogRegister([webRow(3)]);
    run = await startRun(harness, around.env, { args: ['--dry'] });
    expect(await run.health()).toMatchObject({
      paused: { cause: 'dry', reason: '--dry' },
      lastRun: { outcome: 'planned', changes: 1 },
    });
    expect(await around.ready()).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  });
});

describe('configuration that is read again', () => {
  it('is used from then on', async () => {
    const before = (await run.health()).fingerprint;
    writeFileSync(configFile, webConfig({ maxconn: 7 }));
    run.child.signal('SIGHUP');
    const { fingerprint } = await run.until('another one', (health) => health.fingerprint !== before);
    // Where the new watch tells first what is there, that is what the run is made for.
    await run.until('its run', () => run.lines().some((line) => line.configuration === fingerprint));
    const made = run.lines().find((line) => line.configuration === fingerprint);
    expect(made).toMatchObject({ message: 'run changed', changes: { update: 2 } });
    expect(run.child.output()).toMatch(
      /was read, it was [0-9a-f]{12}; what comes from the environment needs a restart/,
    );
  });

  it('is refused where it is nonsense: the old one is used on, and every fault is told', async () => {
    const { fingerprint } = await run.health();
    writeFileSync(configFile, JSON.stringify({ pools: [{ backend: 'we b', service: 'web', ranges: [] }] }));
    run.child.signal('SIGHUP');
    const { rejected } = await run.until('the refusal', (health) => health.rejected !== null);
    expect(rejected?.problems).toEqual([
      expect.stringMatching(/^LB_CONFIG\.pools\.0\.backend: /),
      expect.stringMatching(/^LB_CONFIG\.pools\.0\.ranges: /),
    ]);
    for (const problem of rejected?.problems ?? [])
      expect(run.lines()).toContainEqual(
        expect.objectContaining({
          level: 'ERROR',
          message: `the configuration is not used, the old one is: ${problem}`,
        }),
      );
    expect((await run.get('/metrics')).text).toMatch(/^iri_lb_configuration_rejected 1$/m);
    await around.consul.catalogRegister([webRow(3)]);
    await around.untilReady(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
    expect((await run.health()).fingerprint).toBe(fingerprint);

    writeFileSync(configFile, webConfig());
    run.child.signal('SIGHUP');
    await run.until('no refusal', (health) => health.rejected === null);
  });
});

describe('a signal to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends it with 0: %s', async (signal) => {
    run.child.signal(signal);
    expect(await run.child.ended).toBe('exit 0');
  });
});
