// The page as people have it: a real Consul, two real HAProxys, the built program that serves it, and a browser.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Consul, startConsul } from '../../infra/local/consul.js';
import { type HAProxy, startHAProxy } from '../../infra/local/haproxy.js';
import type { Child, Harness } from '../../infra/local/harness.js';
import { minimalConfig } from '../../infra/local/minimal-cfg.js';
import { iriLayout } from '../../lib/iri/layout.js';

export const PROGRAM = fileURLToPath(new URL('../../dist/iri-lb.mjs', import.meta.url));

export interface Fleet {
  readonly consul: Consul;
  readonly balancers: readonly HAProxy[];
  readonly env: Readonly<Record<string, string>>;
  /** One run of the built program. */
  apply(): Promise<void>;
}

export interface FleetOptions {
  /** Plain slots of each pool. */
  readonly slots?: number;
  readonly balancers?: number;
  /** The first pool of the layout alone. */
  readonly onePool?: boolean;
}

export async function startFleet(
  harness: Harness,
  { slots = 60, balancers = 2, onePool = false }: FleetOptions = {},
): Promise<Fleet> {
  const consul = await startConsul(harness, { acls: false });
  const pools = onePool ? iriLayout.pools.slice(0, 1) : iriLayout.pools;
  const started: HAProxy[] = [];
  for (let at = 0; at < balancers; at += 1) {
    const adminPort = await harness.freePort();
    const backends = pools.map(({ backend, ranges }) => ({
      name: backend,
      ranges: ranges.map(({ prefix, transport }) => ({
        prefix,
        ...(transport ? { transport } : {}),
        slots: transport === undefined || transport === 'plain' ? slots : 8,
      })),
    }));
    started.push(await startHAProxy(harness, { config: minimalConfig({ adminPort, backends }), adminPort }));
  }
  const env = {
    CONSUL_HTTP_ADDR: consul.url,
    HAPROXY_ADDRESSES: started.map(({ admin }) => admin).join(','),
    IRI_LB_RUN: 'off',
    LB_CONFIG: JSON.stringify({ ...iriLayout, pools, lockTimeoutMs: 1_000 }),
  };
  return {
    consul,
    balancers: started,
    env,
    async apply() {
      const child = await harness.spawn('apply', process.execPath, [PROGRAM, 'apply', '--force'], { env });
      await child.ended;
    },
  };
}

/** Rows of instances `iri-1` … at addresses of their own; every fifth does PoW, too. */
export const rowsOf = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => {
    const at = from + index;
    return {
      node: `node-${at}`,
      service: 'iri',
      id: `iri-${at}`,
      address: `10.${16 + (at >> 8)}.${at & 255}.1`,
      port: 14265,
      tags: at % 5 === 0 ? ['haproxy.pow=true', 'haproxy.weight=2'] : [],
    };
  });

export interface Served {
  readonly url: string;
  readonly child: Child;
}

/** `iri-lb serve` at a free port. */
export async function startServe(
  harness: Harness,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Served> {
  const listen = `127.0.0.1:${await harness.freePort()}`;
  const child = await harness.spawn(
    'serve',
    process.execPath,
    [PROGRAM, 'serve', '--listen', listen, ...args],
    {
      env: { IRI_LB_HISTORY: '', ...env },
    },
  );
  const url = `http://${listen}`;
  await child.until(async () => (await fetch(`${url}/live`)).status === 200, {
    what: 'the page to be served',
  });
  return { url, child };
}

const CHROMIUM = process.env.CHROMIUM_BIN ?? 'chromium';

/** Headless, of Debian's package. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: pathOf(CHROMIUM),
    // In a container there is no other sandbox to be had, and it opens our own page alone.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

function pathOf(command: string): string {
  if (command.includes('/')) return command;
  return `/usr/bin/${command}`;
}

export type Theme = 'light' | 'dark';

/** The page, open, with what it says on its console. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds: rule, and the elements. The script is put in by the driver, past the page's own policy. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  )) as { violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`),
  );
}
