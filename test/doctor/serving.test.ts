// Who serves, and who has a slot for nothing, on a real HAProxy: what the report of a run does not have to say.
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HAProxy } from '../../infra/local/haproxy.js';
import { fill, type Mistake, type Rig, said, startRig } from './rig.js';

let rig: Rig;
let node: Server;
let up: string;
let down: string;

beforeAll(async () => {
  rig = await startRig();
  node = createServer((_request, response) => response.end('here'));
  up = `127.0.0.1:${await new Promise((resolve) => node.listen(0, '127.0.0.1', () => resolve((node.address() as { port: number }).port)))}`;
  down = `127.0.0.1:${await rig.harness.freePort()}`;
});
afterAll(async () => {
  node.close();
  node.closeAllConnections();
  await rig.close();
});

const as = (id: string, hostPort: string, more: object = {}) => {
  const [Address = '', port] = hostPort.split(':');
  return rig.consul.register({ Name: 'iri', ID: id, Address, Port: Number(port), ...more });
};
/** Checked often, and by connecting alone. */
const checkedOften: Mistake = (text) =>
  text
    .replaceAll(/ check inter .*/g, ' check inter 100ms rise 1 fall 1')
    .replaceAll(/^ *(?:option httpchk|http-check .*)\n/gm, '');
const unchecked: Mistake = (text) => text.replaceAll(/ check inter .*/g, '');
const isDown = (lb: HAProxy, slot: string): Promise<void> =>
  lb.child
    .until(async () => new RegExp(`,${slot},.*,DOWN,`).test(await lb.query('show stat iri_back 4 -1')), {
      what: `${slot} to be DOWN`,
    })
    .then(() => {});
const inBack = (found: readonly string[]): string[] => found.filter((line) => line.includes('LB iri_back'));

describe('who serves', () => {
  it("nobody, because HAProxy's own check finds everybody DOWN", async () => {
    await as('a', down);
    const found = await rig.findingsOn(checkedOften, {
      prepare: async (lb) => {
        await fill(lb, 'iri_back/irisrv1', down);
        await isDown(lb, 'irisrv1');
      },
    });
    expect(inBack(found)).toEqual([
      expect.stringMatching(
        /^error haproxy LB iri_back: nobody is served: 1 server ready, 1 is DOWN \(irisrv1; its check says "L4CON .*"\) -> correct HAProxy's own check/,
      ),
    ]);
    await rig.consul.deregister('a');
  });

  it('nobody, because every weight is 0', async () => {
    await as('a', up, { Tags: ['haproxy.weight=0'] });
    const found = await rig.findingsOn(unchecked, {
      prepare: async (lb) => {
        await fill(lb, 'iri_back/irisrv1', up);
        await lb.query('set server iri_back/irisrv1 weight 0');
      },
    });
    expect(inBack(found)).toEqual([
      'error haproxy LB iri_back: nobody is served: 1 server ready, 1 with weight 0 (irisrv1) -> give some of them a weight above 0 (tags, Weights in Consul)',
    ]);
    await rig.consul.deregister('a');
  });

  it('nobody, because all are in drain or critical', async () => {
    await as('a', up);
    await as('b', down, { Check: { TTL: '1h', Status: 'critical' } });
    // The one that the rig has.
    await rig.consul.deregister('one');
    const found = await rig.findingsOn(unchecked, {
      prepare: (lb) => fill(lb, 'iri_back/irisrv1', up, 'drain'),
    });
    await as('one', '10.0.0.1:14265');
    expect(inBack(found)).toEqual([
      'warning haproxy LB iri_back: nobody is served: none is ready, 1 in drain, 1 critical or in maintenance in Consul -> bring one of them back: iri-lb why says what keeps each out',
    ]);
    await rig.consul.deregister('a');
    await rig.consul.deregister('b');
  });

  it('others than one who is DOWN though Consul says passing', async () => {
    await as('a', down);
    await as('b', up);
    const found = await rig.findingsOn(checkedOften, {
      prepare: async (lb) => {
        await fill(lb, 'iri_back/irisrv1', down);
        await fill(lb, 'iri_back/irisrv2', up);
        await isDown(lb, 'irisrv1');
      },
    });
    expect(inBack(found)).toEqual([
      expect.stringMatching(
        /^warning haproxy LB iri_back: 1 is DOWN \(irisrv1; .*\), though Consul says passing -> correct/,
      ),
    ]);
    await rig.consul.deregister('a');
    await rig.consul.deregister('b');
  });
});

