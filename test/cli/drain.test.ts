// `iri-lb drain` and `undrain` on real load balancers: what is named, asked, done, left and said.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, holdSocket, register, startFleet } from './plan-rig.js';
import { type SlowNode, startSlowNode } from './slow-node.js';

let fleet: Fleet;
let node: SlowNode;
beforeAll(async () => {
  fleet = await startFleet(2);
  node = await startSlowNode(fleet.harness);
  await fleet.consul.register({ Name: 'web', ID: 'slow', Address: '127.0.0.1', Port: node.port });
  await register(fleet.consul, [1, 2]);
});
afterAll(() => fleet.harness.close());
beforeEach(async () => {
  await fleet.run('undrain 10.0.0.1:80');
  await fleet.run('undrain 10.0.0.2:80');
  await fleet.run('undrain slow');
  await fleet.runner.run({ mode: 'apply' });
  for (const at of [0, 1]) expect(await ready(at)).toBe(3);
});

const ready = async (at = 0): Promise<number> =>
  (await fleet.slots(at)).filter((slot) => slot.endsWith(' ready')).length;
const slotOf = async (address: string, at = 0): Promise<string> =>
  (await fleet.slots(at)).find((slot) => slot.startsWith(`${address} `)) ?? '';

/** A request by way of each load balancer, all of which the slow node has: nobody else takes any. */
async function askSlow(): Promise<readonly Promise<number>[]> {
  for (const name of ['web-1', 'web-2']) await fleet.run(`drain ${name}`);
  return node.ask(...fleet.fronts);
}

describe('iri-lb drain', () => {
  it('drains everywhere, names every slot first, and says what that does not survive', async () => {
    const { status, out, err } = await fleet.run('drain web-1', { columns: 80, env: { NO_COLOR: '1' } });
    expect([status, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^drain local\/web-1: web\/s\d on both$/),
      expect.stringMatching(/^in DRAIN: web\/s\d on both; 0 requests left$/),
      "It is held until iri-lb undrain local/web-1. HAProxy's restart without a state",
      '  file forgets it, and a load balancer that comes new does not know of it: what',
      '  lasts is iri-lb maint.',
    ]);
    for (const at of [0, 1]) expect(await slotOf('10.0.0.1:80', at)).toBe('10.0.0.1:80 drain');
    // Runs leave it alone.
    await fleet.runner.run({ mode: 'apply' });
    expect(await slotOf('10.0.0.1:80')).toBe('10.0.0.1:80 drain');
  });

  it.each(['web-1', 'local/web-1', '10.0.0.1:80'])('knows it by %s', async (name) => {
    const { status, out } = await fleet.run(`drain ${name} --json`);
    const slots = fleet.names.map((address) => ({
      ...{ address, backend: 'web', at: '10.0.0.1:80', before: 'ready', result: 'done', requests: 0 },
      slot: expect.stringMatching(/^s\d$/),
    }));
    expect([status, JSON.parse(out)]).toEqual([
      0,
      { version: 1, instance: 'local/web-1', at: ['10.0.0.1:80'], slots, unread: [] },
    ]);
  });

  it('asks before a pool loses half or its last, and drains nothing where the answer is no', async () => {
    const asked: string[] = [];
    const person = {
      answers: (question: string): boolean => {
        asked.push(question);
        return false;
      },
    };
    expect(await fleet.run('drain web-1', person)).toMatchObject({ status: 0 });
    expect(asked).toEqual([]);
    const { status, err } = await fleet.run('drain web-2', person);
    expect([status, err]).toEqual([1, 'iri-lb: nothing was drained']);
    expect(await slotOf('10.0.0.2:80')).toBe('10.0.0.2:80 ready');
    expect(await fleet.run('drain web-2 --yes', person)).toMatchObject({ status: 0 });
    await fleet.run('drain slow', person);
    expect(asked).toEqual([
      'Take away 1 of the 2 who serve web on both?',
      'Take away the only one who serves web on both?',
    ]);
  });

  it('says at the end of its time who has requests left, and ends them with --now', async () => {
    const replies = await askSlow();
    const late = await fleet.run('drain slow --wait=10ms');
    expect(late.status).toBe(3);
    const [a, b] = fleet.names;
    expect(late.out).toMatch(
      new RegExp(`^the time is over: 2 requests left: web/s\\d on ${a} 1, web/s\\d on ${b} 1$`, 'm'),
    );
    expect(late.out).toContain('iri-lb drain local/slow --now ends them at once');
    const now = await fleet.run('drain --now --wait slow');
    expect(now.status).toBe(0);
    expect(now.out).toMatch(/local\/slow has no requests any more$/);
    for (const reply of replies) expect(await reply).not.toBe(200);
    node.answer();
  });

  it('ends a wait by name where HAProxy is restarted', async () => {
    await askSlow();
    let restarted: Promise<void> | undefined;
    const ran = await fleet.run('drain slow --wait', {
      onErr: (line) => {
        if (line.startsWith('waiting:')) restarted ??= fleet.haproxies[1]?.restart();
      },
    });
    await restarted;
    node.answer();
    expect(ran.status).toBe(1);
    expect(ran.out).toMatch(
      new RegExp(`the wait is over: web/s\\d on ${fleet.names[1]}: HAProxy was restarted`),
    );
  });

  it.each<[string, RegExp]>([
    ['drain', /^iri-lb: name an instance: by id, node\/id, address:port or backend\/slot$/],
    ['drain web-11', /^iri-lb: no instance or slot web-11; did you mean web-1/],
    ['drain 10.7.7.7:1', /^iri-lb: no instance or slot 10\.7\.7\.7:1; /],
    ['drain web-1 --wait=soon', /^iri-lb: --wait "soon" is no time; say --wait=5m, or --wait alone$/],
    ['undrain', /^iri-lb: name an instance: .*; or say --stale$/],
    ['undrain web-11', /^iri-lb: no instance or slot web-11; /],
  ])('%s is wrong usage', async (line, error) => {
    expect(await fleet.run(line)).toEqual({ status: 64, out: '', err: expect.stringMatching(error) });
  });

  it('refuses what several may be, and lists them', async () => {
    const two = ['one', 'two'].map((name) => ({
      ...{
        node: name,
        id: 'same',
        service: 'web',
        address: `10.0.1.${name.length + name.charCodeAt(0)}`,
        port: 80,
      },
    }));
    await fleet.consul.catalogRegister(two);
    const { status, err } = await fleet.run('drain same');
    expect([status, err]).toEqual([
      64,
      expect.stringMatching(
        /^iri-lb: same may be any of one\/same \(web at .*\), two\/same \(.*\); name one of these$/,
      ),
    ]);
    await fleet.consul.catalogDeregister(two);
  });

  it('names a load balancer that is busy or down, and drains on the other', async () => {
    const held = await holdSocket(fleet.names[1] ?? '');
    const env = {
      LB_CONFIG: JSON.stringify({ ...JSON.parse(fleet.env.LB_CONFIG ?? ''), lockTimeoutMs: 2_000 }),
    };
    const busy = await fleet.run('drain web-1', { env });
    expect(busy.status).toBe(1);
    expect(busy.out).toContain(`on ${fleet.names[0]}; 0 requests left`);
    expect(busy.err).toMatch(/no prompt within 2000 ms; .*; local\/web-1 may be in rotation there$/);
    const plan = await fleet.run('plan', { env });
    expect([plan.status, plan.out]).toEqual([
      1,
      expect.stringContaining(
        `Not safe to apply: ${fleet.names[1]} is busy: another client holds its admin socket.`,
      ),
    ]);
    await held.close();

    await fleet.haproxies[1]?.stop();
    const down = await fleet.run('drain web-2');
    expect([down.status, await slotOf('10.0.0.2:80')]).toEqual([1, '10.0.0.2:80 drain']);
    expect(down.err).toMatch(
      /^iri-lb: haproxy .*: cannot connect .*; local\/web-2 may be in rotation there$/,
    );
    // Whether it is nowhere is not known.
    expect(await fleet.run('drain web-11')).toMatchObject({
      ...{ status: 1, err: `iri-lb: web-11 was not found, but ${fleet.names[1]} is down` },
    });
    await fleet.haproxies[1]?.restart();
  });
});

