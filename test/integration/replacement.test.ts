// A full pool whose instances are all replaced, under load: no request fails, none reaches a node that has left.
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type RealPool, startRealPool } from './real-pool.js';

/** `CYCLES=40` replaces a full pool as often. */
const CYCLES = Number(process.env.CYCLES ?? 6);

let pool: RealPool | undefined;
afterEach(() => pool?.harness.close());

const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => from + at);

describe.each(['safe', 'always'])('with http-reuse %s', (reuse) => {
  it.each([2, 8])('a pool of %d slots is replaced, and its old nodes are left alone', async (slots) => {
    pool = await startRealPool({ slots, lines: [`http-reuse ${reuse}`] });
    const { get, apply, list } = pool;
    list(numbers(1, slots));
    await apply();
    /** Nodes that have left, since when. */
    const left = new Map<string, number>();
    const wrong: string[] = [];
    const failed: (number | string)[] = [];
    let served = 0;
    let stop = false;
    const load = Array.from({ length: 4 }, async () => {
      const agent = new http.Agent({ keepAlive: true });
      while (!stop) {
        const sentAt = performance.now();
        const { status, body } = await get(agent).catch((error: Error) => ({
          status: 0,
          body: error.message,
        }));
        served += 1;
        if (status !== 200) failed.push(status, body);
        if ((left.get(body) ?? Number.POSITIVE_INFINITY) < sentAt) wrong.push(body);
      }
      agent.destroy();
    });
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      const [here, gone] = cycle % 2 === 0 ? [1, slots + 1] : [slots + 1, 1];
      list(numbers(here, slots));
      for (const number of numbers(here, slots)) left.delete(`127.0.7.${number}`);
      // What could not be taken over for requests that still ran, the next run does.
      for (let run = 0; run < 5; run += 1) if ((await apply()).only.error === undefined) break;
      for (const number of numbers(gone, slots)) left.set(`127.0.7.${number}`, performance.now());
      const before = served;
      while (served < before + 20) await get();
    }
    stop = true;
    await Promise.all(load);
    expect({ wrong, failed }).toEqual({ wrong: [], failed: [] });
  });
});

it('a pool of two whose requests last three seconds loses none of them when both are replaced', async () => {
  pool = await startRealPool({ slots: 2, answerMs: 3_000, lines: ['http-reuse always'] });
  const { get, apply, list, slots } = pool;
  list([1, 2]);
  await apply();
  for (let warm = 0; warm < 4; warm += 1) await get(undefined, '/now');
  const requests = Array.from({ length: 6 }, () => get());
  list([3, 4]);
  const quick: Promise<{ readonly status: number }>[] = [];
  const serving = async (): Promise<void> => {
    while ((await slots()).some(({ address }) => ['127.0.7.1', '127.0.7.2'].includes(address))) {
      const { error } = (await apply()).only;
      quick.push(get(undefined, '/now'));
      if (error === undefined) break;
    }
  };
  await serving();
  expect((await Promise.all([...requests, ...quick])).map(({ status }) => status)).toEqual(
    Array(requests.length + quick.length).fill(200),
  );
  expect((await get(undefined, '/now')).body).toMatch(/^127\.0\.7\.[34]$/);
});

it('the very first request, before any connection was used again, takes none to a node that has left', async () => {
  pool = await startRealPool({ slots: 1, answerMs: 1_500, lines: ['http-reuse always'] });
  const { get, apply, list, slots, haproxy } = pool;
  list([1]);
  await apply();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const first = get(agent);
  // scur: the request runs.
  while (!/^web,s1,\d+,\d+,1,/m.test(await haproxy.query('show stat web 4 -1')));
  list([2]);
  while ((await slots())[0]?.address !== '127.0.7.2') await apply();
  expect((await first).body).toBe('127.0.7.1');
  const later = [await get(agent, '/now'), await get(undefined, '/now')];
  expect(later.map(({ body }) => body)).toEqual(['127.0.7.2', '127.0.7.2']);
  agent.destroy();
});
