// How slots are declared in a haproxy.cfg of people's own: what the doctor says about it, and what it leaves unsaid.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fill, isFrom, type Mistake, type Rig, startRig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

const TEMPLATE = 'irisrv 1-4 slot.invalid:1';
const server =
  (change: string): Mistake =>
  (text) =>
    text.replaceAll(new RegExp(`(server-template ${TEMPLATE}.*?) disabled`, 'g'), `$1 ${change}`);

describe('slots that are declared', () => {
  it('without "disabled" take requests from each start on', async () => {
    const [first, ...others] = await rig.findingsOn(server(''));
    expect(first).toBe(
      'error haproxy LB iri_back: 4 slots (irisrv1, irisrv2, irisrv3 and 1 more) declared without "disabled": from each start to the first run they take requests, and send them to this very host (port 1) -> add "disabled" to the server-template line',
    );
    expect(others).toEqual([
      expect.stringMatching(/^error haproxy LB iri_pow_back: 4 slots .* without "dis/),
    ]);
  });

  it('without "disabled" are found after a run, too, that put them in maintenance', async () => {
    const found = await rig.findingsOn(server(''), {
      prepare: async (lb) => {
        for (const backend of ['iri_back', 'iri_pow_back'])
          for (const slot of [1, 2, 3, 4]) await lb.query(`set server ${backend}/irisrv${slot} state maint`);
      },
    });
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/without "disabled"/);
  });

  it('with an agent-check, whose word holds beside that of runs', async () => {
    const port = await rig.harness.freePort();
    const found = await rig.findingsOn(server(`agent-check agent-port ${port} disabled`));
    expect(found).toEqual([
      expect.stringMatching(
        /^warning haproxy LB iri_back: 4 slots \(.*\) have an agent-check beside runs: .*, and no run undoes it -> take/,
      ),
      expect.stringMatching(/^warning haproxy LB iri_pow_back: .* agent-check/),
    ]);
  });

  it('with "track", so that they are up and down with another server', async () => {
    const found = await rig.findingsOn((text) =>
      server('track iri_back/other disabled')(text.replaceAll(' check ', ' '), 0)
        .replaceAll(/default-server (.*?) inter .*/g, 'default-server $1')
        .replace(/^( *)(server-template irisrv)/m, '$1server other 192.0.2.1:80 check\n$1$2'),
    );
    expect(found[0]).toMatch(
      /^error haproxy LB iri_back: 4 slots \(.*\) track iri_back\/other: they are up and down with that server/,
    );
  });

  it('with one cookie for all, and not with dynamic ones', async () => {
    const withCookie =
      (line: string, change: string): Mistake =>
      (text) =>
        server(change)(text, 0).replaceAll('\n  balance', `\n  ${line}\n  balance`);
    const found = await rig.findingsOn(withCookie('cookie SRV insert', 'cookie abc disabled'));
    expect(found[0]).toMatch(
      /^warning haproxy LB iri_back: 4 slots \(.*\) have one cookie, "abc", .* -> use "dynamic" on the cookie line/,
    );
    const dynamic = withCookie('cookie SRV insert dynamic\n  dynamic-cookie-key k', 'disabled');
    expect(await rig.findingsOn(dynamic)).toEqual([]);
  });

  it('as web01, where slots are web1: those that are there are named', async () => {
    const names = ['01', '02'].map((n) => `  server irisrv${n} slot.invalid:1 disabled`).join('\n');
    const found = await rig.findingsOn((text) => text.replace(/^ *server-template irisrv .*$/m, names));
    expect(found).toEqual([
      expect.stringMatching(
        /^error haproxy LB iri_back: has no server-template irisrv \(plain\), which 1 instances need; irisrv01, irisrv02 are no slots of it, which would be irisrv1, /,
      ),
    ]);
  });
});

describe("slots that HAProxy's resolvers fill", () => {
  const resolvers = (port: number): string =>
    `\nresolvers r\n  nameserver a 127.0.0.1:${port}\n  hold nx 100ms\n  hold timeout 100ms\n  hold refused 100ms\n  timeout resolve 100ms\n  timeout retry 50ms\n  resolve_retries 1\n`;

  it('from an SRV record are said to be that, and not to be IP literals', async () => {
    const port = await rig.harness.freePort();
    const found = await rig.findingsOn(
      (text) =>
        text.replace(
          /server-template irisrv 1-4 slot\.invalid:1/,
          'server-template irisrv 1-4 _http._tcp.x.invalid resolvers r',
        ) + resolvers(port),
    );
    expect(found).toEqual([
      expect.stringMatching(
        /^error haproxy LB iri_back: HAProxy's resolvers fill 4 slots \(.*\) from the SRV record _http\._tcp\.x\.invalid, and undo/,
      ),
    ]);
  });

  it('with nothing take no address, and are said to for that reason', async () => {
    const port = await rig.harness.freePort();
    const found = await rig.findingsOn((text) => server('resolvers r disabled')(text, 0) + resolvers(port), {
      prepare: (lb) =>
        lb.child
          .until(async () => / 37 /.test(await lb.query('show servers state iri_back')), {
            what: 'HAProxy to give up resolving',
          })
          .then(() => {}),
    });
    expect(found[0]).toMatch(
      /^error haproxy LB iri_back: 4 slots take no address at runtime: HAProxy finds none for slot\.invalid, and has resolvers that ask -> .*, without "resolvers"$/,
    );
  });
});

describe('backends', () => {
  it('one that is disabled is said to be', async () => {
    const found = await rig.findingsOn((text) => text.replace(/^backend iri_pow_back$/m, '$&\n  disabled'));
    expect(found).toEqual([
      expect.stringMatching(
        /^error haproxy LB iri_pow_back: is disabled in the configuration, .* -> take "disabled" out/,
      ),
    ]);
  });

  it.skipIf(isFrom(3, 3))('one that shares its name with a frontend is said to', async () => {
    const port = await rig.harness.freePort();
    const found = await rig.findingsOn(
      (text) => `frontend iri_back\n  mode http\n  bind 127.0.0.1:${port}\n${text}`,
    );
    expect(found).toContainEqual(
      expect.stringMatching(/^warning haproxy LB iri_back: a frontend has the same name, .* -> rename one/),
    );
  });

  it('one of a listen section is one proxy', async () => {
    const port = await rig.harness.freePort();
    const found = await rig.findingsOn((text) =>
      text.replace(/^backend iri_pow_back$/m, `listen iri_pow_back\n  bind 127.0.0.1:${port}`),
    );
    expect(found).toEqual([]);
  });
});

describe('a socket with severity-output', () => {
  it('has the level that it has', async () => {
    expect(
      await rig.findingsOn((text) => text.replace('level admin maxconn 1', '$& severity-output number')),
    ).toEqual([]);
  });
});

describe('slots that are in use', () => {
  it('say nothing of how they are declared where that is as it is rendered', async () => {
    await rig.consul.register({ Name: 'iri', ID: 'local', Address: '127.0.0.1', Port: rig.port });
    try {
      const found = await rig.findingsOn((text) => `${text}\n`, {
        prepare: (lb) => fill(lb, 'iri_back/irisrv1', `127.0.0.1:${rig.port}`),
      });
      expect(found.filter((line) => !/ DOWN /.test(line))).toEqual([]);
    } finally {
      await rig.consul.deregister('local');
    }
  });
});
