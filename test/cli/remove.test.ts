// `iri-lb node remove|add` leaves alone what was not named, at a real Consul: other nodes' and other services' ids.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { commandLine } from './command-line.js';
import { waitForRows } from './rig.js';

const SERVICE = { service: 'iri', address: '10.0.0.7', port: 14265 };

let harness: Harness;
let consul: Consul;
beforeAll(async () => {
  harness = await startHarness();
  consul = await startConsul(harness, { acls: false });
}, 120_000);
afterAll(() => harness.close());
beforeEach(async () => {
  await consul.request('PUT', '/v1/agent/service/register', {
    ...{ ID: 'a', Name: 'iri', Address: SERVICE.address, Port: SERVICE.port },
  });
  await waitForRows(consul, 'iri', ['local/a']);
});

const line = (answer?: boolean) =>
  commandLine({ env: { CONSUL_HTTP_ADDR: consul.url }, ...(answer === undefined ? {} : { answer }) });

/** What the agent has: `id service`. */
async function services(): Promise<string[]> {
  const all = (await consul.request('GET', '/v1/agent/services')) as Readonly<
    Record<string, { readonly ID: string; readonly Service: string }>
  >;
  return Object.values(all).map(({ ID, Service }) => `${ID} ${Service}`);
}

describe('iri-lb node remove', () => {
  it.each(['passing', 'critical'] as const)(
    "refuses a %s node of another agent, and keeps this agent's service of its id",
    async (status) => {
      await consul.catalogRegister([{ ...SERVICE, node: 'dead', id: 'a', status }]);
      const { status: exit, out, err } = await line().run('remove', 'dead/a', '--yes');
      expect([exit, out]).toEqual([1, '']);
      expect(err).toMatch(
        /^iri-lb: dead\/a is of the agent of node dead, .* consul force-leave dead, else curl /,
      );
      expect(await services()).toContain('a iri');
      await consul.catalogDeregister([{ node: 'dead', id: 'a' }]);
    },
  );

  it("keeps the agent's service of another name under the id, and one that is gone from there", async () => {
    await consul.request('PUT', '/v1/agent/service/register', { ID: 'db', Name: 'postgres', Port: 5432 });
    await consul.catalogRegister([{ ...SERVICE, node: 'dead', id: 'db' }]);
    expect(await line().run('remove', '--node', 'dead', '--id', 'db', '--yes')).toMatchObject({ status: 1 });
    expect(await services()).toContain('db postgres');
    await consul.catalogDeregister([{ node: 'dead', id: 'db' }]);
  });

  it('looks again after it has asked', async () => {
    const other = { ID: 'a', Name: 'postgres', Port: 5432 };
    const asking = commandLine({
      env: { CONSUL_HTTP_ADDR: consul.url },
      answer: true,
      onAsked: async () => {
        await consul.request('PUT', '/v1/agent/service/register', other);
      },
    });
    const { status, err } = await asking.run('remove', 'local/a');
    expect([status, err]).toEqual([1, expect.stringContaining('has a as service postgres at')]);
    expect(await services()).toContain('a postgres');
  });

  it('removes the one of two that share a label, by --node and --id', async () => {
    const two = [
      { ...SERVICE, node: 'rack1', id: 'web/a' },
      { ...SERVICE, node: 'rack1/web', id: 'a' },
    ];
    await consul.catalogRegister(two);
    const both = await line().run('remove', 'rack1/web/a');
    expect([both.status, both.err]).toEqual([
      64,
      'iri-lb: rack1/web/a may be any of --node rack1 --id web/a, --node rack1/web --id a; name one of these',
    ]);
    const one = await line().run('remove', '--node', 'rack1/web', '--id', 'a', '--yes');
    expect(one.err).toContain('rack1/web/a is of the agent of node rack1/web');
    await consul.catalogDeregister(two);
    expect(await line().run('remove', '--node', 'local', '--id', 'a', '--yes')).toEqual({
      ...{ status: 0, out: 'removed local/a (10.0.0.7:14265)', err: '' },
    });
    expect(await services()).not.toContain('a iri');
  });

  it('wants somebody named, who is there', async () => {
    expect(await line().run('remove')).toMatchObject({
      ...{ status: 64, err: expect.stringContaining('name a node: by id or address:port, or with --node') },
    });
    expect(await line().run('remove', '--id', 'x')).toMatchObject({
      ...{ status: 64, err: expect.stringContaining('no node --id x in Consul') },
    });
  });
});

describe('iri-lb node add', () => {
  const at = ['--address', '10.0.0.8', '--port', '14265', '--no-check'];

  it("refuses the id of the agent's other service, until --replace", async () => {
    await consul.request('PUT', '/v1/agent/service/register', { ID: 'web', Name: 'web', Port: 81 });
    const refused = await line().run('add', ...at, '--id', 'web');
    expect(refused).toEqual({
      ...{ status: 1, out: '' },
      err: "iri-lb: the agent has web already, as service web at its node's port 81; give another --id, or say --replace",
    });
    expect(await services()).toContain('web web');
    expect(await line().run('add', ...at, '--id', 'web', '--replace')).toMatchObject({ status: 0 });
    expect(await services()).toContain('web iri');
  });

  it('refuses the id of the same service elsewhere, and says anew what is there', async () => {
    const { err } = await line().run('add', ...at, '--id', 'a');
    expect(err).toContain('the agent has a already, as service iri at 10.0.0.7:14265');
    const same = ['--address', '10.0.0.7', '--port', '14265', '--no-check', '--id', 'a', '--weight', '3'];
    expect(await line().run('add', ...same)).toMatchObject({ status: 0, err: '' });
  });
});
