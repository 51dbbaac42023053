// The page in a browser: every state it has, in both themes and three widths, judged by axe-core, and walked by keys.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { waitFor } from '../../infra/local/wait-for.js';
import { startRun } from '../integration/run-rig.js';
import {
  axe,
  type Fleet,
  openPage,
  rowsOf,
  type Served,
  startBrowser,
  startFleet,
  startServe,
  type Theme,
} from './page-rig.js';

/** Where pictures are put, to be looked at; nowhere by default. */
const PICTURES = process.env.PAGE_PICTURES;

const WIDTHS = [
  [360, 740],
  [1280, 900],
  [3840, 2160],
] as const;
const THEMES: readonly Theme[] = ['light', 'dark'];

let harness: Harness;
let browser: Browser;

beforeAll(async () => {
  harness = await startHarness();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await harness?.close();
});

/** No sideways scrolling, nothing for axe-core; a picture where somebody wants one. */
async function judge(page: Page, state: string): Promise<void> {
  for (const colorScheme of THEMES)
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const where = `${state}, ${colorScheme}, ${width} px`;
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide, `${where}: scrolls sideways`).toBeLessThanOrEqual(width);
      expect(await axe(page), where).toEqual([]);
      if (PICTURES) {
        await page.evaluate(
          'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
        );
        const fullPage = width < 2_000;
        if (fullPage) await page.evaluate('document.querySelector(".bar").style.position = "static"');
        await page.screenshot({ path: `${PICTURES}/${state}-${colorScheme}-${width}.png`, fullPage });
        await page.evaluate('document.querySelector(".bar").style.position = ""');
      }
    }
}

const textOf = (page: Page, selector: string) => page.locator(selector).innerText();
const untilSaid = (page: Page, words: string | RegExp) =>
  page.locator('#verdict', { hasText: words }).waitFor();

