// Mistakes in HAProxy's configuration, each planted in what is rendered, each found on a real HAProxy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFrom, type Rig, said, startRig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  await rig.close();
  expect(said.join()).not.toContain(rig.token);
});

/** The findings on a load balancer with this mistake; `LB` stands for its address. */
const findings = (mistake: (rendered: string, adminPort: number) => string): Promise<string[]> =>
  rig.findingsOn((rendered, adminPort) => {
    const changed = mistake(rendered, adminPort);
    expect(changed).not.toBe(rendered);
    return changed;
  });

const socket = (port: number): string => `stats socket 127.0.0.1:${port} level admin maxconn 1`;

describe('the admin socket', () => {
  it('below level admin', async () => {
    const found = await findings((text, port) =>
      text.replace(socket(port), socket(port).replace('admin', 'operator')),
    );
    expect(found).toEqual([
      'error haproxy LB: its socket has level operator, so nothing can be changed -> put "level admin" on its stats socket line',
    ]);
  });

  it('not exclusive', async () => {
    expect(
      await findings((text, port) => text.replace(socket(port), socket(port).replace(' maxconn 1', ''))),
    ).toEqual([
      'warning haproxy LB: its socket takes several clients at a time -> put "maxconn 1" on its stats socket line, so that a run is a transaction',
    ]);
  });

  it('in plain text beyond loopback, also where it is not the one that is used', async () => {
    const open = await rig.harness.freePort();
    // Bound to every address, but on the loopback interface only, so that the test opens nothing.
    const line = `stats socket 0.0.0.0:${open} interface lo level admin maxconn 1`;
    expect(await findings((text, port) => text.replace(socket(port), `${socket(port)}\n  ${line}`))).toEqual([
      `error haproxy LB: ipv4@0.0.0.0:${open} answers everyone in plain text -> bind it to 127.0.0.1, and reach it through the gateway (tls://) of iri-lb render systemd`,
    ]);
  });

  it('with nobody behind it, or somebody else', async () => {
    const port = await rig.harness.freePort();
    const other = rig.consul.url.replace('http', 'tcp');
    const found = await rig.findings({
      ...rig.env,
      HAPROXY_ADDRESSES: `tcp://127.0.0.1:${port},${other},unix:/nowhere.sock`,
    });
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        `error haproxy tcp://127.0.0.1:${port}: cannot connect (connect ECONNREFUSED 127.0.0.1:${port}) -> is HAProxy up, with its admin socket there?`,
        expect.stringMatching(
          `^error haproxy ${other}: answered "HTTP/1.1 400 .*, not a prompt -> is this HAProxy's admin socket`,
        ),
        expect.stringMatching(/^error haproxy unix:\/nowhere\.sock: cannot connect \(connect ENOENT/),
      ]),
    );
  });

  it('named twice', async () => {
    const haproxy = await rig.startLoadBalancer();
    const [, port] = haproxy.admin.split('127.0.0.1:');
    const unix = `unix:${join(rig.harness.dir, `admin-${port}.sock`)}`;
    const found = await rig.findings({ ...rig.env, HAPROXY_ADDRESSES: `${haproxy.admin},${unix}` });
    await haproxy.stop();
    expect(found).toEqual([
      expect.stringMatching(`^warning haproxy ${unix}: is the same process as ${haproxy.admin} \\(pid \\d+`),
      expect.stringMatching(`^warning haproxy ${unix}: its socket takes several clients`),
    ]);
  });
});

describe('the backends', () => {
  it('one is missing', async () => {
    const found = await findings((text) => text.replaceAll('iri_pow_back', 'pow'));
    expect(found).toEqual([
      'error haproxy LB iri_pow_back: has no backend iri_pow_back -> declare it (iri-lb render haproxy shows how) or change the pools in LB_CONFIG',
    ]);
  });

  it('a range is missing', async () => {
    const found = await findings((text) => text.replace(/^ *server-template iritls .*\n/m, ''));
    expect(found).toEqual([
      'warning haproxy LB iri_back: has no server-template iritls (verified) -> declare it (iri-lb render haproxy shows how), or take the range out of LB_CONFIG',
    ]);
  });

  it('a range is missing that an instance needs', async () => {
    const found = await findings((text) => text.replace(/^ *server-template irisrv .*\n/m, ''));
    expect(found).toEqual([
      expect.stringMatching(
        /^error haproxy LB iri_back: has no server-template irisrv \(plain\), which 1 inst/,
      ),
    ]);
  });

  it('a range is missing in LB_CONFIG that an instance needs', async () => {
    const { pools, ...rest } = JSON.parse(rig.env.LB_CONFIG ?? '');
    const tlsOnly = pools.map((pool: { ranges: { transport: string }[] }) => ({
      ...pool,
      ranges: pool.ranges.filter(({ transport }) => transport !== 'plain'),
    }));
    const lb = await rig.startLoadBalancer();
    const env = {
      ...rig.env,
      HAPROXY_ADDRESSES: lb.admin,
      LB_CONFIG: JSON.stringify({ ...rest, pools: tlsOnly }),
    };
    const found = await rig.findings(env);
    await lb.stop();
    expect(found).toEqual([
      expect.stringMatching(
        /iri_back: has no plain range in LB_CONFIG, which 1 instances need \(\S+\/one, …\)/,
      ),
    ]);
  });

  it('a range connects the other way', async () => {
    const found = await findings((text) =>
      text.replace(/(server-template iritlsnv .*) ssl verify none/, '$1'),
    );
    expect(found).toEqual([
      expect.stringMatching(
        /iritlsnv should be unverified, but HAProxy connects without TLS -> correct its serv/,
      ),
    ]);
  });
});

