// The backends as rendered: health by getNodeInfo, TLS per range, weights with `balance source`, statelessness.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { startStandIn } from '../../infra/local/stand-in.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { ask } from './client.js';
import { enable, type Rig, startRig } from './rig.js';

const INFO = '{"command":"getNodeInfo"}';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

async function standIn(options: Parameters<typeof startStandIn>[0]) {
  const node = await startStandIn(options);
  harness.onClose(() => node.close());
  return node;
}

/** `UP`, `DOWN`, `MAINT`, … of a slot. */
async function status({ haproxy }: Rig, backend: string, slot: string): Promise<string | undefined> {
  const [head = '', ...rows] = (await haproxy.query(`show stat`)).split('\n').map((line) => line.split(','));
  return rows.find(([name, part]) => name === backend && part === slot)?.[head.indexOf('status')];
}

const quick = { intervalSeconds: 1, fastIntervalSeconds: 1, downIntervalSeconds: 1, rise: 1, fall: 1 };

describe('the health check', () => {
  it('takes a node out that does not answer getNodeInfo, and back in when it does', async () => {
    const rig = await startRig({
      harness,
      nodes: {},
      settings: { limits: false, servers: { healthCheck: quick } },
    });
    const node = await standIn({ name: 'a' });
    await enable(rig.haproxy, 'iri_back', 'irisrv1', node.port);
    await waitFor(() => node.requests.some(({ command }) => command === 'getNodeInfo'), { what: 'a check' });
    expect(node.requests.at(-1)?.headers).toMatchObject({ 'x-iota-api-version': '1' });
    node.setFault('error');
    await waitFor(async () => (await status(rig, 'iri_back', 'irisrv1'))?.startsWith('DOWN'), {
      what: 'it to be down',
    });
    expect((await ask(rig.port, { body: INFO })).status).toBe(503);
    node.setFault('healthy');
    await waitFor(async () => (await status(rig, 'iri_back', 'irisrv1')) === 'UP', { what: 'it to be up' });
    expect((await ask(rig.port, { body: INFO })).status).toBe(200);
  });
});

describe('a TLS range', () => {
  const via = async (slot: string, port: number, servers: object) => {
    const rig = await startRig({
      harness,
      nodes: {},
      settings: { limits: false, servers: { healthCheck: false, retries: 0, ...servers } },
    });
    await enable(rig.haproxy, 'iri_back', slot, port);
    return (await ask(rig.port, { body: INFO })).status;
  };

  it('verified, talks only to who has a certificate of the authority', async () => {
    const ours = await makeCertificate(harness.dir, 'ours');
    const other = await makeCertificate(harness.dir, 'other');
    const good = await standIn({ name: 'good', tls: ours });
    const bad = await standIn({ name: 'bad', tls: other });
    expect(await via('iritls1', good.port, { caFile: ours.certFile })).toBe(200);
    expect(await via('iritls1', bad.port, { caFile: ours.certFile })).toBe(503);
    expect(await via('iritlsnv1', bad.port, { caFile: ours.certFile })).toBe(200);
    expect(bad.requests).toHaveLength(1);
  });

  it('verified by a name, talks only to who has it', async () => {
    const named = await makeCertificate(harness.dir, 'named', { names: ['node.iri.example'] });
    const node = await standIn({ name: 'named', tls: named });
    expect(await via('iritls1', node.port, { caFile: named.certFile, verifyName: 'node.iri.example' })).toBe(
      200,
    );
    expect(await via('iritls1', node.port, { caFile: named.certFile, verifyName: 'else.iri.example' })).toBe(
      503,
    );
  });
});

describe('balance source', () => {
  it('keeps a client at its node, and takes every weight at runtime', async () => {
    const rig = await startRig({ harness, nodes: { iri_back: 2 }, settings: { limits: false } });
    expect(await rig.haproxy.query('set server iri_back/irisrv1 weight 2')).toBe('\n');
    // A slot is up when it becomes ready, and down at its first failed check: both have to have passed one.
    const checked = async (): Promise<boolean> =>
      (await rig.haproxy.query('show stat iri_back 4 -1')).split('\n').filter((line) => line.includes('L7OK'))
        .length === 2;
    await waitFor(checked, { what: 'the first checks' });
    const nodes = new Map<string, Set<string | undefined>>();
    for (let host = 2; host < 100; host++) {
      const from = `127.0.0.${host}`;
      const answers = await Promise.all([
        ask(rig.port, { body: INFO, from }),
        ask(rig.port, { body: INFO, from }),
      ]);
      nodes.set(from, new Set(answers.map(({ node }) => node)));
    }
    expect([...nodes.values()].every((served) => served.size === 1)).toBe(true);
    expect(new Set([...nodes.values()].flatMap((served) => [...served]))).toEqual(
      new Set(['iri_back-1', 'iri_back-2']),
    );
  });
});

describe('a slot', () => {
  it('whose address changes never again sends to the old one, also on connections that stay open', async () => {
    const rig = await startRig({ harness, nodes: {}, settings: { limits: false } });
    const [one, two] = [await standIn({ name: 'one' }), await standIn({ name: 'two' })];
    await enable(rig.haproxy, 'iri_back', 'irisrv1', one.port);
    expect((await ask(rig.port, { body: INFO })).headers['x-node-name']).toBe('one');
    await rig.haproxy.query('set server iri_back/irisrv1 state maint');
    await enable(rig.haproxy, 'iri_back', 'irisrv1', two.port);
    expect((await ask(rig.port, { body: INFO })).headers['x-node-name']).toBe('two');
  });
});
