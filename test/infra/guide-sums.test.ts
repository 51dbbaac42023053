// The deploy guide's examples fit together, and the sums of its costs are right.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import example from '../../infra/consul/examples/load-balancer.json' with { type: 'json' };
import { parseLoadBalancers } from '../../lib/consul/discovery.js';
import { printAdminAddress } from '../../lib/model/admin-address.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { row } from '../simulation/row.js';
import { exampleSettings, propertiesOf, root, synthesise } from './example.js';

const guide = readFileSync(join(root, 'infra', 'README.md'), 'utf8');
const exampleConfig = readFileSync(join(root, 'infra', 'example.config.json'), 'utf8');
const bind = v.parse(renderConfigSchema, JSON.parse(exampleConfig)).haproxy.gateway?.bind;

describe('the examples', () => {
  it('have the gateway of one load balancer, wherever it is named', () => {
    const { id, address, port, tags } = example.service;
    const { addresses } = parseLoadBalancers('haproxy', [row({ id, address, port, tags })]);
    expect(addresses.map(printAdminAddress)).toEqual([`tls://${bind}`]);
    expect(exampleSettings().haproxy.addresses).toContain(`tls://${bind}`);
  });
});

describe('the costs', { timeout: 120_000 }, () => {
  const rows = [...guide.slice(guide.indexOf('## Cost')).matchAll(/^\| (.*?) \|(.*)\|$/gm)];
  const costs = rows.flatMap(([, name = '', cells = '']) => {
    const dollars = cells
      .split('|')
      .slice(-2)
      .map((cell) => Number(/\$([\d.]+)\**\s*$/.exec(cell)?.[1]));
    return dollars.some(Number.isNaN) ? [] : [{ name, dollars }];
  });
  const at = costs.findIndex(({ name }) => name === '**sum**');

  it('add up', () => {
    for (const column of [0, 1]) {
      const sum = costs.slice(0, at).reduce((total, { dollars }) => total + (dollars[column] ?? 0), 0);
      expect(sum.toFixed(2)).toBe(costs[at]?.dollars[column]?.toFixed(2));
    }
  });

  it('count every metric that an alarm looks at, at ten cents', () => {
    const alarms = propertiesOf(synthesise(exampleSettings()), 'AWS::CloudWatch::Alarm');
    const looked = alarms.flatMap(({ Metrics }) =>
      ((Metrics as { MetricStat?: unknown }[] | undefined) ?? [{ MetricStat: {} }]).filter(
        ({ MetricStat }) => MetricStat !== undefined,
      ),
    );
    expect(costs.find(({ name }) => name.startsWith('alarms'))?.dollars[0]).toBeCloseTo(looked.length / 10);
  });
});
