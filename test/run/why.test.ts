// Why an instance is in rotation or not, of causes that take a fleet of their own: guard, names, runs, rights, leader.
import { describe, expect, it } from 'vitest';
import { paintFor } from '../../lib/cli/screen.js';
import { whyLines } from '../../lib/cli/why-text.js';
import type { Config } from '../../lib/config/pools.js';
import { ConsulError } from '../../lib/consul/errors.js';
import type { Why, WhyPlace } from '../../lib/model/why.js';
import type { CauseCode } from '../../lib/model/why-causes.js';
import { haproxyFor, memoryCatalog, parseConfig, runOnce } from '../simulation/rig.js';
import { type RowOptions, row } from '../simulation/row.js';
import type { SimulatedHAProxy } from '../simulation/simulated-haproxy.js';
import { type ExplainWith, explainIn } from './why-rig.js';

const config = parseConfig({ pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }] }] });
const TWO = [row(), row({ id: 'iri-2', address: '10.0.0.2' })];

/** A load balancer on which a run has placed these. */
async function servedBy(rows: readonly unknown[], of: Config = config): Promise<SimulatedHAProxy> {
  const haproxy = haproxyFor(of, 4);
  await runOnce({ config: of, haproxy, catalog: memoryCatalog(rows) });
  haproxy.settle();
  return haproxy;
}

type Given = Partial<Omit<ExplainWith, 'catalog'>> & { readonly rows?: readonly unknown[] };

const ask = (x: string, haproxy: SimulatedHAProxy, { rows = TWO, ...given }: Given = {}): Promise<Why> =>
  explainIn(x, { config, hosts: { lb1: haproxy }, catalog: memoryCatalog(rows), ...given });

const codesOf = ({ verdict }: Why): CauseCode[] => verdict.causes.map(({ code }) => code);
const onlyPlace = ({ loadBalancers }: Why): WhyPlace => {
  const [place, ...others] = loadBalancers.flatMap(({ places }) => places);
  if (!place || others.length > 0) throw new Error('not one place');
  return place;
};
const textOf = (why: Why): string =>
  whyLines(why, { columns: 80, paint: paintFor({ env: {} }), zone: { utc: true } }).join('\n');
const slotOf = (haproxy: SimulatedHAProxy, address: string) => {
  const found = [...(haproxy.backends.get('web') ?? [])].find(([, server]) => server.address === address);
  if (!found) throw new Error(`nobody is at ${address}`);
  return { name: found[0], server: found[1] };
};

describe('in rotation', () => {
  it('is one that is as Consul wants it', async () => {
    const why = await ask('iri-1', await servedBy(TWO));
    expect(why.verdict).toEqual({
      serves: 'everywhere',
      unread: false,
      text: 'iri-1 (n1/iri-1) is in rotation on lb1:9',
      causes: [],
    });
    expect(onlyPlace(why)).toMatchObject({ standing: 'in', nextRun: { changes: [] } });
  });

  it('with weight, maxconn, load and checks as they are and as they are wanted', async () => {
    const tagged = row({ tags: ['haproxy.weight=7', 'haproxy.maxconn=3', 'other'] });
    const why = await ask('n1/iri-1', await servedBy(TWO), { rows: [tagged] });
    const place = onlyPlace(why);
    expect(place.slot).toMatchObject({ at: '10.0.0.1:14265', weight: 1, maxconn: 0, state: 'ready' });
    expect(place.wanted).toEqual({ weight: 7, maxconn: 3 });
    expect(place.nextRun.changes).toMatchObject([{ action: 'update' }]);
    expect(why.instance?.tags.map(({ said, became }) => [said, became])).toEqual([
      ['haproxy.weight=7', 'used'],
      ['haproxy.maxconn=3', 'used'],
      ['other', 'other'],
    ]);
    expect(why.instance?.checks).toHaveLength(2);
  });

  it('says that several pools differ, and in which', async () => {
    const both = parseConfig();
    const rows = [row({ tags: ['haproxy.pow=true'] })];
    const haproxy = await servedBy(rows, both);
    for (const server of haproxy.backends.get('iri_pow_back')?.values() ?? [])
      if (server.state === 'ready') server.state = 'drain';
    const why = await ask('iri-1', haproxy, { config: both, rows });
    expect(why.verdict.serves).toBe('partly');
    expect(why.verdict.text).toBe(
      'iri-1 (n1/iri-1) is out of rotation in iri_pow_back on lb1:9: drained by an operator; in rotation in iri_back on lb1:9',
    );
  });
});

