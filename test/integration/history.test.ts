// The history of a real HAProxy and a real Consul: what happened to them is what it tells.
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import type { HistoryEvent } from '../../lib/model/history.js';
import { type History, makeHistory } from '../../lib/run/history/history.js';
import { iriLb } from '../cli/iri-lb.js';
import { iriBackends, type Rig, startRig } from './rig.js';

let rig: Rig;
let node: http.Server;
let port: number;

beforeEach(async () => {
  const backends = iriBackends(8).map((backend) => ({
    ...backend,
    lines: ['default-server check inter 500 fall 1 rise 1'],
  }));
  rig = await startRig({ backends });
  port = await rig.harness.freePort();
  node = http.createServer((_request, response) => response.end());
  await listen();
  await rig.consul.register({ Name: 'iri', ID: 'one', Address: '127.0.0.1', Port: port });
});
afterEach(async () => {
  await stop();
  await rig.harness.close();
});

const listen = (): Promise<void> => new Promise((resolve) => node.listen(port, '127.0.0.1', resolve));
const stop = (): Promise<void> => {
  node.closeAllConnections();
  return new Promise((resolve) => node.close(() => resolve()));
};

/** A process that keeps it, and what it was told of since it was asked last. */
function keeper(file?: string) {
  const history: History = makeHistory({
    clock: { wallMs: () => Date.now() },
    warn: (text) => expect.unreachable(text),
    who: { build: 'test', configuration: '0123456789ab' },
    ...(file === undefined ? {} : { file }),
  });
  const events: HistoryEvent[] = [];
  history.subscribe((event) => events.push(event));
  return {
    history,
    told: () => events.splice(0),
    apply: async () => history.report(await rig.apply(), { trigger: 'resync' }),
    look: async () => history.look(await rig.runner.look()),
    /** Looks until something is told. */
    async found(): Promise<HistoryEvent[]> {
      await waitFor(
        async () => {
          history.look(await rig.runner.look());
          return events.length > 0;
        },
        { what: 'something to tell', timeoutMs: 20_000, everyMs: 50 },
      );
      return events.splice(0);
    },
  };
}

it('tells of changes, checks, drains, other hands and restarts', async () => {
  const { apply, look, told, found } = keeper();
  await look();
  await apply();
  const [change] = told();
  expect(change).toMatchObject({
    kind: 'change',
    action: 'add',
    result: 'done',
    after: { port, state: 'ready' },
  });
  if (change?.kind !== 'change') return expect.unreachable();
  const { loadBalancer, backend, slot, instance } = change;
  expect(instance).toMatch(/\/one$/);
  const place = { loadBalancer, backend, slot, instance };
  const server = `${backend}/${slot}`;
  // Its first check may come after the look.
  const checkOf = async (): Promise<string | undefined> => {
    const { loadBalancers } = await rig.runner.look();
    return loadBalancers[0]?.observed?.details?.get(backend)?.get(slot)?.check?.status;
  };
  await waitFor(async () => /L4OK/.test((await checkOf()) ?? ''), { what: 'its check', timeoutMs: 20_000 });
  await look();
  told();

  await stop();
  expect(await found()).toMatchObject([
    {
      kind: 'server-down',
      ...place,
      status: 'DOWN',
      check: expect.stringMatching(/^L4CON/),
      since: expect.any(String),
    },
  ]);
  await listen();
  expect(await found()).toMatchObject([{ kind: 'server-up', ...place, status: 'UP' }]);

  await rig.haproxy.query(`set server ${server} state drain`);
  expect(await found()).toMatchObject([{ kind: 'drained', ...place }]);
  await rig.haproxy.query(`set server ${server} state ready`);
  expect(await found()).toMatchObject([{ kind: 'undrained', ...place }]);

  await rig.haproxy.query(`set server ${server} weight 7`);
  await apply();
  expect(await found()).toMatchObject([
    { kind: 'change', action: 'update', before: { weight: 7 }, after: { weight: 1 } },
    { kind: 'changed-elsewhere', ...place, before: { weight: 1 }, after: { weight: 7 } },
  ]);

  await rig.haproxy.restart();
  expect((await found()).map(({ kind }) => kind)).toEqual(['haproxy-restarted']);
  await apply();
  await look();
  expect(told().filter(({ kind }) => kind === 'changed-elsewhere')).toEqual([]);
});

it('is written by apply, and told by changes', async () => {
  const file = join(rig.harness.dir, 'history.jsonl');
  const apply = () => iriLb(['apply', '--history', file], rig.env);
  const changes = (...args: string[]) => iriLb(['changes', '--from', file, ...args], {});
  expect(await apply()).toMatchObject({ status: 0, stderr: '' });
  expect(statSync(file).mode & 0o777).toBe(0o640);
  const kinds = (): string[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
  expect(kinds()).toEqual(['started', 'change', 'stopped']);
  await rig.haproxy.query(`set server ${changedSlot(file)} state drain`);
  // Nobody serves any more.
  expect((await apply()).status).toBe(3);
  expect(kinds().slice(3)).toEqual(['started', 'drained', 'stopped']);
  await rig.haproxy.stop(true);
  expect((await apply()).status).toBe(1);
  expect(kinds().slice(6)).toEqual(['started', 'runs-failing', 'stopped']);
  const { status, stdout, stderr } = await changes();
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^history\.jsonl, with 2 gaps since /);
  expect(stdout).toMatch(
    /\+ added {5}\S+\/one {2}127\.0\.0\.1:\d+ iri_back\/irisrv\d {2}at 127\.0\.0\.1:\d+/,
  );
  expect(stdout).toMatch(/~ drained {3}\S+\/one {2}.* held by its operator or agent-check\n/);
  expect(stdout).toMatch(/- failing {3}.*cannot connect/);
  expect(stdout).not.toContain('nothing changed');
});

it('keeps apply from nothing but a file that is none of ours', async () => {
  const link = join(rig.harness.dir, 'link.jsonl');
  symlinkSync('/etc/passwd', link);
  const { status, stderr } = await iriLb(['apply', '--history', link], rig.env);
  expect(stderr).toMatch(/^iri-lb: --history: history ".*link\.jsonl": is a link; name the file itself/);
  expect(status).toBe(64);
  expect(await rig.ready('iri_back')).toEqual([]);
  const held = join(rig.harness.dir, 'held.jsonl');
  const { history } = keeper(held);
  const second = await iriLb(['apply', '--history', held], rig.env);
  expect(second.status).toBe(0);
  expect(second.stderr).toMatch(
    new RegExp(
      `^warning: history ".*held\\.jsonl" is written by process ${process.pid}; what happens here is not in it\n$`,
    ),
  );
  history.close();
});

const changedSlot = (file: string): string => {
  const change = JSON.parse(readFileSync(file, 'utf8').split('\n')[1] ?? '');
  return `${change.backend}/${change.slot}`;
};
