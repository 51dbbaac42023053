// `iri-lb serve` and `iri-lb run` over the wire: who is let in, what is said to whom, and what nobody gets.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import { type Certificate, makeCertificate } from '../../infra/local/stand-in-tls.js';
import { startRun } from '../integration/run-rig.js';
import {
  axe,
  type Fleet,
  openPage,
  PROGRAM,
  rowsOf,
  type Served,
  startBrowser,
  startFleet,
  startServe,
} from './page-rig.js';

let harness: Harness;
let fleet: Fleet;
let certificate: Certificate;
let tokenFile: string;
let served: Served;

beforeAll(async () => {
  harness = await startHarness();
  fleet = await startFleet(harness, { slots: 20 });
  await fleet.consul.catalogRegister(rowsOf(5));
  await fleet.apply();
  certificate = await makeCertificate(harness.dir, 'page');
  tokenFile = join(harness.dir, 'token');
  served = await startServe(harness, fleet.env, ['--token-file', tokenFile, '--host', 'lb.example.org']);
});
afterAll(() => harness?.close());

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** By node:http, since fetch lets nobody choose Host. The answer ends, or its beginning is taken. */
function ask(url: string, options: RequestOptions & { readonly body?: string; readonly ca?: string } = {}) {
  return new Promise<Answered>((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    const asking = request(url, { agent: false, ...options }, (response) => {
      let body = '';
      const end = () => {
        resolve({ status: response.statusCode, headers: response.headers, body });
        response.destroy();
      };
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part;
        if (response.headers['content-type'] === 'text/event-stream' && body.includes('\n\nevent: full'))
          end();
      });
      response.once('end', end);
    });
    asking.once('error', reject).end(options.body);
  });
}

const token = () => readFileSync(tokenFile, 'utf8').trim();
const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });
const form = (text: string, headers: Readonly<Record<string, string>> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: `token=${encodeURIComponent(text)}`,
});

describe('whoever does not know the token', () => {
  it('is told of nothing but that we live, how to sign in, and what that looks like', async () => {
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
    for (const path of ['/app.js', '/events', '/why?x=iri-1', '/metrics', '/health', '/nothing']) {
      const answer = await ask(`${served.url}${path}`);
      expect(answer.status, path).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body).not.toContain('iri_back');
    }
    expect((await ask(`${served.url}/live`)).status).toBe(200);
    const page = await ask(`${served.url}/`);
    expect(page.status).toBe(401);
    expect(page.body).toContain('<form');
    expect(page.body).not.toContain('app.js');
  });

  it('is refused with a wrong one, and with one in the URL', async () => {
    expect((await ask(`${served.url}/metrics`, bearer('wrong'))).status).toBe(401);
    expect((await ask(`${served.url}/metrics?token=${token()}`)).status).toBe(401);
    const wrong = await ask(`${served.url}/sign-in`, form('wrong'));
    expect(wrong.status).toBe(401);
    expect(wrong.headers['set-cookie']).toBeUndefined();
    expect(wrong.body).toContain('That is not the token.');
  });

  it.each([
    ['no form', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }, 400],
    ['more than a form', form('x'.repeat(20_000)), 400],
    ['a GET', {}, 405],
  ])('is refused with %s', async (_what, options, status) => {
    expect((await ask(`${served.url}/sign-in`, options)).status).toBe(status);
  });

  it('cannot have a page of theirs send the form', async () => {
    const foreign = form(token(), { origin: 'https://evil.example' });
    expect((await ask(`${served.url}/sign-in`, foreign)).status).toBe(403);
  });
});

describe('whoever knows it', () => {
  it('sees all as a program, with its bearer', async () => {
    const metrics = await ask(`${served.url}/metrics`, bearer(token()));
    expect(metrics.status).toBe(200);
    expect(metrics.body).toMatch(/^iri_lb_page_browsers \d+$/m);
    expect((await ask(`${served.url}/events`, bearer(token()))).body).toContain('event: full');
  });

  it('sees all as a person, by a cookie that the form sets', async () => {
    const signed = await ask(`${served.url}/sign-in`, form(token(), { origin: served.url }));
    expect(signed.status).toBe(303);
    expect(signed.headers.location).toBe('/');
    const [cookie = ''] = signed.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token());
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    const page = await ask(`${served.url}/`, { headers });
    expect(page.status).toBe(200);
    expect(page.body).toContain('app.js');
    const out = await ask(`${served.url}/sign-out`, {
      method: 'POST',
      headers: { ...headers, origin: served.url },
    });
    expect(out.headers['set-cookie']?.[0]).toContain('Max-Age=0');
  });
});