describe('a pool that does not select it', () => {
  const both = parseConfig();
  const withPow = [row({ tags: ['haproxy.pow=true'] })];
  const withoutPow = [row()];

  it('counts for nothing once its slot was left', async () => {
    const haproxy = await servedBy(withPow, both);
    await runOnce({ config: both, haproxy, catalog: memoryCatalog(withoutPow) });
    const why = await ask('iri-1', haproxy, { config: both, rows: withoutPow });
    expect(why.verdict.text).toBe('iri-1 (n1/iri-1) is in rotation on lb1:9');
    expect(onlyPlace(why).backend).toBe('iri_back');
  });

  it('is told of while its slot is ready', async () => {
    const why = await ask('iri-1', await servedBy(withPow, both), { config: both, rows: withoutPow });
    expect(why.verdict.text).toContain('is still in rotation in iri_pow_back on lb1:9');
    expect(codesOf(why)).toEqual(['pending', 'not-selected']);
    expect(why.verdict.causes[1]?.text).toBe('not selected: iri_pow_back wants haproxy.pow=true|only');
  });
});

describe('who is left out', () => {
  const reasons: readonly (readonly [string, RowOptions, CauseCode])[] = [
    ['an address that is none', { address: 'a b' }, 'address-unusable'],
    ['a port that is none', { port: 'http' }, 'port-unusable'],
    ['an address in no network', { address: '169.254.1.1' }, 'address-refused'],
    ['a host name that does not resolve', { address: 'node.example' }, 'name-unresolved'],
  ];
  it.each(reasons)('by %s is told so', async (_what, options, code) => {
    const why = await ask('iri-9', await servedBy(TWO), { rows: [...TWO, row({ id: 'iri-9', ...options })] });
    expect(codesOf(why)[0]).toBe(code);
    expect(why.verdict.serves).toBe('nowhere');
    expect(onlyPlace(why).slot).toBeUndefined();
  });

  const rules: readonly (readonly [string, object, RowOptions, RegExp])[] = [
    ['a tag that it lacks', { tags: ['blue'] }, {}, /register it with the tag "blue"/],
    ['a tag that it has', { notTags: ['red'] }, { tags: ['red'] }, /register it with no tag "red"/],
    ['the want of a check', { requireCheck: true }, { checks: [] }, /register it with a check/],
    ['a value', { select: { color: ['blue'] } }, {}, /register it with the tag haproxy\.color=blue/],
    [
      'the presence of a key',
      { select: { color: [null] } },
      { tags: ['haproxy.color=x'] },
      /no tag haproxy\.color/,
    ],
  ];
  it.each(rules)('by %s is told what would have it selected', async (_what, rule, options, next) => {
    const of = parseConfig({
      pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }], ...rule }],
    });
    const why = await ask('iri-1', haproxyFor(of, 2), { config: of, rows: [row(options)] });
    expect(codesOf(why)).toContain('not-selected');
    expect(why.verdict.causes.find(({ code }) => code === 'not-selected')?.next).toMatch(next);
    expect(why.instance?.pools).toMatchObject([{ backend: 'web', selected: false }]);
  });

  it('by a misspelt tag is told of the tag first', async () => {
    const of = parseConfig({
      pools: [{ backend: 'web', service: 'iri', ranges: [{ prefix: 's' }], select: { color: ['blue'] } }],
    });
    const why = await ask('iri-1', haproxyFor(of, 2), {
      config: of,
      rows: [row({ tags: ['haproxy.colour=blue'] })],
    });
    expect(codesOf(why)).toEqual(['tag-bad', 'not-selected']);
    expect(why.verdict.text).toContain('did you mean haproxy.color?');
  });

  it('as a proxy of the mesh', async () => {
    const proxy = { ...(row() as { Service: object }) };
    const rows = [{ ...proxy, Service: { ...proxy.Service, Kind: 'connect-proxy' } }];
    expect(codesOf(await ask('iri-1', haproxyFor(config, 2), { rows }))[0]).toBe('kind-left-out');
  });

  it('for want of a range in HAProxy', async () => {
    const tls = parseConfig({
      pools: [
        { backend: 'web', service: 'iri', ranges: [{ prefix: 's' }, { prefix: 't', transport: 'verified' }] },
      ],
    });
    const rows = [row({ tags: ['haproxy.scheme=https'] })];
    const why = await ask('iri-1', haproxyFor(config, 2), { config: tls, rows });
    expect(codesOf(why)).toEqual(['no-range']);
    expect(why.verdict.text).toContain('HAProxy has no server-template t (verified)');
  });
});

