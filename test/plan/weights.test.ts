// Weights: tags, Consul's Weights for the status, and what is more than HAProxy takes.
import { describe, expect, it } from 'vitest';
import type { ServiceInstance } from '../../lib/model/instance.js';
import { weightsOf } from '../../lib/plan/weights.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';
import { config, instance, viewWith } from './rig.js';

/** `[tag, passing, warning]` to `[passing, warning]`. */
type Given = readonly [tag: number | undefined, passing: number, warning: number];
const weights = (...all: readonly Given[]) =>
  weightsOf(
    all.map(([tag, passing, warning]) => ({ tag, instance: instance({ weights: { passing, warning } }) })),
  ).map(({ passing, warning }) => [passing, warning]);

describe('the weight of an instance', () => {
  it.each<[string, Given, number[]]>([
    ["is Consul's for the status", [undefined, 10, 3], [10, 3]],
    ['is that of its tag', [7, 10, 10], [7, 7]],
    ["loses in warning times what Consul's loses", [100, 10, 5], [100, 50]],
    ['stays at least 1 in warning times', [2, 10, 1], [2, 1]],
    ['is 0 in warning times where Consul says 0', [7, 10, 0], [7, 0]],
    ['is 0 where its tag says 0', [0, 10, 5], [0, 0]],
    ['rises in warning times where Consul says so', [5, 1, 2], [5, 10]],
    ['is 256 at most, as it is', [undefined, 256, 256], [256, 256]],
  ])('%s', (_what, given, expected) => {
    expect(weights(given)).toEqual([expected]);
  });

  it('above 256 scales all, tags too, and takes nobody their share', () => {
    const all = [
      [undefined, 512, 256],
      [100, 1, 1],
      [undefined, 1, 1],
      [undefined, 10, 0],
      [0, 1, 1],
    ] as const;
    expect(weights(...all)).toEqual([
      [256, 128],
      [50, 50],
      [1, 1],
      [5, 0],
      [0, 0],
    ]);
  });

  it('in warning times above 256 scales all as well', () => {
    expect(weights([undefined, 10, 1_024], [undefined, 100, 100])).toEqual([
      [3, 256],
      [25, 25],
    ]);
  });

  it("takes 65,535, Consul's largest", () => {
    expect(weights([undefined, 65_535, 1], [undefined, 100, 1])).toEqual([
      [256, 1],
      [1, 1],
    ]);
  });

  it('is scaled by who is critical, too, so that nobody moves when that one is well again', () => {
    const weightOf = (health: ServiceInstance['health']) => {
      const large = instance({ id: 'large', weights: { passing: 1_000, warning: 1 }, health });
      const small = instance({ id: 'small', address: '10.0.0.2', weights: { passing: 500, warning: 1 } });
      return viewWith([large, small]).selected.get('web')?.[1]?.weights.passing;
    };
    expect([weightOf('critical'), weightOf('passing')]).toEqual([128, 128]);
  });

  it('is not scaled by who is not in the pool', () => {
    const other = instance({
      id: 'b',
      address: '10.0.0.2',
      kind: 'connect-proxy',
      weights: { passing: 1_000, warning: 1 },
    });
    const view = viewWith([instance({ weights: { passing: 200, warning: 1 } }), other]);
    expect(view.selected.get(config.pools[0]?.backend ?? '')?.map((one) => one.weights.passing)).toEqual([
      200,
    ]);
  });

  it('of the strongest is the largest in HAProxy', async () => {
    const haproxy = haproxyFor(parseConfig(), 8);
    const rows = [
      row({ id: 'large', address: '10.0.0.1', weights: { Passing: 300, Warning: 1 } }),
      row({ id: 'small', address: '10.0.0.2', weights: { Passing: 50, Warning: 1 } }),
    ];
    await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'iri_back')).toEqual([
      'irisrv 10.0.0.1:14265 w256 m0',
      'irisrv 10.0.0.2:14265 w43 m0',
    ]);
  });
});
