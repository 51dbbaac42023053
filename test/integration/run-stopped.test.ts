// `iri-lb run` that stands still while HAProxy's answer is on its way: an operator's DRAIN of that time is heeded.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { startRun, startSurroundings, webRow } from './run-rig.js';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

/** So long what was sent takes to its client's socket at most, and rows to be taken apart, in milliseconds. */
const A_WHILE_MS = 50;

/** Between a client and the admin socket at `port`: notes lines, and holds up the answer to a listing. */
async function startBetween(port: number) {
  const lines: string[] = [];
  let beforeAnswer: (() => void) | undefined;
  let answered = (): void => {};
  const server = net.createServer((client) => {
    const haproxy = net.connect(port, '127.0.0.1');
    let isListing = false;
    client.on('data', (chunk) => {
      const text = chunk.toString();
      lines.push(...text.split('\n'));
      isListing = text.includes('show servers state');
      haproxy.write(chunk);
    });
    haproxy.on('data', async (chunk) => {
      const act = isListing ? beforeAnswer : undefined;
      if (act) {
        beforeAnswer = undefined;
        haproxy.pause();
        await sleep(A_WHILE_MS);
        act();
        haproxy.resume();
      }
      client.write(chunk);
      if (act) setTimeout(answered, A_WHILE_MS);
    });
    client.on('close', () => haproxy.destroy()).on('error', () => {});
    haproxy.on('close', () => client.destroy()).on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  harness.onClose(() => void server.close());
  return {
    lines,
    address: `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    /** Calls `act` when the answer to the next listing is there, and then sends it; resolves when that was sent. */
    beforeNextListing: (act: () => void): Promise<void> =>
      new Promise((resolve) => {
        beforeAnswer = act;
        answered = resolve;
      }),
  };
}

it('gives no command to slots that were drained while it stood still', async () => {
  const around = await startSurroundings(harness);
  const { consul, haproxy } = around;
  const between = await startBetween(Number(new URL(haproxy.admin).port));
  await consul.catalogRegister([webRow(1)]);
  const env = { ...around.env, HAPROXY_ADDRESSES: between.address };
  const run = await startRun(harness, env, { args: ['--resync', '1h'] });
  await around.untilReady(['10.0.0.1:80']);
  // Short of a run that begins cold, each listing comes after the rows.
  for (const _round of [1, 2]) {
    await consul.catalogRegister([webRow(3)]);
    await around.untilReady(['10.0.0.1:80', '10.0.0.3:80']);
    await consul.catalogDeregister([{ node: 'node-3', id: 'web' }]);
    await around.untilReady(['10.0.0.1:80']);
  }
  const stopped = between.beforeNextListing(() => run.child.signal('SIGSTOP'));
  await consul.catalogRegister([webRow(2)]);
  await stopped;
  const [, , ...rows] = (await haproxy.query('show servers state web')).trim().split('\n');
  const free = rows.map((row) => row.split(' ')).filter(([, , , , address]) => address !== '10.0.0.1');
  for (const [, , , slot] of free) await haproxy.query(`set server web/${slot} state drain`);
  between.lines.length = 0;
  run.child.signal('SIGCONT');
  await run.until('a run that has no slot', ({ failing }) => failing !== null);
  expect(between.lines.filter((line) => /^set (?:server|maxconn|weight)/.test(line))).toEqual([]);
  const [, , , slot] = free[0] ?? [];
  await haproxy.query(`set server web/${slot} state maint`);
  await around.untilReady(['10.0.0.1:80', '10.0.0.2:80']);
}, 60_000);