describe('a fleet without anybody in it', () => {
  it('is drawn as one that is empty', { timeout: 120_000 }, async () => {
    const fleet = await startFleet(harness);
    const served = await startServe(harness, fleet.env);
    const { page, complaints } = await openPage(browser, served.url);
    await untilSaid(page, 'Consul lists nobody for these pools yet');
    await judge(page, 'empty');
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe('the page', () => {
  it('says that it looks while it does, and that it cannot where that is so', {
    timeout: 120_000,
  }, async () => {
    const fleet = await startFleet(harness, { balancers: 1 });
    const env = { ...fleet.env, HAPROXY_ADDRESSES: 'consul:haproxy' };
    await fleet.consul.child.stop();
    const served = await startServe(harness, env);
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const page = await context.newPage();
    await page.route('**/events', () => undefined);
    await page.goto(served.url);
    expect(await textOf(page, '#verdict')).toBe('Looking at the fleet…');
    expect(await textOf(page, '#fresh')).toBe('Connecting…');
    await judge(page, 'loading');
    await page.unroute('**/events');
    await page.reload();
    await untilSaid(page, 'The fleet cannot be looked at');
    expect(await textOf(page, '#notices')).toContain('ECONNREFUSED');
    await judge(page, 'unlooked');
    await context.close();
    await served.child.stop();
  });

  it('says that runs are paused, and that they fail', { timeout: 120_000 }, async () => {
    const fleet = await startFleet(harness, { slots: 20 });
    await fleet.consul.catalogRegister(rowsOf(6));
    const pauseFile = join(harness.dir, 'stop');
    const run = await startRun(harness, fleet.env, {
      args: ['--pause-file', pauseFile, '--resync', '2s'],
    });
    const { page, complaints } = await openPage(browser, run.url);
    await untilSaid(page, 'Everybody who should serve does');
    writeFileSync(pauseFile, 'moving house <b>');
    await fleet.consul.catalogRegister(rowsOf(1, 9));
    await untilSaid(page, 'Runs are paused: nothing is written');
    expect(await textOf(page, '.notice')).toContain('moving house <b>');
    await page.locator('#facts', { hasText: /Pending\s*1/ }).waitFor();
    await judge(page, 'paused');
    rmSync(pauseFile);
    await untilSaid(page, 'Everybody who should serve does');
    await fleet.consul.child.stop();
    await page.locator('.notice', { hasText: 'Runs have failed for' }).waitFor();
    await judge(page, 'failing');
    expect(complaints).toEqual([]);
    await page.close();
    await run.child.stop();
  });
});

describe('a fleet', () => {
  let fleet: Fleet;
  let served: Served;

  beforeAll(async () => {
    fleet = await startFleet(harness, { slots: 120 });
    await fleet.consul.catalogRegister(rowsOf(46));
    await fleet.apply();
    served = await startServe(harness, fleet.env);
  });

  it('that is well says so, pool by pool and slot by slot', { timeout: 120_000 }, async () => {
    const { page, complaints } = await openPage(browser, served.url);
    await untilSaid(page, 'Everybody who should serve does, on both load balancers');
    expect(await page.locator('.pool').count()).toBe(2);
    expect(await page.locator('.big').allInnerTexts()).toEqual([
      '46 serving',
      '46 serving',
      '9 serving',
      '9 serving',
    ]);
    expect(await textOf(page, '#facts')).toContain('of 55 wanted, on each load balancer');
    await judge(page, 'well');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is walked through by keys alone, up to why', { timeout: 120_000 }, async () => {
    const { page } = await openPage(browser, served.url, { viewport: { width: 1280, height: 900 } });
    await untilSaid(page, 'Everybody');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(
      /^120 slots irisrv of iri_back on /,
    );
    await page.keyboard.press('PageDown');
    const option = page.locator('.map [role=option]').first();
    const told = (await option.textContent()) ?? '';
    expect(told).toMatch(
      /^iri_back\/irisrv\d+, serving, node-\d+\/iri-\d+, 10\.16\.\d+\.1:14265, weight \d, no limit$/,
    );
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    expect(await option.textContent()).toBe(told);
    await page.keyboard.press('Enter');
    const [, name = ''] = /serving, (\S+),/.exec(told) ?? [];
    await page.locator('#details-title', { hasText: name }).waitFor();
    await page.locator('.sentence').waitFor();
    expect(await textOf(page, '.sentence')).toContain('in rotation on both');
    await judge(page, 'why');
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.keyboard.press('Escape');
    expect(await textOf(page, '#details-title')).toBe('Why');
    await page.keyboard.press('/');
    await page.keyboard.type('node-17');
    await page.locator('#results li').first().waitFor();
    expect(await page.locator('#results li strong').allInnerTexts()).toEqual(['node-17/iri-17']);
    await judge(page, 'search');
    await page.keyboard.press('Enter');
    await page.locator('#details-title', { hasText: 'node-17/iri-17' }).waitFor();
    await page.close();
  });

  it('shows what differs, is held, down, pending, and hostile, as text', { timeout: 180_000 }, async () => {
    const [first, second] = fleet.balancers;
    if (!first || !second) throw new Error('two load balancers');
    const listing = await first.query('show servers state iri_back');
    const slots = [...listing.matchAll(/^\d+ iri_back \d+ (\S+) 10\.16\./gm)].map(([, slot]) => slot ?? '');
    await first.query(`set server iri_back/${slots[0]} state drain`);
    await second.query(`set server iri_back/${slots[1]} weight 7`);
    await first.query(`set server iri_back/${slots[2]} health down`);
    await first.query(`set server iri_back/${slots[3]} state maint`);
    const markup = '<img src=x onerror="document.title=1"><script>alert(1)</script>';
    const hostile = { ...rowsOf(1, 300)[0], node: 'evil', service: 'iri', port: 14265, id: markup };
    await fleet.consul.catalogRegister([{ ...hostile, tags: [`haproxy.weight=${markup}`] }]);
    const { page, complaints } = await openPage(browser, served.url, {
      viewport: { width: 1280, height: 900 },
    });
    await untilSaid(page, /things need a look/);
    await page.locator('.badge.differs:visible').first().waitFor();
    expect(await textOf(page, '.findings')).toContain('held in drain');
    expect(await textOf(page, '.others >> nth=0')).toContain('1 in drain');
    expect(await textOf(page, '#findings')).toContain('<img src=x');
    await page.locator('.findings .why').first().click();
    await page.locator('.sentence').waitFor();
    await judge(page, 'trouble');
    expect(await page.locator('img:not([src="/icon.svg"])').count()).toBe(0);
    expect(await page.locator('main script').count()).toBe(0);
    expect(await page.title()).toContain('iri-lb');
    expect(complaints).toEqual([]);
    await page.close();
    await fleet.consul.catalogDeregister([{ node: 'evil', id: markup }]);
    await first.query(`set server iri_back/${slots[0]} state ready`);
    await fleet.apply();
  });

  it('shows a registration, and what just changed', { timeout: 60_000 }, async () => {
    const { page } = await openPage(browser, served.url, { viewport: { width: 1280, height: 900 } });
    await page.locator('.pool').first().waitFor();
    await fleet.consul.catalogRegister(rowsOf(1, 60));
    // Nobody runs here: who is registered is pending.
    await page.locator('#facts', { hasText: /Pending\s*[1-9]/ }).waitFor();
    await fleet.apply();
    const told = page.locator('#change-list li', { hasText: 'node-60/iri-60' });
    // Told once for both, or, where a look fell between the two, once for each.
    await waitFor(
      async () => {
        const lines = (await told.allInnerTexts()).filter((line) =>
          /is in rotation[\s\S]*iri_back\//.test(line),
        );
        return lines.some((line) => line.includes('on both')) || lines.length === 2;
      },
      { what: 'node-60/iri-60 to be told of on both' },
    );
    await page.close();
  });

  it('shows Consul away, a load balancer down and one that is busy, with their age', {
    timeout: 240_000,
  }, async () => {
    const { page } = await openPage(browser, served.url, { viewport: { width: 1280, height: 900 } });
    await page.locator('.pool').first().waitFor();
    const [first, second] = fleet.balancers;
    if (!first || !second) throw new Error('two load balancers');
    first.child.signal('SIGSTOP');
    await untilSaid(page, 'is busy');
    await page.locator('.notice', { hasText: 'somebody else has its socket' }).waitFor();
    expect(await textOf(page, '.notice')).toMatch(/It is shown as it was at \d\d:\d\d:\d\d, \d+ s ago/);
    const busy = page.locator('.state.busy').first();
    expect(await busy.innerText()).toMatch(/^busy, as of \d\d:\d\d:\d\d, \d+ s ago$/);
    await busy.filter({ hasNotText: await busy.innerText() }).waitFor();
    await judge(page, 'busy');
    first.child.signal('SIGCONT');
    await busy.waitFor({ state: 'detached' });
    await second.child.stop();
    await untilSaid(page, 'is down');
    expect(await page.locator('.balancer.old').count()).toBe(2);
    await judge(page, 'down');
    await fleet.consul.child.stop();
    await untilSaid(page, 'Consul is away');
    expect(await textOf(page, '#notices')).toMatch(/Who is where is told as it was at \d\d:\d\d:\d\d/);
    expect(await page.locator('.big').first().innerText()).toContain('46 serving');
    await judge(page, 'consul-away');
    await page.close();
  });

  it('says that its own server is gone, and how old all is', { timeout: 120_000 }, async () => {
    const { page } = await openPage(browser, served.url, { viewport: { width: 1280, height: 900 } });
    await page.locator('.pool').first().waitFor();
    await served.child.stop();
    await page.locator('.notice', { hasText: 'The connection to this page’s server is lost' }).waitFor();
    expect(await textOf(page, '#fresh')).toMatch(/^Lost · \d+ s old$/);
    await judge(page, 'lost');
    await page.close();
  });
});