describe('room', () => {
  it('is nearly or not enough for the instances selected now', async () => {
    const nodes = [2, 3, 4].map((n) => ({
      node: `n${n}`,
      service: 'iri',
      address: `10.0.0.${n}`,
      port: 14265,
    }));
    await rig.consul.catalogRegister(nodes);
    try {
      const nearly = 'LB iri_back: irisrv: 4 of 4 slots needed, more than 80 %';
      expect(await findings((text) => `${text}\n`)).toEqual([
        expect.stringContaining(`warning haproxy ${nearly}`),
      ]);
      const found = await findings((text) => text.replace('irisrv 1-4', 'irisrv 1-3'));
      expect(found).toEqual([
        'error haproxy LB iri_back: irisrv: 4 of 3 slots needed, so 1 instances are left out -> declare more slots (pools.ranges.slots in LB_CONFIG, iri-lb render haproxy) and reload',
      ]);
    } finally {
      await rig.consul.catalogDeregister(nodes.map(({ node }) => ({ node, id: 'iri' })));
    }
  });
});

describe('state over a reload', () => {
  it('is lost by slots that are declared with an IP literal', async () => {
    const found = await findings((text) => text.replace(/(irisrv 1-4) slot\.invalid:\d+/, '$1 192.0.2.1:80'));
    expect(found).toEqual([
      'error haproxy LB iri_back: 4 slots are declared with an IP literal, to which a reload sends them back -> declare slots as "slot.invalid:1" with "init-addr last,0.0.0.0" (iri-lb render haproxy)',
    ]);
  });

  // Later versions may list port 0 however a slot is declared.
  it.skipIf(isFrom(3, 3))('comes back wrong in slots that are declared with port 0', async () => {
    const found = await findings((text) =>
      text.replace('irisrv 1-4 slot.invalid:1', 'irisrv 1-4 slot.invalid:0'),
    );
    expect(found).toEqual([
      expect.stringContaining(
        "error haproxy LB iri_back: 4 slots are declared with port 0, which a reload turns into an offset to the client's port",
      ),
    ]);
  });

  it('is nothing where slots take no address at all', async () => {
    const found = await findings((text) => text.replace('init-addr last,0.0.0.0', 'init-addr last,none'));
    expect(found).toEqual([expect.stringContaining('LB iri_back: 12 slots take no address at runtime')]);
  });

  it('is lost without a state file', async () => {
    const { haproxy, ...runs } = JSON.parse(rig.env.LB_CONFIG ?? '');
    expect(haproxy.stateFile).toBeDefined();
    const bare = await rig.startLoadBalancer((text) => text.replace(/^ *(?:load-)?server-state.*\n/gm, ''));
    const env = { ...rig.env, HAPROXY_ADDRESSES: bare.admin, LB_CONFIG: JSON.stringify(runs) };
    const found = await rig.findings(env);
    await bare.stop();
    expect(found).toEqual([
      expect.stringMatching(/nothing shows that the state outlives a reload.* -> set haproxy\.stateFile/),
    ]);
  });

  it('cannot be told from one that was never saved where the settings name a state file', async () => {
    const lost = await rig.startLoadBalancer((text) => text.replace(/^ *(?:load-)?server-state.*\n/gm, ''));
    const env = { ...rig.env, HAPROXY_ADDRESSES: lost.admin };
    expect(await rig.findings(env)).toEqual([]);
    await lost.stop();
    expect(said.at(-1)).toContain('it was not reloaded yet, or a reload lost the state');
  });

  it('is seen to come back once it has, whatever the settings say', async () => {
    const { haproxy: _, ...runs } = JSON.parse(rig.env.LB_CONFIG ?? '');
    const lb = await rig.startLoadBalancer();
    const state = (await lb.query('show servers state')).replace(/^((?:\S+ ){9})\d+/gm, '$190000');
    writeFileSync(join(rig.harness.dir, 'state'), state.replace(/\n+$/, '\n'));
    await lb.restart();
    const env = { ...rig.env, HAPROXY_ADDRESSES: lb.admin, LB_CONFIG: JSON.stringify(runs) };
    expect(await rig.findings(env)).toEqual([]);
    await lb.stop();
    expect(said.at(-1)).toContain('its state was loaded when it started');
  });
});
