// The bugs of the system this one replaces; each by its number, none may come back.
import { expect, it } from 'vitest';
import { failuresOf } from '../../lib/model/report.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const rigOf = (rows: readonly unknown[], slots = 8) => ({
  haproxy: haproxyFor(parseConfig(), slots, true),
  catalog: memoryCatalog(rows),
});

it('1: an id other than address:port does not flap', async () => {
  const rig = rigOf([row({ id: 'anything-else' })]);
  await runOnce(rig);
  const again = await runOnce(rig);
  expect(again.only.changes).toEqual([]);
});

it('2: two services on one address and port, one of them PoW, stay in their pools', async () => {
  const rig = rigOf([
    row({ id: 'iri-1' }),
    row({ id: 'iri-1-pow', tags: ['haproxy.pow=only', 'haproxy.maxconn=2'] }),
  ]);
  await runOnce(rig);
  const again = await runOnce(rig);
  expect(again.only.changes).toEqual([]);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
  expect(readyIn(rig.haproxy, 'iri_pow_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m2']);
});

it('3: an instance without a check is ready on every run', async () => {
  const rig = rigOf([row({ checks: [] })]);
  await runOnce(rig);
  await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(1);
});

it('4: growth one by one uses every slot, and who is left out then is named and fails the run', async () => {
  const rig = rigOf([], 8);
  for (let count = 1; count <= 8; count += 1) {
    rig.catalog.rows = Array.from({ length: count }, (_, at) =>
      row({ id: `i${at}`, address: `10.0.0.${at + 1}` }),
    );
    await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toHaveLength(count);
  }
  const before = readyIn(rig.haproxy, 'iri_back');
  rig.catalog.rows = [...rig.catalog.rows, row({ node: 'n9', id: 'late', address: '10.0.0.99' })];
  const report = await runOnce(rig);
  expect(report.only.pools[0]?.unplaced).toEqual([
    { instance: 'n9/late', reason: 'all 8 slots of irisrv are taken' },
  ]);
  expect(failuresOf(report).join()).toContain('n9/late');
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(before);
  rig.catalog.rows = rig.catalog.rows.slice(1);
  const room = await runOnce(rig);
  expect(failuresOf(room)).toEqual([]);
  expect(readyIn(rig.haproxy, 'iri_back')).toContain('irisrv 10.0.0.99:14265 w1 m0');
});

it('5: a host name is resolved, and the placeholder address never gets traffic', async () => {
  const rig = rigOf([row({ address: 'node1.example' })]);
  const unresolved = await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual([]);
  expect(unresolved.consul.warnings).toEqual(['host name node1.example does not resolve (ENOTFOUND)']);
  await runOnce({ ...rig, names: { 'node1.example': ['10.0.0.7', '10.0.0.6'] } });
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.6:14265 w1 m0']);
});

it('6: a new critical service is not ready for even one run', async () => {
  const rig = rigOf([row({ status: 'critical' })]);
  await runOnce(rig);
  expect(writesOf(rig.haproxy)).toEqual([]);
});

it('7: changed tags are applied, and a recycled slot keeps nothing of its last owner', async () => {
  const rig = rigOf([row({ tags: ['haproxy.weight=9', 'haproxy.maxconn=9'] })], 1);
  await runOnce(rig);
  rig.catalog.rows = [row({ tags: ['haproxy.weight=3'] })];
  await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w3 m0']);
  rig.catalog.rows = [row({ id: 'other', address: '10.0.0.2' })];
  await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.2:14265 w1 m0']);
});

it('8: pow=only is in the PoW backend alone, true in both, and a move is made', async () => {
  const rig = rigOf([
    row({ id: 'a', address: '10.0.0.1', tags: ['haproxy.pow=only'] }),
    row({ id: 'b', address: '10.0.0.2', tags: ['haproxy.pow=true', 'haproxy.maxconnpow=3'] }),
    row({ id: 'c', address: '10.0.0.3', tags: ['haproxy.pow=false'] }),
  ]);
  await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual([
    'irisrv 10.0.0.2:14265 w1 m0',
    'irisrv 10.0.0.3:14265 w1 m0',
  ]);
  expect(readyIn(rig.haproxy, 'iri_pow_back')).toEqual([
    'irisrv 10.0.0.1:14265 w1 m1',
    'irisrv 10.0.0.2:14265 w1 m3',
  ]);
});

it('9: a weight that HAProxy refuses is told in its own words, and costs the weight, not the server', async () => {
  const rig = rigOf([row({ tags: ['haproxy.weight=9'] })]);
  const connection = rig.haproxy.connect();
  const words = 'Absolute weight can only be between 0 and 256 inclusive.';
  const haproxy = Object.assign(Object.create(rig.haproxy), {
    connect: () => ({
      ...connection,
      send: async (lines: readonly string[]) =>
        lines.map((line) => (line.includes(' weight ') ? words : rig.haproxy.execute(line))),
    }),
  });
  const { only } = await runOnce({ ...rig, haproxy });
  expect(only.outcome).toBe('changed');
  expect(only.error).toBeUndefined();
  expect(only.warnings.join()).toContain(words);
  expect(only.changes.map(({ result }) => result)).toEqual(['failed']);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
});

it('10: a tag value never becomes a command, a prefix is no substring, and a value may hold a dot', async () => {
  const rig = rigOf([
    row({
      id: 'a',
      tags: ['haproxy.weight=1;shutdown frontend x', 'xhaproxy.weight=5', 'haproxy.weight=4.5'],
    }),
  ]);
  const { consul } = await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
  expect(rig.haproxy.lines.join('\n')).not.toMatch(/[;]|shutdown/);
  expect(consul.warnings.join()).toContain('haproxy.weight=4.5');
});

it("11: all checks count, the node's too, and an empty service address is the node's", async () => {
  const serf = [
    { CheckID: 'serfHealth', Status: 'critical' },
    { CheckID: 'service:iri', Status: 'passing' },
  ];
  const rig = rigOf([
    row({ id: 'a', address: '', nodeAddress: '10.7.7.7' }),
    row({ id: 'b', address: '10.0.0.2', checks: serf }),
  ]);
  await runOnce(rig);
  expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.7.7.7:14265 w1 m0']);
});
