// A static balance, found without a word in HAProxy's log; which commands cause one is said in lib/haproxy/probes.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HAProxy } from '../../infra/local/haproxy.js';
import { fill, isFrom, type Mistake, type Rig, said, startRig } from './rig.js';

const STATIC =
  'error haproxy LB iri_back: its balance is static and refuses weights -> use leastconn, roundrobin, or add "hash-type consistent"';
const RENDERED = /balance source\n *hash-type consistent/;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => rig.consul.deregister('heavy').catch(() => {}));
afterAll(() => rig.close());

const heavy = { Name: 'iri', ID: 'heavy', Address: '10.0.0.7', Port: 14265, Tags: ['haproxy.weight=5'] };
const aboutBalance = (found: readonly string[]): string[] => found.filter((line) => / balance /.test(line));

/** The findings on it, and what HAProxy said while it was examined. */
async function examine(mistake: Mistake, prepare?: (lb: HAProxy) => Promise<void>) {
  let log = '';
  let lines: () => string = () => '';
  const found = await rig.findingsOn(mistake, {
    prepare: async (lb) => {
      await prepare?.(lb);
      lines = () => lb.child.output();
    },
  });
  log = lines();
  return { found: aboutBalance(found), log };
}

describe('a balance that refuses weights', () => {
  it('static-rr says so by its name', async () => {
    const { found } = await examine((text) => text.replace(RENDERED, 'balance static-rr'));
    expect(found).toEqual([STATIC]);
  });

  it.each(['source', 'uri', 'hdr(X)'])(
    '%s is found where a server has not the weight that it should have',
    async (algorithm) => {
      await rig.consul.register(heavy);
      const { found, log } = await examine(
        (text) => text.replace(RENDERED, `balance ${algorithm}`),
        (lb) => fill(lb, 'iri_back/irisrv1', '10.0.0.7:14265'),
      );
      expect(found).toEqual([STATIC]);
      expect(log).not.toMatch(/ALERT.*CLI/);
    },
  );

  it.runIf(isFrom(3, 4))('source is found before any weight is needed', async () => {
    const { found } = await examine((text) => text.replace(RENDERED, 'balance source'));
    expect(found).toEqual([STATIC]);
  });
});

describe('a balance that takes weights', () => {
  it.each(['roundrobin', 'leastconn', 'source\n  hash-type consistent', 'random'])(
    '%s: nothing is found, and HAProxy logs no ALERT',
    async (algorithm) => {
      const { found, log } = await examine((text) => text.replace(RENDERED, `balance ${algorithm}`));
      expect(found).toEqual([]);
      expect(log).not.toMatch(/ALERT.*CLI/);
    },
  );

  it('is known by a weight that was taken, also where another one is still to be set', async () => {
    await rig.consul.register(heavy);
    const { found, log } = await examine(
      (text) => `${text}\n`,
      async (lb) => {
        await fill(lb, 'iri_back/irisrv1', '10.0.0.7:14265');
        await lb.query('set server iri_back/irisrv2 weight 7');
      },
    );
    expect(found).toEqual([]);
    expect(log).not.toMatch(/ALERT.*CLI/);
    expect(said.at(-1)).toContain('its balance takes weights');
  });
});
