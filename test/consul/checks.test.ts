// Consul's checks of one instance: which are shown, in what order, and how much of what they said.
import { describe, expect, it } from 'vitest';
import { checksIn, keepRows } from '../../lib/consul/checks.js';
import { memoryCatalog } from '../simulation/rig.js';

const rowWith = (checks: unknown): unknown => ({
  Node: { Node: 'n1' },
  Service: { ID: 'web1' },
  Checks: checks,
});
const check = (fields: Readonly<Record<string, unknown>>): unknown => ({
  ...{ CheckID: 'api', Name: 'API', Status: 'passing', Output: '', Notes: '', ServiceID: 'web1' },
  ...fields,
});
const WHO = { node: 'n1', id: 'web1' };

describe('checks', () => {
  it('come with the first line of what they said', () => {
    const rows = [rowWith([check({ Status: 'critical', Output: '\n503 Service Unavailable\r\n<html>' })])];
    expect(checksIn(rows, WHO).checks).toEqual([
      { id: 'api', name: 'API', status: 'critical', ofNode: false, output: '503 Service Unavailable' },
    ]);
  });

  it('come worst first, maintenance before all, their own before those of the node', () => {
    const rows = [
      rowWith([
        check({ Name: 'fine' }),
        check({ Name: 'disk', Status: 'critical', ServiceID: '' }),
        check({ Name: 'own', Status: 'critical' }),
        check({ Name: 'slow', Status: 'warning' }),
        check({ CheckID: '_service_maintenance:web1', Name: 'maint', Status: 'critical', Notes: 'moving' }),
      ]),
    ];
    expect(checksIn(rows, WHO).checks.map(({ name }) => name)).toEqual([
      'maint',
      'own',
      'disk',
      'slow',
      'fine',
    ]);
  });

  it.each([
    ['moving', 'moving'],
    ['', null],
    [
      'Maintenance mode is enabled for this service, but no reason was provided. This is a default message.',
      null,
    ],
    [
      'Maintenance mode is enabled for this node, but no reason was provided. This is a default message.',
      null,
    ],
  ])('give the reason of a maintenance: %j', (notes, reason) => {
    const rows = [rowWith([check({ CheckID: '_node_maintenance', Notes: notes, ServiceID: '' })])];
    expect(checksIn(rows, WHO).checks).toMatchObject([{ reason, ofNode: true }]);
  });

  it('are bounded, in number and in length, and show nothing that is not printable', () => {
    const many = Array.from({ length: 50 }, (_, at) =>
      check({ Name: `c${at}\u001b[2J`, Output: `${'x'.repeat(100_000)}\u202e` }),
    );
    const { checks, more } = checksIn([rowWith(many)], WHO);
    expect(checks).toHaveLength(20);
    expect(more).toBe(30);
    for (const { output, name } of checks) {
      expect(output.length).toBeLessThanOrEqual(161);
      expect(name).not.toContain('\u001b');
    }
  });

  it.each([
    ['no rows', []],
    ['rows that make no sense', [null, 7, 'x', {}, { Node: 'n1', Service: [] }]],
    ['somebody else', [{ Node: { Node: 'n2' }, Service: { ID: 'web1' }, Checks: [check({})] }]],
    ['checks that are none', [rowWith('x')]],
  ])('are none of %s', (_what, rows) => {
    expect(checksIn(rows, WHO)).toEqual({ checks: [], more: 0 });
  });

  it('that make no sense are shown as what they are', () => {
    expect(checksIn([rowWith([null, { Status: 7 }])], WHO).checks).toHaveLength(2);
  });
});

describe('kept rows', () => {
  it('are those of the last read of a service, which is read as often as before', async () => {
    const catalog = memoryCatalog([1]);
    const { client, rowsOf } = keepRows(catalog);
    expect(rowsOf('iri')).toEqual([]);
    await client.readService('iri');
    catalog.rows = [2];
    await client.readService('iri');
    expect(rowsOf('iri')).toEqual([2]);
    expect(rowsOf('other')).toEqual([]);
    expect(catalog.reads).toBe(2);
  });
});