describe('a request', () => {
  it.each(['evil.example', 'evil.example:8402', '10.1.2.3', '['])(
    'by a Host that nobody told is refused: %j',
    async (host) => {
      const answer = await ask(`${served.url}/live`, { headers: { host } });
      expect([400, 403]).toContain(answer.status);
    },
  );

  it('by one that was told is answered', async () => {
    expect((await ask(`${served.url}/live`, { headers: { host: 'LB.example.org:9' } })).status).toBe(200);
  });

  it('gets a policy that lets in nothing of others and nothing inline', async () => {
    for (const path of ['/', '/app.js', '/app.css', '/why?x=iri-1', '/events']) {
      const { headers } = await ask(`${served.url}${path}`, bearer(token()));
      const policy = String(headers['content-security-policy']);
      expect(policy, path).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/,
      );
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|http|\*|data:/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['referrer-policy']).toBe('same-origin');
    }
    const { body } = await ask(`${served.url}/`, bearer(token()));
    expect(body).not.toMatch(/<script(?![^>]* src="\/app\.js")|<style| on\w+=| style=|https?:\/\//);
  });

  it('for why is answered by the look that is shown: one, none, or which', async () => {
    const stream = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(`${served.url}/events`, { ...bearer(token()), agent: false }, resolve).once('error', reject);
    });
    let text = '';
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await served.child.until(async () => text.includes('node-1/iri-1'), { what: 'a look' });
    const why = async (x: string) => {
      const { status, body } = await ask(`${served.url}/why?x=${encodeURIComponent(x)}`, bearer(token()));
      return { status, body: JSON.parse(body) as Record<string, unknown> };
    };
    expect(await why('iri-1')).toMatchObject({
      status: 200,
      body: { name: 'node-1/iri-1', verdict: { serves: 'everywhere' } },
    });
    expect(await why('iri-99')).toMatchObject({ status: 404, body: { near: expect.any(Array) } });
    expect(await why('<b>'.repeat(1_000))).toMatchObject({ status: 404 });
    stream.destroy();
  });

  it('that never ends is ended', async () => {
    const socket = net.connect(Number(new URL(served.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX: ');
    await closed;
  });
});

describe('TLS', () => {
  it('is spoken where a certificate is named, with a cookie that stays on it', async () => {
    const { certFile, keyFile, cert } = certificate;
    const port = await harness.freePort();
    const args = [
      'serve',
      '--listen',
      `127.0.0.1:${port}`,
      '--token-file',
      tokenFile,
      '--cert',
      certFile,
      '--key',
      keyFile,
    ];
    const child = await harness.spawn('tls', process.execPath, [PROGRAM, ...args], { env: fleet.env });
    const url = `https://127.0.0.1:${port}`;
    await child.until(async () => (await ask(`${url}/live`, { ca: cert })).status === 200, { what: 'TLS' });
    const { headers } = await ask(`${url}/sign-in`, { ...form(token()), ca: cert });
    expect(headers['set-cookie']?.[0]).toMatch(/^__Host-iri-lb=.*; Secure$/);
    await child.stop();
  });
});

describe('the form', () => {
  it('lets people in, in a browser, and has nothing for axe-core to find', { timeout: 60_000 }, async () => {
    const browser = await startBrowser();
    try {
      const { page } = await openPage(browser, served.url);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await axe(page)).toEqual([]);
      }
      await page.getByLabel('Token').fill('wrong');
      await page.getByRole('button', { name: 'Look' }).click();
      await page.getByText('That is not the token.').waitFor();
      expect(await axe(page)).toEqual([]);
      await page.getByLabel('Token').fill(token());
      await page.keyboard.press('Enter');
      await page.locator('.pool').first().waitFor();
      expect(page.url()).toBe(`${served.url}/`);
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.close();
    } finally {
      await browser.close();
    }
  });
});

describe('what cannot be served', () => {
  const refused = async (args: readonly string[], env = fleet.env) => {
    const child = await harness.spawn('refused', process.execPath, [PROGRAM, 'serve', ...args], { env });
    return { how: await child.ended, said: child.output() };
  };

  it('is a port that is taken', async () => {
    const { host } = new URL(served.url);
    const { how, said } = await refused(['--listen', host]);
    expect(how).toBe('exit 1');
    expect(said).toContain(`--listen ${host}: the port is taken`);
  });

  it('is an address beyond this machine, without a token and TLS', async () => {
    const { how, said } = await refused(['--listen', '0.0.0.0:1']);
    expect(how).toBe('exit 64');
    expect(said.trim().split('\n')).toHaveLength(3);
  });

  it('is a token file that others can read', async () => {
    const path = join(harness.dir, 'open-token');
    writeFileSync(path, 'x'.repeat(43), { mode: 0o644 });
    const { how, said } = await refused([
      '--listen',
      `127.0.0.1:${await harness.freePort()}`,
      '--token-file',
      path,
    ]);
    expect(how).toBe('exit 64');
    expect(said).toContain('can be read by others; chmod 600');
    expect(said).not.toContain('xxxx');
  });
});

describe('iri-lb run', () => {
  it('has the page, too, with its runs, their lag, and who may not be at its own port', {
    timeout: 90_000,
  }, async () => {
    const run = await startRun(harness, fleet.env);
    const browser = await startBrowser();
    try {
      const { page, complaints } = await openPage(browser, run.url, {
        viewport: { width: 1280, height: 900 },
      });
      await page.locator('#verdict', { hasText: 'Everybody who should serve does' }).waitFor();
      await page.locator('#facts', { hasText: 'iri-lb run, here' }).waitFor();
      await fleet.consul.catalogRegister(rowsOf(1, 12));
      const line = page.locator('#change-list li', { hasText: 'node-12/iri-12' }).first();
      await line.locator('.lag').waitFor();
      expect(await line.innerText()).toMatch(/is in rotation\s*\d+(\.\d+)? m?s[\s\S]*on both/);
      await page.locator('#plot-text', { hasText: /\d+ runs?; run time .* in the median/ }).waitFor();
      await page.locator('.big', { hasText: '6 serving' }).first().waitFor();
      const port = Number(new URL(run.url).port);
      await fleet.consul.catalogRegister([{ node: 'ourselves', service: 'iri', address: '127.0.0.1', port }]);
      await page.locator('#findings', { hasText: `127.0.0.1:${port}` }).waitFor();
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      await run.child.stop();
    }
  });
});
