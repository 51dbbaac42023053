// Hostile registrations, as far as a real Consul takes them: only planned commands reach a real HAProxy.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSettings } from '../../lib/config/environment.js';
import { makeRunner } from '../../lib/run/runner.js';
import { startTap, type Tap } from '../haproxy/tap.js';
import { applyOnce, type Rig, startRig } from './rig.js';

const VALUES = [
  '1;shutdown frontend x',
  '1\nshow info',
  '1\0',
  '1\\',
  '1 <<',
  '"1"',
  "'1'",
  '\u001b[2J',
  'x'.repeat(10_240),
  '-5',
  '1e3',
  '0x10',
  ' 7 ',
];
const PLANNED =
  /^(?:prompt|set severity-output none|set timeout cli \d+s|show info|show servers state iri_(?:pow_)?back|show stat iri_(?:pow_)?back 4 -1|set server iri_back\/irisrv\d+ (?:addr 10\.0\.\d+\.\d+ port 14265|weight 1|state ready))$/;

let rig: Rig;
let tap: Tap;

beforeAll(async () => {
  rig = await startRig({
    backends: [
      { name: 'iri_back', ranges: ranges(64) },
      { name: 'iri_pow_back', ranges: ranges(64) },
    ],
  });
  tap = await startTap(rig.haproxy.admin);
});
afterAll(async () => {
  await tap.close();
  await rig.harness.close();
});

function ranges(slots: number) {
  return [{ prefix: 'irisrv', slots }];
}

it('names each hostile value in the warnings, serves the others, and writes only what was planned', async () => {
  const accepted: string[] = [];
  const offer = async (
    instance: Parameters<Rig['consul']['catalogRegister']>[0][number],
    name: string,
  ): Promise<void> => {
    try {
      await rig.consul.catalogRegister([instance]);
      accepted.push(name);
    } catch {
      // Consul itself refuses some; those never get as far as us.
    }
  };
  const at = (index: number) => ({ service: 'iri', port: 14265, address: `10.0.1.${index}` });
  for (const [index, value] of VALUES.entries()) {
    await offer(
      { ...at(index), node: 'tags', id: `tag-${index}`, tags: [`haproxy.weight=${value}`] },
      `tag-${index}`,
    );
    await offer(
      {
        ...at(index),
        node: 'meta',
        id: `meta-${index}`,
        port: 14265,
        address: `10.0.2.${index}`,
        meta: { 'haproxy-weight': value },
      },
      `meta-${index}`,
    );
    await offer(
      { ...at(index), node: 'addresses', id: `address-${index}`, address: value },
      `address-${index}`,
    );
    await offer(
      {
        ...at(index),
        node: 'ids',
        id: `id-${value}`,
        address: `10.0.3.${index}`,
        tags: ['haproxy.weight=bad'],
      },
      'id-',
    );
    await offer(
      {
        ...at(index),
        node: `node-${value}`,
        nodeAddress: '10.9.9.9',
        id: 'x',
        address: `10.0.4.${index}`,
        tags: ['haproxy.weight=bad'],
      },
      'node-',
    );
  }
  await offer({ ...at(0), node: 'ports', id: 'port-99999', port: 99_999 }, 'port-99999');
  await offer({ ...at(0), node: 'good', id: 'good', address: '10.0.0.1' }, 'good');

  const runner = makeRunner(readSettings({ ...rig.env, HAPROXY_ADDRESSES: tap.address }));
  const { only, consul } = await applyOnce(runner);
  expect(only.error).toBeUndefined();
  expect(await rig.ready('iri_back')).toContain('irisrv 10.0.0.1:14265 w1 m0');
  expect(tap.lines().filter((line) => !PLANNED.test(line))).toEqual([]);
  const warnings = [...consul.warnings, ...only.warnings].join('\n');
  expect(accepted.length).toBeGreaterThan(2 * VALUES.length);
  for (const name of accepted.filter((id) => id !== 'good')) expect(warnings).toContain(name);
});
