// Who may see what is served: the hosts that it was told, no pages of others, and who knows the token.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../model/loopback.js';

export interface AccessOptions {
  /** Names and addresses, lower case, without a port, by which it may be asked; loopback's are always among them. */
  readonly hosts: readonly string[];
  /** Whoever asks has to know it; undefined: nobody has to. */
  readonly token?: string;
  /** We speak TLS ourselves. */
  readonly tls: boolean;
  /** Somebody in front of us does, and says so (`X-Forwarded-Proto`). */
  readonly behindProxy: boolean;
}

/** Why somebody is turned away. */
export type Refusal = 'foreign-host' | 'foreign-page' | 'no-token' | 'wrong-token';

export interface Access {
  /** Whether it may be asked by that name, and by that page; undefined: it may. */
  refusesAsker(headers: IncomingHttpHeaders): Refusal | undefined;
  /** Whether the token is missing or wrong; undefined: it is right, or none is needed. */
  refusesToken(headers: IncomingHttpHeaders): Refusal | undefined;
  isToken(text: string): boolean;
  /** `Set-Cookie` for whoever showed the token; it is made of the token, and does not tell it. */
  cookie(headers: IncomingHttpHeaders): string;
  /** `Set-Cookie` that takes it away. */
  noCookie(headers: IncomingHttpHeaders): string;
  readonly needsToken: boolean;
}

/** For so long a browser keeps the cookie, in seconds. */
const COOKIE_SECONDS = 30 * 24 * 3600;

export function makeAccess({ hosts, token, tls, behindProxy }: AccessOptions): Access {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  const secret =
    token === undefined ? undefined : createHmac('sha256', token).update(PURPOSE).digest('base64url');
  const isSecure = (headers: IncomingHttpHeaders): boolean =>
    tls || (behindProxy && first(headers['x-forwarded-proto']) === 'https');
  /** A name that browsers keep to this host and to TLS, where there is any (RFC 6265bis, 4.1.3.2). */
  const nameOf = (secure: boolean): string => (secure ? '__Host-iri-lb' : 'iri-lb');
  const cookieOf = (headers: IncomingHttpHeaders, value: string, seconds: number): string => {
    const secure = isSecure(headers);
    const flags = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
    return `${nameOf(secure)}=${value}; ${flags}`;
  };

  return {
    needsToken: token !== undefined,
    refusesAsker(headers) {
      const host = hostOf(headers.host);
      if (host === undefined || !(isLoopback(host) || allowed.has(host))) return 'foreign-host';
      const { origin } = headers;
      if (origin !== undefined && !isOwn(origin, headers.host)) return 'foreign-page';
      const site = headers['sec-fetch-site'];
      const isFollowed = headers['sec-fetch-mode'] === 'navigate';
      if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isFollowed)
        return 'foreign-page';
      return undefined;
    },
    refusesToken(headers) {
      if (token === undefined || secret === undefined) return undefined;
      const [, bearer] = /^Bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? '') ?? [];
      if (bearer !== undefined) return isSame(bearer, token) ? undefined : 'wrong-token';
      const shown = cookiesIn(headers.cookie, nameOf(isSecure(headers)));
      if (shown.some((value) => isSame(value, secret))) return undefined;
      return headers.authorization === undefined ? 'no-token' : 'wrong-token';
    },
    isToken: (text) => token !== undefined && isSame(text, token),
    cookie: (headers) => cookieOf(headers, secret ?? '', COOKIE_SECONDS),
    noCookie: (headers) => cookieOf(headers, '', 0),
  };
}

const PURPOSE = 'iri-lb page cookie';

/** Whether they are the same, in a time that says nothing about either. */
function isSame(a: string, b: string): boolean {
  const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hashOf(a), hashOf(b));
}

/** Lower case, without port and brackets; undefined for what is no host. */
function hostOf(header: string | undefined): string | undefined {
  if (header === undefined || !/^[\w.:[\]-]{1,255}$/.test(header)) return undefined;
  const url = `http://${header}`;
  if (!URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/** The page that asks is one of ours: same name and port. What a proxy in front speaks is not known here. */
function isOwn(origin: string, host: string | undefined): boolean {
  return (
    URL.canParse(origin) &&
    /^https?:$/.test(new URL(origin).protocol) &&
    new URL(origin).host === host?.toLowerCase()
  );
}

const first = (value: string | readonly string[] | undefined): string | undefined =>
  (typeof value === 'string' ? value : value?.[0])?.split(',')[0]?.trim();

function cookiesIn(header: string | undefined, wanted: string): string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [name = '', ...value] = pair.trim().split('=');
    return name === wanted ? [value.join('=')] : [];
  });
}
