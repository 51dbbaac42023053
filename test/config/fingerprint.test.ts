// What two processes compare to see whether they want the same of HAProxy.
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { fingerprintOf } from '../../lib/config/fingerprint.js';
import { configSchema } from '../../lib/config/pools.js';
import { renderConfigSchema } from '../../lib/render/config.js';

const pool = { backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] };
const of = (config: object): string => fingerprintOf(v.parse(configSchema, config));

it('is the same whoever reads the configuration, in whatever order and with whatever defaults left out', () => {
  const config = { pools: [pool], networks: ['10.0.0.0/8'] };
  const rendered = {
    ...config,
    hosts: [{ name: 'lb-1', address: '10.0.1.5', role: 'load-balancer' }],
    haproxy: { iri: false },
  };
  const reordered = { networks: ['10.0.0.0/8'], pools: [{ maxconn: 0, ...pool }] };
  expect([of(reordered), fingerprintOf(v.parse(renderConfigSchema, rendered))]).toEqual([
    of(config),
    of(config),
  ]);
});

it('is another one where runs would do something else', () => {
  expect(of({ pools: [{ ...pool, maxconn: 5 }] })).not.toBe(of({ pools: [pool] }));
});
