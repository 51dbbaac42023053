// What a row of Consul says of an instance beside its address: its node, its own checks, its kind.
import { describe, expect, it } from 'vitest';
import { parseRows } from '../../lib/consul/rows.js';

const SERF = { CheckID: 'serfHealth', Status: 'passing', ServiceID: '' };
const OWN = { CheckID: 'service:a', Status: 'passing', ServiceID: 'a' };
const MAINTENANCE = { CheckID: '_service_maintenance:a', Status: 'critical', ServiceID: 'a' };

function instanceOf(checks: readonly object[], service: object = {}) {
  const row = { Node: { Node: 'n', Address: '10.0.0.1' }, Service: { ID: 'a', Port: 80, ...service } };
  return parseRows('web', [{ ...row, Checks: checks }]).instances[0];
}

describe('an instance', () => {
  it('has a dead node where serfHealth is critical, and only there', () => {
    expect(instanceOf([{ ...SERF, Status: 'critical' }, OWN])?.nodeIsDead).toBe(true);
    expect(instanceOf([SERF, { ...OWN, Status: 'critical' }])?.nodeIsDead).toBe(false);
    expect(instanceOf([])?.nodeIsDead).toBe(false);
  });

  it("has a check of its own where one names the service: a node's, and maintenance, is none", () => {
    expect(instanceOf([SERF, OWN])?.hasOwnCheck).toBe(true);
    expect(instanceOf([SERF])?.hasOwnCheck).toBe(false);
    expect(instanceOf([SERF, MAINTENANCE])?.hasOwnCheck).toBe(false);
  });

  it('is of the kind that Consul says', () => {
    expect(instanceOf([SERF], { Kind: 'connect-proxy' })?.kind).toBe('connect-proxy');
    expect(instanceOf([SERF])?.kind).toBe('');
  });
});
