// Every row of the case table, through the whole loop, on HAProxies with immediate and late addresses.
import { describe, expect, it } from 'vitest';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const config = parseConfig();

describe.each([false, true])('with asynchronous addresses %s', (asynchronous) => {
  const start = (rows: readonly unknown[], slots = 4) => ({
    haproxy: haproxyFor(config, slots, asynchronous),
    catalog: memoryCatalog(rows),
  });

  it('claims a slot for a passing instance and sets address, weight, maxconn and ready, in that order', async () => {
    const rig = start([row({ tags: ['haproxy.weight=7', 'haproxy.maxconn=9'] })]);
    const { only } = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w7 m9']);
    expect(readyIn(rig.haproxy, 'iri_pow_back')).toEqual([]);
    expect(only.changes.map(({ action, instance }) => [action, instance])).toEqual([['add', 'n1/iri-1']]);
    const kinds = writesOf(rig.haproxy).map((line) => line.replace(/.*\/\w+ /, '').split(' ')[0]);
    expect(kinds).toEqual(['addr', 'weight', '9', 'state']);
  });

  it('writes nothing for a passing instance that is ready as desired', async () => {
    const rig = start([row()]);
    await runOnce(rig);
    rig.haproxy.lines.length = 0;
    const { only } = await runOnce(rig);
    expect(only.outcome).toBe('unchanged');
    expect(writesOf(rig.haproxy)).toEqual([]);
  });

  it.each([
    ['weight', { weight: 9 }, ['set server SLOT weight 1']],
    // A high limit first, because taking it away (0) does not let those in who wait for it.
    ['maxconn', { maxconn: 5 }, ['set maxconn server SLOT 1000000', 'set maxconn server SLOT 0']],
  ])('repairs a %s that somebody changed, and only that', async (_what, drift, written) => {
    const rig = start([row()]);
    const first = await runOnce(rig);
    const slot = first.only.changes[0]?.slot ?? '';
    Object.assign(rig.haproxy.server('iri_back', slot), drift);
    rig.haproxy.lines.length = 0;
    const { only } = await runOnce(rig);
    expect(only.changes.map(({ action }) => action)).toEqual(['update']);
    expect(writesOf(rig.haproxy)).toEqual(written.map((line) => line.replace('SLOT', `iri_back/${slot}`)));
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
  });

  it.each([
    ['address', { address: '10.66.66.66' }],
    ['port', { port: 1 }],
  ])(
    'repairs an %s that somebody changed: an idle slot is ready before that one stops',
    async (_what, drift) => {
      const rig = start([row()]);
      const first = await runOnce(rig);
      const slot = first.only.changes[0]?.slot ?? '';
      Object.assign(rig.haproxy.server('iri_back', slot), drift);
      rig.haproxy.lines.length = 0;
      await runOnce(rig);
      expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
      expect(writesOf(rig.haproxy).at(-1)).toBe(`set server iri_back/${slot} state maint`);
    },
  );

  it('enables a passing instance whose slot is in maintenance, setting what differs', async () => {
    const rig = start([row({ tags: ['haproxy.weight=4'] })]);
    const first = await runOnce(rig);
    const slot = first.only.changes[0]?.slot ?? '';
    Object.assign(rig.haproxy.server('iri_back', slot), { state: 'maintenance', weight: 1 });
    rig.haproxy.lines.length = 0;
    const { only } = await runOnce(rig);
    expect(only.changes.map(({ action, slot: name }) => [action, name])).toEqual([['enable', slot]]);
    expect(writesOf(rig.haproxy)).toEqual([
      `set server iri_back/${slot} weight 4`,
      `set server iri_back/${slot} state ready`,
    ]);
  });

  it.each(['passing', 'critical'] as const)(
    'leaves a drained slot alone while its instance is %s',
    async (status) => {
      const rig = start([row()]);
      const first = await runOnce(rig);
      const slot = first.only.changes[0]?.slot ?? '';
      Object.assign(rig.haproxy.server('iri_back', slot), { state: 'drain', weight: 77 });
      rig.catalog.rows = [row({ status })];
      rig.haproxy.lines.length = 0;
      const { only } = await runOnce(rig);
      expect(writesOf(rig.haproxy)).toEqual([]);
      expect(only.pools[0]).toMatchObject({ held: 1, heldSlots: [{ slot, instance: 'n1/iri-1' }] });
    },
  );

  it('leaves a drained slot alone when its instance is gone', async () => {
    const rig = start([row()]);
    const first = await runOnce(rig);
    const slot = first.only.changes[0]?.slot ?? '';
    rig.haproxy.server('iri_back', slot).state = 'drain';
    rig.catalog.rows = [];
    const { only } = await runOnce(rig);
    expect(rig.haproxy.server('iri_back', slot).state).toBe('drain');
    expect(only.pools[0]?.heldSlots).toEqual([{ slot, instance: null }]);
  });

  it("serves a warning instance with Consul's warning weight", async () => {
    const rig = start([row({ status: 'warning', weights: { Passing: 10, Warning: 3 } })]);
    await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w3 m0']);
  });

  it.each([
    ['critical', { status: 'critical' as const }],
    ['in node maintenance', { checks: [{ CheckID: '_node_maintenance', Status: 'critical' }] }],
    ['in service maintenance', { checks: [{ CheckID: '_service_maintenance:iri-1', Status: 'critical' }] }],
    ['on a node that failed', { checks: [{ CheckID: 'serfHealth', Status: 'critical' }] }],
  ])('disables a ready instance that is %s, and keeps its slot for it', async (_what, health) => {
    const rig = start([row()]);
    const first = await runOnce(rig);
    const slot = first.only.changes[0]?.slot ?? '';
    rig.catalog.rows = [row(health), row({ id: 'iri-2', address: '10.0.0.2' })];
    const { only } = await runOnce(rig);
    expect(only.changes.map(({ action }) => action)).toContain('disable');
    expect(rig.haproxy.server('iri_back', slot)).toMatchObject({ address: '10.0.0.1', state: 'maintenance' });
    rig.catalog.rows = [row()];
    const back = await runOnce(rig);
    expect(back.only.changes.map(({ action, slot: name }) => [action, name])).toContainEqual([
      'enable',
      slot,
    ]);
  });

  it('places no critical instance that has no slot: it is never ready before it passes', async () => {
    const rig = start([row({ status: 'critical' })]);
    const { only } = await runOnce(rig);
    expect(only.outcome).toBe('unchanged');
    expect(writesOf(rig.haproxy)).toEqual([]);
  });

  it('removes what is gone and gives its slot, with nothing of the last owner, to the next', async () => {
    const rig = start([row({ tags: ['haproxy.weight=200', 'haproxy.maxconn=3'] })], 1);
    await runOnce(rig);
    rig.catalog.rows = [row({ id: 'iri-2', address: '10.0.0.2' })];
    const { only } = await runOnce(rig);
    expect(only.changes.map(({ action }) => action)).toEqual(['remove', 'add']);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.2:14265 w1 m0']);
  });

  it('removes an instance that a pool selects no longer, and adds it where it is selected', async () => {
    const rig = start([row()]);
    await runOnce(rig);
    rig.catalog.rows = [row({ tags: ['haproxy.pow=only'] })];
    const { only } = await runOnce(rig);
    expect(only.changes.map(({ backend, action }) => [backend, action])).toEqual([
      ['iri_back', 'remove'],
      ['iri_pow_back', 'add'],
    ]);
    expect(readyIn(rig.haproxy, 'iri_pow_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m1']);
  });

  it('uses the default for an invalid setting, names instance, tag and value, and serves the others', async () => {
    const rig = start([
      row({ tags: ['haproxy.weight=-5', 'haproxy.maxconn=1e3'] }),
      row({ id: 'iri-2', address: '10.0.0.2', tags: ['haproxy.weight=5'] }),
    ]);
    const { consul } = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual([
      'irisrv 10.0.0.1:14265 w1 m0',
      'irisrv 10.0.0.2:14265 w5 m0',
    ]);
    expect(consul.warnings).toEqual([
      'n1/iri-1: tag "haproxy.weight=-5" is not a whole number from 0 to 256; the default is used',
      'n1/iri-1: tag "haproxy.maxconn=1e3" is not a whole number from 0 to 1000000; the default is used',
    ]);
  });

  it('leaves out an instance with an unusable address or port, and serves the others', async () => {
    const rig = start([
      row({ id: 'a', address: 'x;shutdown sessions' }),
      row({ id: 'b', address: '10.0.0.3', port: 99999 }),
      row({ id: 'c', address: '0.0.0.0' }),
      row({ id: 'd', address: '10.0.0.4' }),
    ]);
    const { consul } = await runOnce(rig);
    expect(readyIn(rig.haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.4:14265 w1 m0']);
    expect(consul.warnings.map((warning) => warning.slice(0, 5))).toEqual(['n1/a:', 'n1/b:', 'n1/c:']);
  });
});
