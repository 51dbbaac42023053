// Instances at one address and port are one server: who decides what it is, and who takes it out.
import { describe, expect, it } from 'vitest';
import { textOf } from '../../lib/model/problem.js';
import { type Desired, desiredServers } from '../../lib/plan/desired.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { instance, viewWith } from './rig.js';

type Told = NonNullable<Parameters<typeof instance>[0]>;

const desired = (all: readonly Told[], answers: Readonly<Record<string, readonly string[]>> = {}): Desired =>
  desiredServers(
    viewWith(
      all.map((told) => instance(told)),
      { answers },
    ).selected.get('web') ?? [],
    () => undefined,
  );

const only = (all: readonly Told[]) => {
  const { servers } = desired(all);
  expect(servers).toHaveLength(1);
  return servers[0];
};

const DEAD: Told = { node: 'a-old', health: 'critical', nodeIsDead: true, tags: ['haproxy.weight=1'] };

describe('instances at one address', () => {
  it('are a server with label and settings of the healthiest', () => {
    const live: Told = { node: 'web-new', tags: ['haproxy.scheme=https', 'haproxy.weight=50'] };
    expect(only([DEAD, live])).toMatchObject({
      ...{ label: 'web-new/a', transport: 'verified', weight: 50, health: 'passing', nodeDead: false },
    });
  });

  it.each<[string, Told, Told, string]>([
    ['passing before warning', { node: 'a', health: 'warning' }, { node: 'b' }, 'b/a'],
    ['warning before critical', { node: 'a', health: 'critical' }, { node: 'b', health: 'warning' }, 'b/a'],
    ['critical before dead', DEAD, { node: 'b', health: 'critical' }, 'b/a'],
    ['the first by (node, id) among equals', { node: 'b', id: 'a' }, { node: 'a', id: 'z' }, 'a/z'],
    ['the first by id on one node', { id: 'y' }, { id: 'x' }, 'n1/x'],
  ])('have for the healthiest %s', (_what, one, other, label) => {
    expect(only([one, other])?.label).toBe(label);
    expect(only([other, one])?.label).toBe(label);
  });

  it('warn of settings that differ, and name whose are used', () => {
    const same = desired([{ node: 'a', tags: ['haproxy.weight=1'] }, { node: 'b' }]).problems;
    expect(same).toEqual([]);
    const differing = desired([{ node: 'a', tags: ['haproxy.weight=2'] }, { node: 'b' }]).problems;
    const facts = { instance: 'a/a', other: 'b/a', hostPort: '10.0.0.1:80' };
    expect(differing).toEqual([{ code: 'settings-conflict', ...facts }]);
    expect(differing.map(textOf)).toEqual([
      'a/a and b/a share 10.0.0.1:80 but not their settings; those of a/a are used',
    ]);
  });

  it('are out while an operator has one of them in maintenance, and the reason names that one', async () => {
    const rows = (maintained: boolean) => [
      row({ node: 'n1', id: 'a' }),
      row({
        ...{ node: 'n2', id: 'b' },
        checks: maintained ? [{ CheckID: '_service_maintenance:b', Status: 'critical' }] : [],
      }),
    ];
    const haproxy = haproxyFor(parseConfig(), 4);
    await runOnce({ haproxy, catalog: memoryCatalog(rows(false)) });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(1);
    const { only: report } = await runOnce({ haproxy, catalog: memoryCatalog(rows(true)) });
    expect(report.changes.map(({ action, reason }) => [action, reason])).toEqual([
      ['disable', 'n2/b is in maintenance in Consul'],
    ]);
    expect(readyIn(haproxy, 'iri_back')).toEqual([]);
    await runOnce({ haproxy, catalog: memoryCatalog(rows(false)) });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(1);
  });

  it('stay where the one in maintenance is not of this pool', async () => {
    const haproxy = haproxyFor(parseConfig(), 4);
    const rows = [
      row({ node: 'n1', id: 'a', tags: ['haproxy.pow=true'] }),
      row({
        ...{ node: 'n2', id: 'b', tags: ['haproxy.pow=only'] },
        checks: [{ CheckID: '_service_maintenance:b', Status: 'critical' }],
      }),
    ];
    await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(1);
    expect(readyIn(haproxy, 'iri_pow_back')).toEqual([]);
  });

  it('stay where the one in maintenance is of a node that is dead itself', () => {
    expect(only([{ ...DEAD, health: 'maintenance' }, { node: 'b' }])).toMatchObject({
      ...{ health: 'passing', label: 'b/a', heldBy: undefined },
    });
  });

  it('are at a dead node only where all of them are', () => {
    expect(only([DEAD, { ...DEAD, node: 'b-old' }])).toMatchObject({ health: 'critical', nodeDead: true });
    expect(only([DEAD, { node: 'b', health: 'critical' }])?.nodeDead).toBe(false);
  });

  it('are one however they are registered: by name, by IPv4, or by IPv4 in IPv6', () => {
    const { servers } = desired(
      [{ address: 'web.example' }, { id: 'b' }, { id: 'c', address: '::ffff:10.0.0.1' }],
      {
        'web.example': ['10.0.0.1'],
      },
    );
    expect(servers.map(({ hostPort, registered }) => [hostPort, registered])).toEqual([
      ['10.0.0.1:80', '10.0.0.1:80'],
    ]);
  });

  it('under one name are at one of its addresses, whatever their ways of connecting', () => {
    const held = new Map([
      ['10.0.0.8:80 plain', 'ready'],
      ['10.0.0.9:80 verified', 'ready'],
    ] as const);
    const secure: Told = {
      id: 'b',
      address: 'web.example',
      health: 'critical',
      tags: ['haproxy.scheme=https'],
    };
    const all = [{ address: 'web.example' }, secure].map((told) => instance(told));
    const view = viewWith(all, { answers: { 'web.example': ['10.0.0.8', '10.0.0.9'] } });
    const { servers } = desiredServers(view.selected.get('web') ?? [], (hostPort, transport) =>
      held.get(`${hostPort} ${transport}` as '10.0.0.8:80 plain'),
    );
    expect(servers.map(({ hostPort, transport }) => [hostPort, transport])).toEqual([
      ['10.0.0.8:80', 'plain'],
    ]);
  });

  it('under one name that does not resolve keep one server together', () => {
    const { unresolved } = desired([
      { address: 'web.example', health: 'critical' },
      { id: 'b', address: 'web.example' },
    ]);
    expect(unresolved).toMatchObject([{ label: 'n1/b', healthy: true, registered: 'web.example:80' }]);
  });

  it('are told of by the healthiest where somebody else asks who is there', () => {
    const view = viewWith([instance(DEAD), instance({ node: 'web-new' })]);
    expect(view.labels.get('web')?.get('10.0.0.1:80')).toBe('web-new/a');
  });
});
