// An id says nothing without its agent: a node is removed, and a service replaced, only as what it is.
import { describe, expect, it } from 'vitest';
import type { RegisteredNode } from '../../lib/cli/node-find.js';
import { refusalToRemove, refusalToReplace } from '../../lib/cli/node-owner.js';
import type { AgentService } from '../../lib/consul/agent-answers.js';

const node: RegisteredNode = {
  ...{ node: 'rack1', id: 'a', service: 'iri', address: '10.0.0.1', port: 14265, hostPort: '10.0.0.1:14265' },
  ...{ health: 'passing', tags: [], meta: {}, weights: { passing: 1, warning: 1 } },
  ...{ nodeIsDead: false, hasOwnCheck: false, kind: '' },
};
const service: AgentService = { id: 'a', service: 'iri', address: '10.0.0.1', port: 14265 };
const agent = { address: 'http://agent:8500', identity: { node: 'rack1', datacenter: 'dc1' }, service };

describe('a node to remove', () => {
  it.each<[string, Partial<RegisteredNode>, AgentService]>([
    ['node, id, name, address and port', {}, service],
    ["the node's own address", {}, { ...service, address: '' }],
    ['an address in another form', { address: '2001:DB8::1' }, { ...service, address: '2001:db8:0::1' }],
  ])("is the agent's by %s", (_what, more, found) => {
    expect(refusalToRemove({ ...node, ...more }, { ...agent, service: found })).toBeUndefined();
    expect(refusalToRemove({ ...node, ...more }, { ...agent, service: found }, 'dc1')).toBeUndefined();
  });

  it.each<[string, AgentService, RegExp]>([
    [
      'name',
      { ...service, service: 'postgres' },
      /has a as service postgres at 10\.0\.0\.1:14265, not as iri at/,
    ],
    [
      'address',
      { ...service, address: '10.0.0.2' },
      /has a as service iri at 10\.0\.0\.2:14265, not as iri at/,
    ],
    ['port', { ...service, port: 80 }, /has a as service iri at 10\.0\.0\.1:80, not as iri at/],
    ['port, at its node', { ...service, address: '', port: 80 }, /at its node's port 80, not as iri at/],
    ['id', { ...service, id: 'b' }, /not as iri at/],
  ])('is not that of another %s', (_what, found, words) => {
    expect(refusalToRemove(node, { ...agent, service: found })).toMatch(words);
  });

  it('is not that of another node, or of one of that name in another datacenter', () => {
    const other = { ...agent, identity: { node: 'rack2' } };
    expect(refusalToRemove(node, other)).toBe(
      `rack1/a is of the agent of node rack1, and http://agent:8500 is that of rack2; run this there, or, where that agent is gone for good: consul force-leave rack1, else curl -X PUT http://agent:8500/v1/catalog/deregister -d '{"Node":"rack1","ServiceID":"a"}'`,
    );
    expect(refusalToRemove(node, agent, 'dc2')).toMatch(
      /is in datacenter dc2, .*; run this at its own agent$/,
    );
    const unknown = { ...agent, identity: { node: 'rack1' } };
    expect(refusalToRemove(node, unknown, 'dc1')).toMatch(/is in datacenter dc1, .* is not known to be/);
    expect(refusalToRemove(node, { ...agent, service: undefined })).toMatch(
      /rack1\/a is not registered with/,
    );
  });

  it('gives no command to paste that a shell would read in another way', () => {
    const text = refusalToRemove({ ...node, node: `x'; reboot; '` }, agent) ?? '';
    expect(text).toContain('use consul force-leave or catalog/deregister');
    expect(text).not.toContain('curl');
  });
});

describe("an agent's service", () => {
  const registration = { ID: 'a', Name: 'iri', Address: '10.0.0.1', Port: 14265 };

  it('is registered anew where it is the same, and where there is none', () => {
    expect(refusalToReplace(registration, service)).toBeUndefined();
    expect(refusalToReplace(registration, undefined)).toBeUndefined();
  });

  it.each<[Partial<AgentService>, string]>([
    [{ service: 'web' }, 'as service web at 10.0.0.1:14265'],
    [{ address: '10.0.0.2' }, 'as service iri at 10.0.0.2:14265'],
    [{ port: 80 }, 'as service iri at 10.0.0.1:80'],
    [{ address: '' }, "as service iri at its node's port 14265"],
  ])('is not replaced without a word: %j', (other, words) => {
    expect(refusalToReplace(registration, { ...service, ...other })).toBe(
      `the agent has a already, ${words}; give another --id, or say --replace`,
    );
  });
});
