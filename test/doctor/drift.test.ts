// What the doctor says of what load balancers serve: two real ones, beside what Consul says, and its summary.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HAProxy } from '../../infra/local/haproxy.js';
import type { Finding } from '../../lib/doctor/finding.js';
import { summaryLines } from '../../lib/doctor/summary.js';
import { fill, type Rig, startRig } from './rig.js';

let rig: Rig;
let one: HAProxy;
let other: HAProxy;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  rig = await startRig();
  // Nobody is there: what HAProxy's own checks find is not what this is about.
  const unchecked = (text: string): string => text.replaceAll(/ check inter .*/g, '');
  [one, other] = await Promise.all([rig.startLoadBalancer(unchecked), rig.startLoadBalancer(unchecked)]);
  env = { ...rig.env, HAPROXY_ADDRESSES: `${one.admin},${other.admin}` };
});
afterAll(() => rig.close());

/** What is found, with the load balancers as ONE and OTHER. */
const found = async (more: Readonly<Record<string, string>> = {}): Promise<string[]> =>
  (await rig.fleetFindings({ ...env, ...more })).map((line) =>
    line.replaceAll(one.admin, 'ONE').replaceAll(other.admin, 'OTHER'),
  );
const empty = async (slot: string): Promise<void> => {
  for (const lb of [one, other]) await lb.query(`set server iri_back/${slot} state maint`);
};

describe('what load balancers serve', () => {
  it('is not as Consul says, on each where a run would change something', async () => {
    await fill(one, 'iri_back/irisrv1', '10.0.0.1:14265');
    expect(await found()).toEqual([
      'warning fleet OTHER iri_back: is not as Consul says: 1 to add (local/one) -> the next run makes it so (iri-lb plan says why); where it stays, no run succeeds',
    ]);
    await fill(other, 'iri_back/irisrv1', '10.0.0.1:14265');
    expect(await found()).toEqual([]);
  });

  it('is somebody whom Consul does not list: named before the next run takes them out', async () => {
    for (const slot of ['2', '3']) await fill(one, `iri_back/irisrv${slot}`, `10.0.0.${slot}:14265`);
    expect(await found()).toEqual([
      'warning fleet ONE iri_back: 2 servers (irisrv2, irisrv3) are ready where Consul lists nobody: the next run takes them out -> register who is to stay (iri-lb init prints the lines), or name a range of its own in LB_CONFIG before that run',
    ]);
    await empty('irisrv3');
    expect(await found()).toEqual([
      expect.stringContaining('1 server (irisrv2 at 10.0.0.2:14265) is ready where Consul lists nobody'),
    ]);
    await empty('irisrv2');
  });

  it('is in drain on one, and ready on the other', async () => {
    await one.query('set server iri_back/irisrv1 state drain');
    expect(await found()).toEqual([
      'warning fleet ONE iri_back: 10.0.0.1:14265 is in drain (irisrv1), and ready on OTHER -> drain it everywhere (iri-lb drain), or let it serve again (iri-lb undrain)',
    ]);
    await other.query('set server iri_back/irisrv1 state drain');
    expect(await found()).toEqual([]);
    for (const lb of [one, other]) await lb.query('set server iri_back/irisrv1 state ready');
  });

  it('differs, where Consul cannot be read to say who is right', async () => {
    await one.query('set server iri_back/irisrv1 state maint');
    expect(await found({ CONSUL_HTTP_ADDR: `http://127.0.0.1:${rig.port}` })).toEqual([
      'warning fleet ONE iri_back: 1 server (10.0.0.1:14265) ready elsewhere and not here -> the first run that reads Consul makes them equal',
    ]);
    expect(await found()).toEqual([
      expect.stringContaining('ONE iri_back: is not as Consul says: 1 to enable (local/one)'),
    ]);
    await one.query('set server iri_back/irisrv1 state ready');
  });

  it('is kept by the guard, with the reason, where the rule selects nobody any more', async () => {
    await rig.consul.register({ Name: 'iri', ID: 'two', Address: '10.0.0.2', Port: 14265 });
    for (const lb of [one, other]) await fill(lb, 'iri_back/irisrv2', '10.0.0.2:14265');
    expect(await found()).toEqual([]);
    const config = JSON.parse(rig.env.LB_CONFIG ?? '');
    config.pools[0].select = { pow: ['only'] };
    expect(await found({ LB_CONFIG: JSON.stringify(config) })).toEqual([
      expect.stringMatching(
        /^error fleet ONE: iri_back: 2 ready servers kept, pool iri_back selects none of the 2 instances/,
      ),
      expect.stringMatching(
        /^error fleet OTHER: iri_back: 2 ready servers kept, pool iri_back selects none of the 2 instances/,
      ),
    ]);
    await rig.consul.deregister('two');
    await empty('irisrv2');
  });
});

describe('the summary', () => {
  const of = (subject: string, more: Partial<Finding> = {}): Finding => ({
    area: 'haproxy',
    subject,
    level: 'warning',
    finding: 'takes several clients',
    todo: 'put maxconn 1',
    ...more,
  });

  it('has the same finding on several load balancers once, errors first, and counts what it shows', () => {
    const findings = [
      of('tcp://10.0.0.1:9', { level: 'ok', todo: null }),
      ...[1, 2, 3, 4].map((n) => of(`tcp://10.0.0.${n}:9 web`)),
      of('unix:/run/a.sock', { level: 'error', finding: 'is gone' }),
      of('tcp://10.0.0.1:9', { level: 'error', finding: 'is gone' }),
      of('tcp://10.0.0.1:9 api'),
      of('http://127.0.0.1:8500', { area: 'consul' }),
      of('http://127.0.0.2:8500', { area: 'consul' }),
    ];
    expect(summaryLines({ version: 1, findings }).filter((line) => !line.startsWith('   '))).toEqual([
      'error    haproxy  unix:/run/a.sock, tcp://10.0.0.1:9: is gone',
      'warning  haproxy  tcp://10.0.0.1:9, tcp://10.0.0.2:9, tcp://10.0.0.3:9 and 1 more web: takes several clients',
      'warning  haproxy  tcp://10.0.0.1:9 api: takes several clients',
      'warning  consul  http://127.0.0.1:8500: takes several clients',
      'warning  consul  http://127.0.0.2:8500: takes several clients',
      '10 looked at, 5 to look after',
    ]);
  });

  it('is one line where all is well, and says what on demand', () => {
    const findings = [of('tcp://10.0.0.1:9', { level: 'ok', todo: null, finding: 'answers' })];
    expect(summaryLines({ version: 1, findings })).toEqual(['1 looked at, nothing to find']);
    expect(summaryLines({ version: 1, findings }, { all: true })).toEqual([
      'ok       haproxy  tcp://10.0.0.1:9: answers',
      '1 looked at, nothing to find',
    ]);
  });
});
