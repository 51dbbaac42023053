// Where settings come from: tags, Meta, Consul's weights, duplicates, host names and TLS.
import { describe, expect, it } from 'vitest';
import { TAGS } from '../../lib/model/tags.js';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

async function readyFor(rows: readonly unknown[], names?: Readonly<Record<string, readonly string[]>>) {
  const haproxy = haproxyFor(parseConfig(), 8);
  const report = await runOnce({ haproxy, catalog: memoryCatalog(rows), ...(names ? { names } : {}) });
  return {
    haproxy,
    report,
    plain: readyIn(haproxy, 'iri_back'),
    warnings: [...report.consul.warnings, ...report.only.warnings],
  };
}

describe('settings', () => {
  it('come from Meta where no tag says otherwise', async () => {
    const { plain } = await readyFor([
      row({ meta: { 'haproxy-weight': '5', 'haproxy-maxconn': '6' }, tags: ['haproxy.weight=7'] }),
    ]);
    expect(plain).toEqual(['irisrv 10.0.0.1:14265 w7 m6']);
  });

  it("take the weight from Consul's Weights where no tag gives one", async () => {
    const { plain } = await readyFor([row({ weights: { Passing: 33, Warning: 1 } })]);
    expect(plain).toEqual(['irisrv 10.0.0.1:14265 w33 m0']);
  });

  it('warn of a Consul weight that is none, and use 1', async () => {
    const { plain, warnings } = await readyFor([row({ weights: { Passing: 65_536, Warning: 1 } })]);
    expect(plain).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
    expect(warnings).toEqual([
      'n1/iri-1: Consul\'s passing weight "65536" is not from 0 to 65535; 1 is used',
    ]);
  });

  it('warn of an unknown key under the prefix', async () => {
    const { warnings } = await readyFor([row({ tags: ['haproxy.wieght=2', 'other.thing=1'] })]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(
      `"haproxy.wieght=2" is ignored: unknown key, known are ${TAGS.map(({ key }) => key).join(', ')}`,
    );
  });

  it('choose the range: scheme and sslverify pick how HAProxy connects', async () => {
    const { plain } = await readyFor([
      row({ id: 'a', address: '10.0.0.1', tags: ['haproxy.scheme=https'] }),
      row({ id: 'b', address: '10.0.0.2', tags: ['haproxy.scheme=https', 'haproxy.sslverify=0'] }),
      row({ id: 'c', address: '10.0.0.3', tags: ['haproxy.scheme=http'] }),
    ]);
    expect(plain).toEqual([
      'irisrv 10.0.0.3:14265 w1 m0',
      'iritls 10.0.0.1:14265 w1 m0',
      'iritlsnv 10.0.0.2:14265 w1 m0',
    ]);
  });

  it('move an instance to another range when its transport changes', async () => {
    const { haproxy } = await readyFor([row()]);
    await runOnce({ haproxy, catalog: memoryCatalog([row({ tags: ['haproxy.scheme=https'] })]) });
    expect(readyIn(haproxy, 'iri_back')).toEqual(['iritls 10.0.0.1:14265 w1 m0']);
  });

  it('that need a range HAProxy lacks fail the instances that need it, by name, and no other', async () => {
    const config = parseConfig({
      pools: [
        { backend: 'b', service: 'iri', ranges: [{ prefix: 's' }, { prefix: 't', transport: 'verified' }] },
      ],
    });
    const haproxy = haproxyFor(
      { ...config, pools: config.pools.map((pool) => ({ ...pool, ranges: pool.ranges.slice(0, 1) })) },
      2,
    );
    const rows = [row({ id: 'a' }), row({ id: 'b', address: '10.0.0.2', tags: ['haproxy.scheme=https'] })];
    const { only } = await runOnce({ config, haproxy, catalog: memoryCatalog(rows) });
    expect(readyIn(haproxy, 'b')).toEqual(['s 10.0.0.1:14265 w1 m0']);
    expect(only.pools[0]?.unplaced).toEqual([
      { instance: 'n1/b', reason: 'HAProxy has no server-template t (verified) in this backend' },
    ]);
  });

  it('fail the instances of a range that connects the other way, and leave what is ready as it is', async () => {
    const haproxy = haproxyFor(parseConfig(), 4);
    const rows = [row({ tags: ['haproxy.scheme=https'] }), row({ id: 'plain', address: '10.0.0.2' })];
    await runOnce({ haproxy, catalog: memoryCatalog(rows) });
    for (const [slot, server] of haproxy.backends.get('iri_back') ?? []) {
      if (slot.startsWith('iritls')) server.tls = false;
    }
    const { only } = await runOnce({
      haproxy,
      catalog: memoryCatalog([
        ...rows,
        row({ id: 'late', address: '10.0.0.3', tags: ['haproxy.scheme=https'] }),
      ]),
    });
    expect(only.pools[0]?.unplaced.map(({ instance }) => instance).sort()).toEqual(['n1/iri-1', 'n1/late']);
    expect(only.error).toContain(
      'server-template iritls should be verified, but HAProxy connects without TLS',
    );
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(2);
  });

  it("conflict also when only Consul's weights differ", async () => {
    const { warnings } = await readyFor([
      row({ id: 'a', weights: { Passing: 5, Warning: 1 } }),
      row({ id: 'b', weights: { Passing: 9, Warning: 1 } }),
    ]);
    expect(warnings).toHaveLength(1);
  });

  it.each([
    [{ Tags: [{ toString: null }] }],
    [{ Tags: 'x' }],
    [{ Meta: { 'haproxy-weight': { toString: null } } }],
    [{ Address: 7 }],
    [{ Port: {} }],
    [{ Weights: null }],
    [{ Weights: { Passing: 'x' } }],
    [{ ID: 7 }],
  ])('of a row that holds %j never break the run', async (fields) => {
    const odd = row() as { readonly Service: object };
    const { plain } = await readyFor([
      { ...odd, Service: { ...odd.Service, ...fields } },
      row({ id: 'ok', address: '10.0.0.9' }),
    ]);
    expect(plain).toContain('irisrv 10.0.0.9:14265 w1 m0');
  });

  it('serve IPv6 addresses, however they were written', async () => {
    const { plain } = await readyFor([row({ address: '[2001:DB8:0:0::1]' })]);
    expect(plain).toEqual(['irisrv 2001:db8::1:14265 w1 m0']);
  });
});

describe('host names', () => {
  it('keep the address in the slot while it is still among the answers', async () => {
    const name = 'n.example';
    const { haproxy } = await readyFor([row({ address: name })], { [name]: ['10.0.0.5'] });
    const catalog = memoryCatalog([row({ address: name })]);
    const same = await runOnce({ haproxy, catalog, names: { [name]: ['10.0.0.1', '10.0.0.5'] } });
    expect(same.only.changes).toEqual([]);
    const moved = await runOnce({ haproxy, catalog, names: { [name]: ['10.0.0.1'] } });
    const [removed, added] = moved.only.changes;
    expect([removed?.action, added?.action]).toEqual(['remove', 'add']);
    // Whoever moves has an idle slot ready before the old one stops.
    expect(added?.slot).not.toBe(removed?.slot);
    expect(readyIn(haproxy, 'iri_back')).toEqual(['irisrv 10.0.0.1:14265 w1 m0']);
  });

  it('that do not resolve keep their slot as it is, with a warning', async () => {
    const name = 'n.example';
    const { haproxy } = await readyFor([row({ address: name })], { [name]: ['10.0.0.5'] });
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog([row({ address: name })]) });
    expect(only.changes).toEqual([]);
    expect(only.warnings.join('\n')).toMatch(/irisrv\d at 10\.0\.0\.5:14265 is kept for n1\/iri-1/);
  });

  it('prefer IPv4, lowest first', async () => {
    const { plain } = await readyFor([row({ address: 'n.example' })], {
      'n.example': ['2001:db8::1', '10.0.0.20', '10.0.0.3'],
    });
    expect(plain).toEqual(['irisrv 10.0.0.3:14265 w1 m0']);
  });
});
