// The page: what it takes with nobody, one and two hundred looking, and how soon a registration shows in a browser.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { processorMs, residentMb, startRun } from '../integration/run-rig.js';
import { openPage, rowsOf, startBrowser, startFleet, startServe } from '../serve/page-rig.js';
import { untilReady } from './latency.js';
import { type Part, rowBeside, rowOf, timed } from './measure.js';

const SLOTS = 2_000;
const BROWSERS = 200;
/** How long each is watched, in milliseconds: nothing changes meanwhile. */
const REST_MS = 30_000;
/** Until what is done once for a new reader is done, in milliseconds. */
const SETTLE_MS = 5_000;
const SAMPLES = 40;
const SHOWN = 100;
const APART_MS = 150;

export async function benchPage(harness: Harness): Promise<Part> {
  const rows = [...(await atRest(harness)), ...(await besideRuns(harness)), ...(await shown(harness))];
  return {
    title: `the page, 2 load balancers of ${SLOTS} slots in use; nothing changes for ${REST_MS / 1_000} s`,
    rows,
  };
}

/** Reads the stream, as a browser does, and throws it away. */
function reader(url: string): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/events`, { agent: false }, (response) => {
      response.on('error', () => undefined).resume();
      resolve({ close: () => response.destroy() });
    });
    request.once('error', reject);
  });
}

const readers = (url: string, count: number): Promise<{ close(): void }[]> =>
  Promise.all(Array.from({ length: count }, () => reader(url)));

async function atRest(harness: Harness): Promise<Part['rows']> {
  const fleet = await startFleet(harness, { slots: SLOTS, onePool: true });
  await fleet.consul.catalogRegister(rowsOf(SLOTS));
  await fleet.apply();
  const served = await startServe(harness, fleet.env);
  const { pid } = served.child;
  const measure = async (who: string): Promise<Part['rows']> => {
    await sleep(SETTLE_MS);
    const pids = [pid, ...fleet.balancers.map((one) => one.pid)];
    const before = await Promise.all(pids.map(processorMs));
    await sleep(REST_MS);
    const after = await Promise.all(pids.map(processorMs));
    const [page = 0, ...balancers] = after.map((ms, at) => (100 * (ms - (before[at] ?? 0))) / REST_MS);
    return [
      rowOf(`of one core, ${who}`, '%', [page]),
      rowOf(`of one core, each HAProxy, ${who}`, '%', balancers),
      rowOf(`memory, ${who}`, 'MB', [await residentMb(pid)]),
    ];
  };
  const rows = [...(await measure('no browser'))];
  const one = await readers(served.url, 1);
  rows.push(...(await measure('one browser')));
  const others = await readers(served.url, BROWSERS - 1);
  rows.push(...(await measure(`${BROWSERS} browsers`)));
  for (const each of [...one, ...others]) each.close();
  await served.child.stop();
  return rows;
}

/** Two runs of two services in one Consul, the one looked at and the other not, in turn. */
async function besideRuns(harness: Harness): Promise<Part['rows']> {
  const fleet = await startFleet(harness, { slots: 4, balancers: 1 });
  const start = async (service: string) => {
    const adminPort = await harness.freePort();
    const ranges = [{ prefix: 'irisrv', slots: 2 * SAMPLES }];
    const backends = [{ name: 'iri_back', ranges }];
    const haproxy = await startHAProxy(harness, {
      config: minimalConfig({ adminPort, backends }),
      adminPort,
    });
    const pools = [{ backend: 'iri_back', service, ranges: [{ prefix: 'irisrv' }] }];
    const env = { ...fleet.env, HAPROXY_ADDRESSES: haproxy.admin, LB_CONFIG: JSON.stringify({ pools }) };
    return { haproxy, run: await startRun(harness, env), service };
  };
  const alone = await start('alone');
  const looked = await start('looked');
  const open = await readers(looked.run.url, BROWSERS);
  const from = async (service: string, haproxy: HAProxy, at: number): Promise<number> => {
    const address = `10.2.0.${at}`;
    await sleep(APART_MS);
    return timed(async () => {
      await fleet.consul.catalogRegister([{ node: `${service}-${at}`, service, address, port: 14265 }]);
      await untilReady(haproxy, address);
    });
  };
  const times: Record<'alone' | 'looked', number[]> = { alone: [], looked: [] };
  for (let at = 0; at <= SAMPLES; at += 1)
    for (const one of at % 2 === 0 ? [alone, looked] : [looked, alone]) {
      const ms = await from(one.service, one.haproxy, at + 1);
      // The first opens what is opened once.
      if (at > 0) times[one === alone ? 'alone' : 'looked'].push(ms);
    }
  for (const each of open) each.close();
  await Promise.all([alone.run.child.stop(), looked.run.child.stop()]);
  const row = rowOf(`registered to ready, ${BROWSERS} browsers`, 'ms', times.looked);
  return [
    rowOf('registered to ready, no browser', 'ms', times.alone),
    rowBeside(row, times.looked, 'no browser', times.alone, 1.1),
  ];
}

/** As much as is asked of it in the browser. */
interface Dom {
  readonly document: { querySelector(selector: string): { readonly textContent: string } | null };
}

/** From the call to Consul until the mark of the instance is in the page that a browser shows. */
async function shown(harness: Harness): Promise<Part['rows']> {
  const fleet = await startFleet(harness, { slots: 4 * SHOWN });
  const run = await startRun(harness, fleet.env);
  const browser = await startBrowser();
  const { page } = await openPage(browser, run.url, { viewport: { width: 1280, height: 900 } });
  await page.locator('.pool').first().waitFor();
  const times: number[] = [];
  for (let at = 1; at <= SHOWN; at += 1) {
    await sleep(APART_MS);
    const seen = page.waitForFunction(
      (count) => {
        const { document } = globalThis as unknown as Dom;
        return document.querySelector('.big')?.textContent.startsWith(count) ?? false;
      },
      `${at} `,
      { polling: 'raf' },
    );
    times.push(
      await timed(async () => {
        await fleet.consul.catalogRegister(rowsOf(1, at * 5 + 1));
        await seen;
      }),
    );
  }
  await browser.close();
  await run.child.stop();
  const sorted = [...times].sort((a, b) => a - b);
  return [
    rowOf('registered to shown in a browser', 'ms', times),
    rowOf('registered to shown, 99th percentile', 'ms', [sorted[Math.ceil(SHOWN * 0.99) - 1] ?? Number.NaN]),
  ];
}
