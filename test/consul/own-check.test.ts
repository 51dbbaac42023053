// Which of the checks in Consul's rows is an instance's own, and what it asks as far as Consul tells.
import { describe, expect, it } from 'vitest';
import { notesOf, type OwnCheck, ownCheckOf } from '../../lib/consul/own-check.js';

const check = (fields: object) => ({ CheckID: 'service:a', ServiceID: 'a', Type: '', Notes: '', ...fields });
const row = (...Checks: object[]) => ({ Node: { Node: 'n' }, Service: { ID: 'a' }, Checks });
const http = check({ Type: 'http', Notes: notesOf('/health?x=1') });

describe('the own check of an instance', () => {
  it.each<[string, unknown[], OwnCheck | undefined]>([
    ['a GET, with the path that its Notes say', [row(http)], { kind: 'http', path: '/health?x=1' }],
    [
      'a GET of an unknown path',
      [row(check({ Type: 'http', Notes: 'ours' }))],
      { kind: 'http', path: undefined },
    ],
    ['a connection', [row(check({ Type: 'tcp' }))], { kind: 'tcp' }],
    ['what only an agent can run', [row(check({ Type: 'script' }))], { kind: 'other', type: 'script' }],
    [
      'the first that can be asked',
      [row(check({ Type: 'ttl' }), check({ Type: 'tcp' }), http)],
      { kind: 'tcp' },
    ],
    ["not its node's", [row(check({ CheckID: 'serfHealth', ServiceID: '', Type: 'tcp' }))], undefined],
    [
      'not its maintenance',
      [row(check({ CheckID: '_service_maintenance:a', Type: 'maintenance' }))],
      undefined,
    ],
    ['none where it has none', [row(), { ...row(), Checks: null }], undefined],
    ["not another node's", [{ ...row(http), Node: { Node: 'm' } }], undefined],
    ['none in rows that make no sense', [null, 'row', { Node: 1, Service: 2, Checks: 3 }], undefined],
  ])('is %s', (_what, rows, expected) => {
    expect(ownCheckOf(rows, { node: 'n', id: 'a' })).toEqual(expected);
  });
});