describe('still in rotation', () => {
  it('by the limit of removals', async () => {
    const limited = { ...config, maxRemovalPercent: 10 };
    const why = await ask('10.0.0.2:14265', await servedBy(TWO), { config: limited, rows: [row()] });
    expect(codesOf(why)).toEqual(['removal-held', 'not-registered']);
    expect(why.verdict.text).toContain('is still in rotation on lb1:9: the guard holds its removal');
  });

  it('because the token may not read every node, which is no word on whether it is registered', async () => {
    const catalog = { ...memoryCatalog([row()]), mayRead: async () => 'nodes-denied' as const };
    const haproxy = await servedBy(TWO);
    const why = await explainIn('10.0.0.2:14265', { config, catalog, hosts: { lb1: haproxy } });
    expect(codesOf(why)).toEqual(['removal-held', 'absence-doubted']);
    expect(JSON.stringify(why)).not.toContain('nobody in Consul');
    expect(textOf(why)).toContain('\nConsul does not list it, which may not be believed');
    slotOf(haproxy, '10.0.0.2').server.state = 'drain';
    const drained = await explainIn('10.0.0.2:14265', { config, catalog, hosts: { lb1: haproxy } });
    expect(codesOf(drained)).toEqual(['drained', 'absence-doubted']);
    expect(textOf(drained)).not.toMatch(/nobody/);
  });

  it('because runs fail there', async () => {
    const haproxy = await servedBy(TWO);
    const levelled = {
      ...haproxy.connect(),
      send: async (lines: readonly string[]) =>
        lines.map((line) => (line === 'show cli level' ? 'operator' : haproxy.execute(line))),
    };
    const limited = Object.assign(Object.create(haproxy), { connect: () => levelled });
    const why = await ask('iri-2', limited, {
      rows: [row(), row({ id: 'iri-2', address: '10.0.0.2', status: 'critical' })],
    });
    expect(codesOf(why)).toEqual(['run-failing', 'pending', 'critical']);
    expect(onlyPlace(why).standing).toBe('still-in');
  });

  const ill = [row(), row({ id: 'iri-2', address: '10.0.0.2', status: 'critical' })];
  it.each([
    ['none is going', { state: 'none' }, 'none-running'],
    ['they are paused', { state: 'paused', detail: 'paused for 12 min: new switch' }, 'run-paused'],
    ['they fail', { state: 'failing', detail: 'no token' }, 'run-failing'],
    ['nobody tells', { state: 'unknown' }, 'pending'],
  ] as const)('as runs go: %s', async (_what, runs, code) => {
    const why = await ask('iri-2', await servedBy(TWO), { rows: ill, runs });
    expect(codesOf(why)[0]).toBe(code);
    expect(codesOf(why)).toContain('critical');
  });

  it('at an address that is kept for a name which does not resolve', async () => {
    const haproxy = await servedBy(TWO);
    const rows = [row(), row({ id: 'iri-2', address: 'node.example' })];
    const of = { rows, lastKnown: ['10.0.0.2'] };
    const byAddress = await ask('10.0.0.2:14265', haproxy, of);
    expect(codesOf(byAddress)[0]).toBe('kept-by-name');
    expect(byAddress.verdict.text).toContain('kept for n1/iri-2, whose host name does not resolve');
    const byName = await ask('iri-2', haproxy, of);
    expect(byName.verdict.text).toContain(
      'is in rotation on lb1:9, but: host name node.example does not resolve',
    );
    expect(onlyPlace(byName).slot?.at).toBe('10.0.0.2:14265');
  });

  it('at an address that its name has among others', async () => {
    const haproxy = await servedBy(TWO);
    const rows = [row(), row({ id: 'iri-2', address: 'node.example' })];
    const why = await ask('iri-2', haproxy, {
      rows,
      names: { 'node.example': ['10.0.0.9', '9.0.0.1', '10.0.0.2'] },
    });
    expect(onlyPlace(why)).toMatchObject({ standing: 'in', slot: { at: '10.0.0.2:14265' } });
    expect(why.verdict.text).toContain('but: its address stays while node.example has it');
  });
});

