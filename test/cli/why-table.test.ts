// `iri-lb why X` names every cause in its first line, with the load balancer: with all up, with one load balancer
// down or busy, and with Consul down. One prepared fleet of two real HAProxies and a real Consul.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdSocket, startWhyFleet, type WhyFleet } from './why-fleet.js';
import { runWhy, type WhyRan } from './why-rig.js';

interface Case {
  /** What is asked for. */
  readonly x: string;
  /** In which words the first line tells how it stands. */
  readonly stands: 'is in' | 'is still in' | 'is out of' | '';
  /** How the first line begins to tell the cause. */
  readonly cause: RegExp;
  readonly status: number;
  /** Its address, where a slot has it: what can still be asked for without Consul. */
  readonly at?: string;
  /** What HAProxy alone knows of the cause. */
  readonly alone?: RegExp;
}

const UNREAD = /Consul cannot be read/;
const out = (x: string, cause: RegExp, at?: string, alone: RegExp = UNREAD): Case => ({
  ...{ x, stands: 'is out of', cause, status: 3, alone },
  ...(at === undefined ? {} : { at }),
});
const still = (x: string, cause: RegExp, status: number, at = x): Case => ({
  ...{ x, stands: 'is still in', cause, status, at },
});
const well = (x: string, cause: RegExp, at: string): Case => ({ x, stands: 'is in', cause, status: 0, at });

