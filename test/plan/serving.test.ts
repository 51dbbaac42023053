// Who serves is counted beside who is ready, and a pool that serves nobody says why.
import { describe, expect, it } from 'vitest';
import type { ServiceInstance } from '../../lib/model/instance.js';
import { levelOf, textOf } from '../../lib/model/problem.js';
import type { ObservedServer } from '../../lib/model/server.js';
import { planPool } from '../../lib/plan/pool.js';
import { haproxyFor, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { config, empty, instance, server, viewWith } from './rig.js';

const [pool] = config.pools;
if (!pool) throw new Error('the rig has no pool');

const told = (desired: readonly ServiceInstance[], ...current: readonly ObservedServer[]) =>
  planPool(pool, viewWith(desired), current, false).problems.filter(({ code }) => code === 'nobody-serves');
const weightless = instance({ tags: ['haproxy.weight=0'] });
const critical = instance({ health: 'critical' });

describe('a pool that serves nobody', () => {
  it.each<[string, readonly ServiceInstance[], ObservedServer, string]>([
    [
      'DOWN',
      [instance()],
      server('s1', { status: 'DOWN' }),
      "1 ready, of these 1 DOWN or NOLB by HAProxy's own checks",
    ],
    [
      'NOLB',
      [instance()],
      server('s1', { status: 'NOLB 1/2' }),
      "1 ready, of these 1 DOWN or NOLB by HAProxy's own checks",
    ],
    ['weight 0', [weightless], server('s1', { weight: 0 }), '1 ready, of these 1 of weight 0'],
    [
      'drain',
      [instance()],
      server('s1', { state: 'drain', status: 'DRAIN' }),
      'none is ready; 1 held in DRAIN',
    ],
    [
      'health',
      [critical],
      server('s1', { state: 'maintenance' }),
      'none is ready; 1 critical or in maintenance in Consul',
    ],
  ])('is a warning that says why: %s', (_why, desired, current, words) => {
    const problems = told(desired, current);
    expect(problems.map(textOf)).toEqual([`web serves nobody: ${words}`]);
    expect(problems.map(levelOf)).toEqual(['warning']);
  });

  it.each<[string, ServiceInstance]>([
    ['does not resolve', instance({ address: 'gone.example' })],
    ['no server may have', instance({ address: '169.254.169.254' })],
  ])('is told where all that is listed is an address that %s', (_what, only) => {
    expect(told([only], empty('s1'))).toHaveLength(1);
  });

  it('is told although the plan sets something of a server that is down', () => {
    expect(told([instance()], server('s1', { status: 'DOWN', maxconn: 9 }))).toHaveLength(1);
    expect(told([instance()], server('s1', { weight: 0 }))).toEqual([]);
  });

  it.each<[string, readonly ServiceInstance[], readonly ObservedServer[]]>([
    ['one serves', [instance()], [server('s1'), server('s2', { address: '10.0.0.2', status: 'DOWN' })]],
    ['one that is no slot serves', [critical], [server('s1', { state: 'maintenance' }), server('backup')]],
    ['this plan brings one', [instance()], [empty('s1')]],
    ['nobody is to be served', [], [empty('s1')]],
  ])('is none where %s', (_what, desired, current) => {
    expect(told(desired, ...current)).toEqual([]);
  });
});

describe('the report', () => {
  it('counts who serves beside who is ready', async () => {
    const haproxy = haproxyFor(parseConfig(), 4);
    const rows = [row(), row({ id: 'b', address: '10.0.0.2', tags: ['haproxy.weight=0'] })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(only.pools[0]).toMatchObject({ ready: 2, serving: 1 });
    expect(only.warnings).toEqual([]);
  });

  it('of a run that leaves nobody serving has the warning, and is no failure', async () => {
    const haproxy = haproxyFor(parseConfig(), 4);
    const rows = [row({ tags: ['haproxy.weight=0'] })];
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(only).toMatchObject({ outcome: 'changed', pools: [{ ready: 1, serving: 0 }, {}] });
    expect(only.problems).toMatchObject([{ code: 'nobody-serves', backend: 'iri_back', weightless: 1 }]);
    expect(only.error).toBeUndefined();
  });
});