describe('slots', () => {
  it('in drain where nobody in Consul is are held for nobody', async () => {
    const found = await rig.findingsOn(unchecked, {
      prepare: (lb) => fill(lb, 'iri_back/irisrv3', '10.9.9.9:80', 'drain'),
    });
    expect(inBack(found)).toEqual([
      'warning haproxy LB iri_back: irisrv: 1 slot in drain (irisrv3), where nobody in Consul is any more -> free it: set server iri_back/irisrv3 state maint',
    ]);
    expect(said.at(-1)).toContain('irisrv: 1 of 4 slots needed, 1 held for nobody (irisrv3)');
  });

  it('kept for the dead are no want of room, and are named', async () => {
    await rig.consul.catalogRegister(
      [1, 2, 3, 4].map((n) => ({
        node: `dead${n}`,
        service: 'iri',
        address: `10.8.8.${n}`,
        port: 80,
        status: 'critical' as const,
      })),
    );
    const found = await rig.findingsOn(unchecked, {
      prepare: async (lb) => {
        for (const n of [1, 2, 3, 4]) await fill(lb, `iri_back/irisrv${n}`, `10.8.8.${n}:80`, 'maint');
      },
    });
    expect(inBack(found)).toEqual([]);
    expect(said.at(-1)).toContain(
      'irisrv: 1 of 4 slots needed, 4 kept for the dead as long as there is room (irisrv1, irisrv2, irisrv3 and 1 more)',
    );
    await rig.consul.catalogDeregister([1, 2, 3, 4].map((n) => ({ node: `dead${n}`, id: 'iri' })));
  });

  it('of which there is only one leave a gap when somebody else takes it over', async () => {
    const found = await rig.findingsOn((text) => unchecked(text, 0).replace('irisrv 1-4', 'irisrv 1-1'));
    expect(inBack(found)).toEqual([
      expect.stringMatching(
        /^warning haproxy LB iri_back: irisrv: 1 of 1 slots needed: whoever takes over the only slot leaves a gap/,
      ),
    ]);
  });
});

describe('a server with minconn in the configuration', () => {
  it('takes more than its maxconn, which is found while it does', async () => {
    const waiting = new Set<ServerResponse>();
    const slow = createServer((_request, response) => void waiting.add(response));
    const at = `127.0.0.1:${await new Promise((resolve) => slow.listen(0, '127.0.0.1', () => resolve((slow.address() as { port: number }).port)))}`;
    await as('slow', at, { Tags: ['haproxy.maxconn=1'] });
    const found = await rig.findingsOn(
      (text) =>
        unchecked(text, 0).replace(/(backend iri_back.*?default-server \S+ \S+)/s, '$1 minconn 3 maxconn 5'),
      {
        prepare: async (lb) => {
          await fill(lb, 'iri_back/irisrv1', at);
          await lb.query('set maxconn server iri_back/irisrv1 1');
          const front = /bind (127\.0\.0\.1:\d+)/.exec(configOf(lb))?.[1];
          for (const _ of [1, 2, 3])
            void fetch(`http://${front}/`, { method: 'POST', headers: HEADERS, body: BODY }).catch(() => {});
          await lb.child.until(() => waiting.size === 3, { what: 'three requests at a time' });
        },
      },
    );
    for (const response of waiting) response.end();
    slow.closeAllConnections();
    slow.close();
    await rig.consul.deregister('slow');
    expect(inBack(found)).toEqual([
      'warning haproxy LB iri_back: irisrv1: 3 requests at a time, where maxconn is 1 -> take minconn out of the configuration; without it, maxconn was lowered just now',
    ]);
  });
});

describe('connections that are used again', () => {
  it('are told where this version may send requests to the last owner of a slot', async () => {
    await as('a', up);
    let version = '';
    const found = await rig.findingsOn(
      (text) =>
        unchecked(text, 0)
          .replaceAll(/^ *option (?:http-server-close|httpclose)\n/gm, '')
          .replace(/^defaults.*$/m, '$&\n  http-reuse always'),
      {
        prepare: async (lb) => {
          await fill(lb, 'iri_back/irisrv1', up);
          version = /^Version: (\S+)/m.exec(await lb.query('show info'))?.[1] ?? '';
          const front = /bind (127\.0\.0\.1:\d+)/.exec(configOf(lb))?.[1];
          const reused = async (): Promise<boolean> => {
            await fetch(`http://${front}/`, { method: 'POST', headers: HEADERS, body: BODY });
            return (await reuseOf(lb)) > 0;
          };
          await lb.child.until(reused, { what: 'a connection to be used again' });
        },
      },
    );
    const isOld = /^2\.6\.(?:1?\d|2[01])\b|^3\.0\.\d\b/.test(version);
    expect(inBack(found)).toEqual(
      isOld
        ? [
            expect.stringMatching(
              /^warning haproxy LB iri_back: HAProxy \S+ may go on sending requests .* last owner; .* -> update HAProxy to 2\.6\.22, .* "option http-server-close"/,
            ),
          ]
        : [],
    );
    await rig.consul.deregister('a');
  });
});

const BODY = '{"command":"getNodeInfo"}';
const HEADERS = { 'content-type': 'application/json', 'x-iota-api-version': '1' };
const configOf = (lb: HAProxy): string => readFileSync(lb.configFile, 'utf8');

async function reuseOf(lb: HAProxy): Promise<number> {
  const [header = '', row = ''] = (await lb.query('show stat iri_back 4 -1')).split('\n');
  return Number(row.split(',')[header.slice(2).split(',').indexOf('reuse')]);
}