/** The second one's is filled in when the fleet is there: its port is not known before. */
const OLD = 'OLD';
const CASES: readonly (readonly [string, Case])[] = [
  ['nothing', well('n1/ok', /in rotation on/, '127.0.1.1:80')],
  ['a critical check', out('n1/crit', /: check "API" is/, '127.0.1.2:80')],
  ['a critical check of the node', out('n4/disk', /: check "disk" of/, '127.0.1.10:80')],
  ['a dead node', out('n3/dead', /: its node n3 is/, '127.0.1.9:80')],
  ['maintenance', out('local/maint', /: in maintenance in/, '127.0.1.20:80')],
  ['maintenance of the node', out('n5/nodemaint', /: node n5 is/, '127.0.1.11:80')],
  ['maintenance at the same address', out('n1/pair-a', /: n6\/pair-b, at/, '127.0.1.13:80')],
  ['drain by an operator', out('n1/drain', /: drained by an/, '127.0.1.3:80', /: drained by an operator/)],
  ['drain by an agent-check', out('n1/drains', /: drained by its/, '127.0.5.1:80', /: drained by its agent/)],
  ['maintenance by an agent-check', out('n1/maints', /: held by its/, '127.0.5.2:80')],
  ['maintenance by tracking', out('n1/tracks', /: in maintenance with/, '127.0.7.1:80')],
  [
    'a slot held for nobody',
    out('held/he1', /: held\/he1 is held/, '127.0.2.2:80', /: drained by an operator/),
  ],
  ['slots that are taken', out('n1/two', /: no slot of sm/)],
  ['slots that are held for nobody', out('n1/after', /: no slot of he/)],
  ['slots that take no address', out('n1/nowhere', /: no slot for it:/)],
  ['a range that is missing', out('n1/tls', /: no range for it:/)],
  ['an address outside of networks', out('n1/far', /: 10\.9\.9\.9:80 is/)],
  ['a port that is none', out('n1/noport', /: its port "0"/)],
  ['a bad tag', out('n1/pink', /: tag "haproxy\.color=pink"/)],
  ['no pool', out('n1/plain', /: no pool selects/)],
  ['DOWN in HAProxy', out('n1/new', /: HAProxy's own/, '127.0.0.3:CLOSED', /: HAProxy's own check/)],
  ['weight 0', out('n1/zero', /: its weight is 0/, '127.0.1.4:80', /: its weight is 0/)],
  ['weight 0 in HAProxy alone', out('n1/light', /: its weight is 0/, '127.0.1.12:80', /: its weight is 0/)],
  ['no run yet', out('n1/late', /: passing in Consul/)],
  ['requests in flight', out('n1/flight', /: check "API"/, '127.0.0.1:LIVE')],
  ['a setting that is wrong', well('n1/badtag', /but: tag "haproxy\.weight/, '127.0.1.5:80')],
  ['another one at the address', well('n1/shared-a', /but: n2\/shared-b,/, '127.0.1.8:80')],
  ['a removal that no run has made', still('127.0.1.7:80', /: nobody in Consul/, 3)],
  ['a critical one that no run has seen', still('n1/stale', /: critical in Consul/, 3, '127.0.1.6:80')],
  ['the last of its service', still('127.0.3.1:80', /: the last of/, 1)],
  ['the last of its pool', still('n1/a', /: the last of pool/, 1, '127.0.3.2:80')],
  ['a replacement that is not up', { ...still('127.0.0.2:LIVE', /: nobody else/, 3), x: OLD }],
];

let fleet: WhyFleet;
/** By condition, then by what was asked for. */
const asked = new Map<string, Map<string, WhyRan>>();

beforeAll(async () => {
  fleet = await startWhyFleet();
  const { env, haproxies, readers, closedPort, harness } = fleet;
  const [a] = haproxies;
  const closed = `tcp://127.0.0.1:${closedPort}`;
  const all = CASES.map(([, one]) => nameOf(one));
  const addresses = CASES.flatMap(([, { at }]) => (at === undefined ? [] : [filled(at)]));
  const near = ['n1/oks'];
  const looking = { ...env, HAPROXY_READ_ADDRESSES: readers.join() };
  await ask('up', looking, [...all, ...near], 4);
  const down = {
    HAPROXY_ADDRESSES: `${a.admin},${closed}`,
    HAPROXY_READ_ADDRESSES: `${readers[0]},${closed}`,
  };
  await ask('down', { ...env, ...down }, [...all, ...near], 8);
  const noConsul = { ...looking, CONSUL_HTTP_ADDR: `http://127.0.0.1:${closedPort}` };
  await ask('no Consul', noConsul, [...all, ...addresses, ...near], 8);
  await holdSocket(harness, fleet.heldAdmin);
  const busy = {
    HAPROXY_ADDRESSES: `${a.admin},${fleet.heldAdmin}`,
    HAPROXY_READ_ADDRESSES: `${readers[0]},${fleet.heldAdmin}`,
  };
  const impatient = { ...JSON.parse(env.LB_CONFIG ?? ''), lockTimeoutMs: 2_500 };
  await ask('busy', { ...env, ...busy, LB_CONFIG: JSON.stringify(impatient) }, [...all, ...near], 8);
}, 180_000);
afterAll(() => fleet.harness.close());

/** With the ports that are known only now. */
const filled = (text: string): string =>
  text.replace('LIVE', String(fleet.livePort)).replace('CLOSED', String(fleet.closedPort));
const nameOf = ({ x, at = '' }: Case): string => filled(x === OLD ? at : x);

async function ask(
  condition: string,
  env: Readonly<Record<string, string>>,
  names: readonly string[],
  atOnce: number,
): Promise<void> {
  const answers = new Map<string, WhyRan>();
  asked.set(condition, answers);
  const rest = new Set(names).values();
  const work = async (): Promise<void> => {
    for (const x of rest) answers.set(x, await runWhy({ args: [x], env }));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

const answerTo = (condition: string, x: string): WhyRan => {
  const ran = asked.get(condition)?.get(x);
  if (!ran) throw new Error(`${x} was not asked for with ${condition}`);
  return ran;
};
const firstLine = ({ lines: [first = ''] }: WhyRan): string => first;
const firstHost = (): string => fleet.haproxies[0].admin.replace('tcp://', '');

describe.each(CASES)('with %s', (_what, one) => {
  const name = (): string => nameOf(one);

  it('the first line names cause and load balancers', () => {
    const ran = answerTo('up', name());
    expect(firstLine(ran)).toMatch(one.cause);
    expect(firstLine(ran)).toContain(`${name()} ${one.stands} rotation`);
    expect(firstLine(ran)).toContain('on both');
    expect(ran.status).toBe(one.status);
  });

  it.each(['down', 'busy'])('it does where one load balancer is %s, and says that of it', (condition) => {
    const ran = answerTo(condition, name());
    expect(firstLine(ran)).toMatch(one.cause);
    expect(firstLine(ran)).toContain(`${one.stands} rotation on ${firstHost()}`);
    const other =
      condition === 'busy' ? fleet.heldAdmin.replace('tcp://', '') : `127.0.0.1:${fleet.closedPort}`;
    expect(ran.lines.join(' ').replace(/ +/g, ' ')).toContain(`not known on ${other}: it is ${condition}`);
    expect(ran.status).toBe(1);
  });

  it('it names Consul where that is down, and never says that nobody is registered', () => {
    const ran = answerTo('no Consul', name());
    const isName = name() !== filled(one.at ?? '') && name() !== 'held/he1';
    expect(firstLine(ran)).toMatch(
      isName ? /^not known whether .* is in rotation on both: Consul/ : /on both/,
    );
    expect(ran.lines.join(' ')).toMatch(UNREAD);
    expect(ran.lines.join(' ')).not.toMatch(/not registered|nobody (?:in Consul|is (?:named|registered))/);
    expect(ran.status).toBe(1);
  });

  it.runIf(one.at !== undefined)('it tells by the address what HAProxy alone knows', () => {
    const ran = answerTo('no Consul', filled(one.at ?? ''));
    expect(firstLine(ran)).toMatch(one.alone ?? /in rotation on both, but: Consul cannot be read/);
    expect(firstLine(ran)).toMatch(/(?:is in|is out of) rotation on both/);
    expect(ran.status).toBe(1);
  });

  it('everything fits 80 columns', () => {
    for (const answers of asked.values())
      for (const { lines } of [answers.get(name())].flatMap((ran) => ran ?? []))
        for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(80);
  });
});

describe('a near miss', () => {
  it.each(['up', 'down', 'busy'])('is answered with those who are near, %s', (condition) => {
    const ran = answerTo(condition, 'n1/oks');
    expect(ran.out).toEqual([]);
    expect(ran.err.join('\n')).toMatch(/^nobody is named n1\/oks in Consul/);
    expect(ran.err).toContain('  n1/ok');
    expect(ran.status).toBe(64);
  });

  it('is no answer where Consul is down', () => {
    const ran = answerTo('no Consul', 'n1/oks');
    expect(firstLine(ran)).toMatch(/^not known whether n1\/oks is in rotation on both: Consul cannot/);
    expect(ran.status).toBe(1);
  });
});

describe('what it rests on', () => {
  const textOf = (x: string): string => answerTo('up', x).lines.join('\n');

  it('has the output of checks, their first line', () => {
    expect(textOf('n1/crit')).toContain(
      'critical  "API": HTTP GET http://127.0.1.2/: 503 Service Unavailable',
    );
    expect(textOf('n4/disk')).toContain('critical  "disk" (of the node): CRITICAL: 99 % full\n');
  });

  it('has the reason of a maintenance', () => {
    expect(textOf('local/maint')).toContain('in maintenance in Consul ("disk swap")');
    expect(textOf('n5/nodemaint')).toContain('maint     "kernel update" (of the node)');
  });

  it('has who holds the slots', () => {
    expect(textOf('n1/two')).toContain('taken, by\nn1/one)');
    expect(textOf('n1/after')).toContain('held/he1 in drain');
  });

  it('has which tag would do', () => {
    expect(textOf('n1/plain')).toContain('register it with the tag haproxy.color=blue');
  });

  it("has HAProxy's own check, and its last word", () => {
    expect(textOf('n1/new')).toContain('check     L4CON "Connection refused"');
  });

  it('has each tag and what became of it', () => {
    expect(textOf('n1/badtag')).toContain('tag       v1: not about load balancing');
    expect(textOf('n1/zero')).toContain('tag       "haproxy.weight=0": weight 0 in web');
  });

  it('has requests that still run, of the load balancer that has them', () => {
    expect(textOf('n1/flight')).toContain('  also  1 request still runs');
    expect(textOf('n1/flight')).toContain('load      1 running, 0 queued');
  });

  it('has what the next run would do, and why', () => {
    expect(textOf('n1/stale')).toContain('state ready → maintenance (critical');
    expect(textOf('n1/late')).toContain('(passing in Consul)');
  });

  it('says that nobody tells whether a run is going', () => {
    expect(textOf('n1/ok')).toContain('not known whether a run is going');
  });
});
