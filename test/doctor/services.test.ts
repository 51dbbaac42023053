// Services of which Consul lists nobody, and a Consul that is not asked for rights, on real parts.
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HAProxy } from '../../infra/local/haproxy.js';
import { nearNames } from '../../lib/model/nearest.js';
import { fill, PARAMETER, type Rig, startRig } from './rig.js';

let rig: Rig;
let haproxy: HAProxy;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  rig = await startRig();
  haproxy = await rig.startLoadBalancer();
  env = { ...rig.env, HAPROXY_ADDRESSES: haproxy.admin };
});
afterAll(() => rig.close());

/** LB_CONFIG with another service in every pool. */
function withService(service: string): Readonly<Record<string, string>> {
  const config = JSON.parse(env.LB_CONFIG ?? '');
  for (const pool of config.pools) pool.service = service;
  return { ...env, LB_CONFIG: JSON.stringify(config) };
}

describe('a service of which Consul lists nobody', () => {
  it('is a warning that names what is near, and an error where servers are ready', async () => {
    const policy = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }';
    rig.store.set(PARAMETER, await rig.consul.createPolicyToken(policy));
    expect(await rig.findings(withService('irri'))).toEqual([
      'warning catalog irri: Consul lists nobody of this service; near names are iri -> correct pools.service in LB_CONFIG, or register its instances',
    ]);
    await fill(haproxy, 'iri_back/irisrv1', '10.0.0.1:14265');
    expect((await rig.findings(withService('irri')))[0]).toMatch(
      /^error catalog irri: Consul lists nobody of this service; near names are iri; 1 ready server is kept until/,
    );
    await haproxy.query('set server iri_back/irisrv1 state maint');
    expect((await rig.findings(withService('something')))[0]).toMatch(
      /^warning catalog something: Consul lists nobody of this service; it lists iri -> /,
    );
    rig.store.set(PARAMETER, rig.token);
  });

  it.each([
    ['irri', ['iri', 'web', 'consul'], ['iri']],
    ['IRI', ['iri'], ['iri']],
    ['web', ['web-api', 'wbe', 'mysql'], ['wbe', 'web-api']],
    ['api', ['db'], []],
  ])('%s among %j is near %j', (wanted, names, near) => {
    expect(nearNames(wanted, names)).toEqual(near);
  });
});

describe('a Consul that is not asked what the token may read', () => {
  let proxy: Server;
  let url: string;
  let status = 405;
  beforeAll(async () => {
    proxy = createServer((request, response) => {
      if (request.method !== 'GET') {
        response.writeHead(status).end('no writes here');
        return;
      }
      const token = String(request.headers['x-consul-token'] ?? '');
      void fetch(`${rig.consul.url}${request.url}`, { headers: { 'x-consul-token': token } }).then(
        async (answer) => {
          const headers = ['x-consul-index', 'x-consul-knownleader', 'date'].flatMap((name) => {
            const value = answer.headers.get(name);
            return value === null ? [] : [[name, value] as const];
          });
          response.writeHead(answer.status, Object.fromEntries(headers)).end(await answer.text());
        },
      );
    });
    url = `http://127.0.0.1:${await new Promise((resolve) => proxy.listen(0, '127.0.0.1', () => resolve((proxy.address() as { port: number }).port)))}`;
  });
  afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
  });

  it.each([403, 404, 405, 501])('because POST is answered %s: what to let through is said', async (code) => {
    status = code;
    const found = await rig.findings({ ...env, CONSUL_HTTP_ADDR: url });
    expect(found).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^warning consul rights: nobody says what parameter ${PARAMETER} may read: POST /v1/internal/acl/authorize got ${code} "no writes here"; .* -> let that request through to Consul: see allow_write_http_from`,
        ),
      ),
    );
  });
});

it('an unknown datacenter is told to be that, not a want of a leader', async () => {
  const found = await rig.findings({ ...env, CONSUL_DATACENTER: 'elsewhere' });
  expect(found).toContainEqual(
    expect.stringMatching(
      /^error consul \S+: answers 500 "No path to datacenter" -> correct CONSUL_DATACENTER/,
    ),
  );
});
