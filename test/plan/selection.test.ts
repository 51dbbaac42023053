// Whom a pool selects, and why it leaves others out: keys, plain tags, checks of their own, kinds.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { configSchema, type Pool } from '../../lib/config/pools.js';
import type { ServiceInstance } from '../../lib/model/instance.js';
import { type Problem, textOf } from '../../lib/model/problem.js';
import { exclusionOf } from '../../lib/plan/selection.js';
import { locateCatalog, viewOf } from '../../lib/plan/view.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { catalogOf, instance } from './rig.js';

type Rule = Partial<Pick<Pool, 'select' | 'tags' | 'notTags' | 'requireCheck'>>;

function selection(rule: Rule, told: Partial<ServiceInstance>) {
  const config = v.parse(configSchema, {
    pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 's' }], ...rule }],
  });
  const view = viewOf(config, locateCatalog(config, catalogOf([instance(told)])), new Map());
  const [pool] = config.pools;
  const [located] = view.located.get('web') ?? [];
  if (!pool || !located) throw new Error('nobody is located');
  return { view, exclusion: exclusionOf(pool, located) };
}

describe('a pool', () => {
  it.each<[string, Rule, Partial<ServiceInstance>]>([
    ['with nothing said: everybody', {}, {}],
    ['with tags: who has them all', { tags: ['http', 'v2'] }, { tags: ['v2', 'http', 'other'] }],
    ['with notTags: who has none of them', { notTags: ['rpc', 'serf'] }, { tags: ['http'] }],
    ['with requireCheck: who has a check of its own', { requireCheck: true }, { hasOwnCheck: true }],
    [
      'with select: who says one of the values',
      { select: { tier: ['gold'] } },
      { tags: ['haproxy.tier=gold'] },
    ],
    ['an ingress gateway, too', {}, { kind: 'ingress-gateway' }],
  ])('%s is selected', (_what, rule, told) => {
    const { view, exclusion } = selection(rule, told);
    expect(exclusion).toBeUndefined();
    expect(view.counts.get('web')).toEqual({ listed: 1, selected: 1, refused: 0 });
  });

  it.each<[string, Rule, Partial<ServiceInstance>, object]>([
    ['who lacks a tag', { tags: ['http', 'v2'] }, { tags: ['http'] }, { by: 'tags', lacks: 'v2' }],
    ['who has it in another case', { tags: ['http'] }, { tags: ['HTTP'] }, { by: 'tags', lacks: 'http' }],
    [
      'who has a tag of notTags',
      { notTags: ['rpc'] },
      { tags: ['http', 'rpc'] },
      { by: 'notTags', has: 'rpc' },
    ],
    ['who has no check of its own', { requireCheck: true }, { hasOwnCheck: false }, { by: 'requireCheck' }],
    [
      'who is of the mesh, whatever else is said',
      { select: { tier: ['gold', null] } },
      { tags: ['haproxy.tier=gold'], kind: 'connect-proxy' },
      { by: 'kind', kind: 'connect-proxy' },
    ],
    [
      'who does not say a key',
      { select: { tier: ['gold'] } },
      {},
      { by: 'select', key: 'tier', value: null, wanted: ['gold'] },
    ],
  ])('leaves out %s, and the reason is data', (_what, rule, told, expected) => {
    const { view, exclusion } = selection(rule, told);
    expect(exclusion).toEqual(expected);
    expect(view.selected.get('web')).toEqual([]);
    expect(view.counts.get('web')).toEqual({ listed: 1, selected: 0, refused: 0 });
  });

  it.each(['connect-proxy', 'mesh-gateway', 'terminating-gateway'])(
    'leaves a %s out, with a warning',
    (kind) => {
      const { view } = selection({}, { kind });
      expect(view.selected.get('web')).toEqual([]);
      expect(view.problems).toEqual<Problem[]>([{ code: 'kind-left-out', instance: 'n1/a', kind }]);
      expect(view.problems.map(textOf)).toEqual([
        `n1/a is a ${kind}, which takes no plain requests; the instance is left out`,
      ]);
    },
  );
});

describe('a run', () => {
  it('serves the port that the plain tag names, and not the others of one service', async () => {
    const pool = { backend: 'b', service: 'iri', tags: ['http'], ranges: [{ prefix: 's' }] };
    const config = parseConfig({ pools: [pool] });
    const haproxy = haproxyFor(config, 4);
    const rows = [
      row({ id: 'h', port: 80, tags: ['http'] }),
      row({ id: 'r', port: 81, tags: ['rpc'] }),
      row({ id: 's', port: 82, tags: ['serf'] }),
    ];
    await runOnce({ config, haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'b')).toEqual(['s 10.0.0.1:80 w1 m0']);
  });

  it('waits for the check of an instance that is registered before it', async () => {
    const pool = { backend: 'b', service: 'iri', requireCheck: true, ranges: [{ prefix: 's' }] };
    const config = parseConfig({ pools: [pool] });
    const haproxy = haproxyFor(config, 4);
    const serf = { CheckID: 'serfHealth', Status: 'passing' };
    const own = { CheckID: 'service:iri-1', Status: 'passing', ServiceID: 'iri-1' };
    await runOnce({ config, haproxy, catalog: memoryCatalog([row({ checks: [serf] })]) });
    expect(readyIn(haproxy, 'b')).toEqual([]);
    await runOnce({ config, haproxy, catalog: memoryCatalog([row({ checks: [serf, own] })]) });
    expect(readyIn(haproxy, 'b')).toHaveLength(1);
  });
});
