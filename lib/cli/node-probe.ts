// Asks an instance once what Consul's own HTTP and TCP checks ask, and finds as they do.
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Finding } from '../iri/node-check/check.js';
import { describeFailure } from '../iri/node-check/failures.js';
import { printHostPort } from '../model/address.js';
import { quote } from '../model/text.js';

/** Longest time for all of it, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** As many as Consul's HTTP client follows. */
const MAX_REDIRECTS = 10;
const UNVERIFIED = 'haproxy.sslverify=0 would not verify it';

/** A GET of the URL; 2xx passes, and so does 429, which is a warning to Consul. Never throws. */
export async function probeHttp(url: URL, verifyTls: boolean): Promise<Finding> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const finding = (ok: boolean, text: string): Finding => ({
    ok,
    // Without a password.
    message: `${url.origin}${url.pathname}${url.search}: ${text}`,
  });
  try {
    let at = url;
    for (let turn = 0; turn <= MAX_REDIRECTS; turn += 1) {
      const { status, location } = await get(at, verifyTls, signal);
      if (status >= 200 && status < 300) return finding(true, `ok, answered ${status}`);
      if (status === 429) return finding(true, `answered ${status}, a warning to Consul`);
      const next = isRedirect(status) && location !== undefined ? nextUrl(location, at) : undefined;
      if (next === undefined) return finding(false, `answered ${status}`);
      at = next;
    }
    return finding(false, `redirected more than ${MAX_REDIRECTS} times`);
  } catch (error) {
    return finding(
      false,
      signal.aborted ? `no answer within ${TIMEOUT_MS} ms` : describeFailure(error, UNVERIFIED),
    );
  }
}

/** Whether somebody takes connections there. Never throws. */
export async function probeTcp(host: string, port: number): Promise<Finding> {
  const finding = (ok: boolean, text: string): Finding => ({
    ok,
    message: `${printHostPort(host, port)}: ${text}`,
  });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const end = (result: Finding): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(finding(true, 'ok, takes connections')));
    socket.on('error', (error) =>
      end(finding(false, signal.aborted ? `no connection within ${TIMEOUT_MS} ms` : describeFailure(error))),
    );
  });
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

async function get(url: URL, verifyTls: boolean, signal: AbortSignal): Promise<Answer> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const headers = { 'User-Agent': 'iri-lb node check', Accept: 'text/plain, text/*, */*' };
  const options = { signal, headers, agent: false, rejectUnauthorized: verifyTls };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (reply: IncomingMessage) => {
      resolve({ status: reply.statusCode ?? 0, location: reply.headers.location });
      // The status says it all.
      sent.destroy();
    });
    sent.on('error', reject);
    sent.end();
  });
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** Throws where the redirect leads to no HTTP URL. */
function nextUrl(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (next && /^https?:$/.test(next.protocol)) return next;
  throw new Error(`redirected to ${quote(location)}`);
}