describe('what cannot be read', () => {
  const failing = (detail: string) => ({
    ...memoryCatalog(),
    readService: async () => {
      throw new ConsulError('iri', detail, 'has Consul a leader?');
    },
  });

  it.each([
    ['500 "No cluster leader"', 'no-leader', 'Consul has no leader'],
    ['http://127.0.0.1:8500: connect ECONNREFUSED', 'consul-unreadable', 'Consul cannot be read'],
  ] as const)('of Consul is told as that: %s', async (detail, code, words) => {
    const haproxy = await servedBy(TWO);
    const why = await explainIn('10.0.0.2:14265', {
      config,
      catalog: failing(detail),
      hosts: { lb1: haproxy },
    });
    expect(codesOf(why)).toEqual([code]);
    expect(why.verdict.text).toBe(
      `10.0.0.2:14265 is in rotation on lb1:9, but: ${words}, so not known whether it should be`,
    );
    expect(why.verdict.unread).toBe(true);
    slotOf(haproxy, '10.0.0.2').server.state = 'maintenance';
    const out = await explainIn('10.0.0.2:14265', {
      config,
      catalog: failing(detail),
      hosts: { lb1: haproxy },
    });
    expect(out.verdict.text).toBe(
      `10.0.0.2:14265 is out of rotation on lb1:9: ${words}, so why is not known`,
    );
  });

  it('of all load balancers leaves what Consul says', async () => {
    const rows = [row({ status: 'critical' })];
    const why = await ask('iri-1', haproxyFor(config, 1), { rows, hosts: { lb1: 'down', lb2: 'busy' } });
    expect(why.verdict.serves).toBe('unknown');
    expect(why.verdict.text).toBe(
      'iri-1 (n1/iri-1) may be in rotation or not on lb1:9: it is down; not known on lb2:9: it is busy: ' +
        'somebody has its admin socket; in Consul: check "service:iri-1" is critical',
    );
    expect(why.instance?.health).toBe('critical');
    expect(why.loadBalancers.map(({ state }) => state)).toEqual(['down', 'busy']);
  });

  it('of the list of load balancers leaves open whether it serves everywhere', async () => {
    const why = await ask('iri-1', await servedBy(TWO), { discoveryError: 'service lb: no answer' });
    expect(why.verdict).toMatchObject({ serves: 'everywhere', unread: true });
    expect(why.verdict.text).toMatch(/is in rotation on lb1:9; not every load balancer is known$/);
    const none = await ask('iri-1', await servedBy(TWO), {
      discoveryError: 'service lb: no answer',
      hosts: {},
    });
    expect(none.verdict).toMatchObject({ serves: 'unknown', unread: true });
    expect(none.verdict.text).toContain('may be in rotation or not: no load balancer is known');
  });

  it('of one backend is told of that', async () => {
    const of = parseConfig({ pools: [{ backend: 'other', service: 'iri', ranges: [{ prefix: 's' }] }] });
    const why = await ask('iri-1', haproxyFor(config, 1), { config: of });
    expect(codesOf(why)).toEqual(['backend-unread']);
    expect(why.verdict.unread).toBe(true);
  });
});

describe('since when', () => {
  it('is not known of a drained server that HAProxy shows DOWN, and it is drained all the same', async () => {
    const haproxy = await servedBy(TWO);
    const connection = {
      ...haproxy.connect(),
      send: async (lines: readonly string[]) =>
        lines.map((line) => {
          const answer = haproxy.execute(line);
          if (!line.startsWith('show stat')) return answer;
          return answer
            .replace(/agent_status,$/m, 'agent_status,lastchg,')
            .replace(/,(?:DRAIN|UP),1,,$/gm, (text) =>
              text.includes('DRAIN') ? ',DOWN,1,,77,' : ',UP,1,,240,',
            );
        }),
    };
    slotOf(haproxy, '10.0.0.2').server.state = 'drain';
    const detailed = Object.assign(Object.create(haproxy), { connect: () => connection });
    const drained = onlyPlace(await ask('iri-2', detailed));
    expect(drained.causes[0]?.code).toBe('drained');
    expect(drained.slot).toMatchObject({ state: 'drain', status: 'DOWN' });
    expect(drained.slot?.since).toBeUndefined();
    const why = await ask('iri-1', detailed);
    expect(onlyPlace(why).slot?.since).toEqual({
      source: 'haproxy',
      seconds: 240,
      at: new Date(Date.parse(why.takenAt) - 240_000).toISOString(),
    });
  });
});

describe('a hostile registration', () => {
  it('prints nothing that is not printable', async () => {
    const evil = '\u001b[31m\u202e';
    const rows = [
      row({
        node: `n${evil}`,
        id: `i${evil}`,
        tags: [`haproxy.weight=${evil}`, evil],
        meta: { 'haproxy-pow': evil },
      }),
    ];
    const why = await ask(`i${evil}`, haproxyFor(config, 2), { rows });
    // What is escaped for people is escaped once more by JSON.
    expect(JSON.stringify(why)).not.toMatch(/(?<!\\)\\u(?:001b|202e)|\u202e/);
    expect(textOf(why)).not.toContain(String.fromCharCode(0x1b));
    expect(textOf(why)).not.toContain('\u202e');
  });
});
