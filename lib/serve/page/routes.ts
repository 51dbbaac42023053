// The page's paths: the page itself and its two files, its stream, `why`, and the form that takes the token.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../access.js';
import { json, type Reply, type Route, TAKEN } from '../http.js';
import type { PageFiles } from './assets.js';
import type { PageServer } from './page.js';

/** Nothing inline, nothing of others, in nobody's frame; text is never read as markup. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  // With none at all the form's own Origin would be `null`.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'x-frame-options': 'DENY',
};

/** Of a form, in bytes. */
const LONGEST_FORM = 8_192;

export interface PageRouteDeps {
  readonly files: PageFiles;
  readonly access: Access;
  /** Undefined until there is one. */
  readonly page: () => PageServer | undefined;
}

export function pageRoutes({ files, access, page }: PageRouteDeps): Readonly<Record<string, Route>> {
  const file = (type: string, body: string, status = 200): Reply => ({
    status,
    type: `${type}; charset=utf-8`,
    body,
    headers: HEADERS,
  });
  const signIn = (isWrong: boolean): Reply => {
    const note = isWrong ? 'That is not the token. ' : '';
    return file('text/html', files.signIn.replace('<!--note-->', note), 401);
  };
  const html = { answer: () => file('text/html', files.html), refused: () => signIn(false) };
  return {
    '/': html,
    '/app.js': () => file('text/javascript', files.js),
    '/app.css': { open: true, answer: () => file('text/css', files.css) },
    '/icon.svg': { open: true, answer: () => file('image/svg+xml', files.icon) },
    '/events': (_url, request, response) => stream(page(), request, response),
    '/why': (url) => {
      const now = page();
      if (!now) return json(503, { text: 'starting' });
      const { status, body } = now.why(url.searchParams.get('x') ?? '');
      return { ...json(status, body), headers: HEADERS };
    },
    '/sign-in': {
      method: 'POST',
      open: true,
      answer: async (_url, request) => {
        const token = await tokenIn(request);
        if (token === undefined) return json(400, { error: 'send the form of /' });
        if (access.needsToken && !access.isToken(token)) return signIn(true);
        return redirect(access.cookie(request.headers));
      },
    },
    '/sign-out': {
      method: 'POST',
      open: true,
      answer: (_url, request) => redirect(access.noCookie(request.headers)),
    },
  };
}

const redirect = (cookie: string): Reply => ({
  status: 303,
  type: 'text/plain; charset=utf-8',
  body: '',
  headers: { ...HEADERS, location: '/', 'set-cookie': cookie },
});

function stream(page: PageServer | undefined, request: IncomingMessage, response: ServerResponse) {
  if (!page) return json(503, { error: 'starting' });
  if (request.method === 'HEAD') return json(405, { error: 'use GET' });
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  page.open(response);
  return TAKEN;
}

/** Of `token=…`, as forms send it; undefined for anything else. */
async function tokenIn(request: IncomingMessage): Promise<string | undefined> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return undefined;
  let text = '';
  for await (const part of request) {
    text += String(part);
    if (text.length > LONGEST_FORM) return undefined;
  }
  return new URLSearchParams(text).get('token')?.trim() ?? undefined;
}