it('drains by address where Consul cannot be read, and asks all the same', async () => {
  await fleet.run('drain slow');
  const asked: string[] = [];
  const person = {
    env: { CONSUL_HTTP_ADDR: 'http://127.0.0.1:1' },
    answers: (question: string): boolean => {
      asked.push(question);
      return true;
    },
  };
  const { status, out } = await fleet.run('drain 10.0.0.1:80', person);
  expect([status, asked]).toEqual([0, ['Take away 1 of the 2 who serve web on both?']]);
  expect(out).toMatch(/^in DRAIN: web\/s\d on both; 0 requests left$/m);
  expect(await fleet.run('drain web-2', person)).toMatchObject({
    ...{ status: 1, err: expect.stringMatching(/web-2 was not found, but Consul could not be read/) },
  });
});

describe('iri-lb undrain', () => {
  it('lets Consul decide, on every load balancer', async () => {
    for (const name of ['web-1', 'web-2']) await fleet.run(`drain ${name}`);
    await fleet.consul.maintenance('web-2', true);
    const { status, out } = await fleet.run('undrain web-1');
    expect([status, out.split('\n')[1]]).toEqual([
      0,
      expect.stringMatching(/^on both: web\/s\d is ready again$/),
    ]);
    const other = await fleet.run('undrain web-2 --json');
    expect(JSON.parse(other.out).slots.map(({ result }: { result: string }) => result)).toEqual([
      'maintenance',
      'maintenance',
    ]);
    await fleet.consul.maintenance('web-2', false);
  });

  it('refuses where Consul cannot be read', async () => {
    await fleet.run('drain web-1');
    const { status, err } = await fleet.run('undrain 10.0.0.1:80', {
      env: { CONSUL_HTTP_ADDR: 'http://127.0.0.1:1' },
    });
    expect([status, err]).toEqual([1, expect.stringMatching(/^iri-lb: nothing was undrained: consul: /)]);
    expect(await slotOf('10.0.0.1:80')).toBe('10.0.0.1:80 drain');
  });

  it('--stale frees what is held for nobody, and nothing else', async () => {
    await register(fleet.consul, [4]);
    await fleet.runner.run({ mode: 'apply' });
    for (const name of ['web-1', 'web-4']) await fleet.run(`drain ${name}`);
    expect(await fleet.run('undrain --stale')).toMatchObject({
      status: 0,
      out: 'no slot is held for nobody',
    });
    await fleet.consul.deregister('web-4');
    const { status, out } = await fleet.run('undrain --stale');
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/on both: web\/s\d is free: nobody in Consul is there$/),
    ]);
    expect(await slotOf('10.0.0.1:80')).toBe('10.0.0.1:80 drain');
    expect(await slotOf('10.0.0.4:80')).toBe('10.0.0.4:80 maint');
  });
});
