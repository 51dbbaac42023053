// Which sample nodes `npm start` has for a configuration.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Kind, kindsFor } from '../../infra/local/sample-kinds.js';
import { configSchema } from '../../lib/config/pools.js';
import { iriLayout } from '../../lib/iri/layout.js';

const kindsOf = (config: unknown) => kindsFor(v.parse(configSchema, config));
const names = (kinds: readonly Kind[]): string[] => kinds.map(({ name }) => name);

describe('the IRI layout', () => {
  const { registered, demonstration, spare } = kindsOf(iriLayout);

  it('has a node of each kind, and two for later', () => {
    expect(names(registered)).toEqual(['iri-1', 'iri-2', 'iri-3', 'iri-4', 'iri-5']);
    expect(names([demonstration, spare])).toEqual(['iri-6', 'iri-7']);
    expect(registered.flatMap(({ tags }) => tags)).toContain('haproxy.pow=only');
  });

  it('has its tags with the prefix of the configuration', () => {
    const tags = kindsOf({ ...iriLayout, tagPrefix: 'lb' }).registered.flatMap((kind) => kind.tags);
    expect(tags).toContain('lb.pow=only');
    expect(tags.filter((tag) => !tag.startsWith('lb.'))).toEqual([]);
  });

  it('has no node that a pool has no range for, or whose tags mean nothing', () => {
    const pool = { backend: 'iri_back', service: 'iri', ranges: [{ prefix: 'irisrv' }] };
    const { registered: plain } = kindsOf({ pools: [pool], haproxy: { iri: {} } });
    expect(plain.map(({ tags }) => tags)).toEqual([[], ['haproxy.maxconn=7', 'haproxy.weight=2']]);
  });
});

describe('pools of other services', () => {
  it('have three web nodes each, with the tags that the pool asks for', () => {
    const pool = {
      ...{ backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] },
      ...{ select: { role: ['front', 'any'], canary: [null, 'no'] }, tags: ['live'], notTags: ['old'] },
    };
    const { registered, demonstration } = kindsOf({ pools: [pool] });
    expect(names(registered)).toEqual(['web-1', 'web-2', 'web-3']);
    for (const kind of [...registered, demonstration])
      expect(kind).toMatchObject({ service: 'web', isIri: false, tags: ['live', 'haproxy.role=front'] });
  });

  it.each([
    ['plain', [], false],
    ['verified', ['haproxy.scheme=https'], true],
    ['unverified', ['haproxy.scheme=https', 'haproxy.sslverify=0'], true],
  ])('have nodes that can be connected to where there is only %s', (transport, tags, https) => {
    const { spare } = kindsOf({
      pools: [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web', transport }] }],
    });
    expect(spare).toMatchObject({ tags, https });
  });

  it('have one where several select the same', () => {
    const pools = ['a', 'b'].map((backend) => ({ backend, service: 'web', ranges: [{ prefix: 'web' }] }));
    expect(names(kindsOf({ pools }).registered)).toEqual(['web-1', 'web-2', 'web-3']);
  });

  it('have names that need no quotes, each once', () => {
    const services = ['a b', 'a-b', "'; rm -rf /", 'ä'];
    const pools = services.map((service, index) => ({
      ...{ backend: `b${index}`, service, ranges: [{ prefix: 's' }] },
    }));
    const { registered } = kindsOf({ pools });
    expect(new Set(names(registered)).size).toBe(12);
    for (const { name } of registered) expect(name).toMatch(/^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/);
    expect(new Set(registered.map(({ service }) => service))).toEqual(new Set(services));
  });
});
