// Who may see the page: hosts, pages of others, tokens and cookies.
import { describe, expect, it } from 'vitest';
import { makeAccess } from '../../lib/serve/access.js';

const TOKEN = 'q3t6w9z$C&F)J@NcRfUjXn2r5u8x!A%D';
const local = makeAccess({ hosts: [], tls: false, behindProxy: false });
const told = makeAccess({
  hosts: ['lb.example.org', '10.0.0.5'],
  token: TOKEN,
  tls: true,
  behindProxy: false,
});

describe('Host', () => {
  it.each(['localhost', 'localhost:8402', '127.0.0.1:8402', '127.9.9.9', '[::1]:8402'])(
    'may be %s, which is this machine',
    (host) => {
      expect(local.refusesAsker({ host })).toBeUndefined();
      expect(told.refusesAsker({ host })).toBeUndefined();
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.5',
    '[::1',
    'localhost:8402/x',
    'user@localhost',
    '',
  ])('is refused where it is %j', (host) => {
    expect(local.refusesAsker({ host })).toBe('foreign-host');
  });

  it('is refused where there is none', () => {
    expect(local.refusesAsker({})).toBe('foreign-host');
  });

  it('may be what was told, whatever its case and port, and nothing near it', () => {
    expect(told.refusesAsker({ host: 'LB.example.org:8402' })).toBeUndefined();
    expect(told.refusesAsker({ host: '10.0.0.5' })).toBeUndefined();
    expect(told.refusesAsker({ host: 'x.lb.example.org' })).toBe('foreign-host');
    expect(told.refusesAsker({ host: '10.0.0.50' })).toBe('foreign-host');
  });
});

describe('pages of others', () => {
  const host = '127.0.0.1:8402';

  it.each(['http://evil.example', 'http://127.0.0.1:9999', 'http://localhost:8402', 'null', ''])(
    'are refused: %j',
    (origin) => {
      expect(local.refusesAsker({ host, origin })).toBe('foreign-page');
    },
  );

  it('are told from our own', () => {
    expect(local.refusesAsker({ host, origin: 'http://127.0.0.1:8402' })).toBeUndefined();
    expect(local.refusesAsker({ host, 'sec-fetch-site': 'same-origin' })).toBeUndefined();
  });

  it('may link here, and embed or fetch nothing', () => {
    const cross = { host, 'sec-fetch-site': 'cross-site' };
    expect(local.refusesAsker({ ...cross, 'sec-fetch-mode': 'navigate' })).toBeUndefined();
    expect(local.refusesAsker({ ...cross, 'sec-fetch-mode': 'no-cors' })).toBe('foreign-page');
    expect(local.refusesAsker({ host, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' })).toBe(
      'foreign-page',
    );
  });
});

describe('the token', () => {
  it('is not asked for where there is none', () => {
    expect(local.refusesToken({})).toBeUndefined();
    expect(local.isToken('')).toBe(false);
  });

  it('is taken of programs as a bearer, and of nobody in another way', () => {
    expect(told.refusesToken({ authorization: `Bearer ${TOKEN}` })).toBeUndefined();
    expect(told.refusesToken({ authorization: `bearer ${TOKEN}` })).toBeUndefined();
    expect(told.refusesToken({})).toBe('no-token');
    for (const authorization of [`Bearer ${TOKEN}x`, 'Bearer x', 'Bearer', `Basic ${TOKEN}`, TOKEN])
      expect(told.refusesToken({ authorization })).toBe('wrong-token');
  });

  it('makes a cookie that does not tell it, that no script reads, and that no other site sends', () => {
    const cookie = told.cookie({});
    expect(cookie).toMatch(
      /^__Host-iri-lb=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect(cookie).not.toContain(TOKEN);
    const [pair = ''] = cookie.split(';');
    expect(told.refusesToken({ cookie: `a=b; ${pair}` })).toBeUndefined();
    expect(told.refusesToken({ cookie: `${pair}x` })).toBe('no-token');
    expect(told.refusesToken({ cookie: `__Host-iri-lb=${TOKEN}` })).toBe('no-token');
    expect(told.refusesToken({ cookie: pair.replace('__Host-', '') })).toBe('no-token');
    const other = makeAccess({ hosts: [], token: `${TOKEN}2`, tls: true, behindProxy: false });
    expect(other.refusesToken({ cookie: pair })).toBe('no-token');
  });

  it('is marked secure where a proxy says that it speaks TLS, and only where one is in front', () => {
    const headers = { 'x-forwarded-proto': 'https' };
    const behind = makeAccess({ hosts: [], token: TOKEN, tls: false, behindProxy: true });
    expect(behind.cookie(headers)).toContain('; Secure');
    expect(behind.cookie({})).not.toContain('Secure');
    const alone = makeAccess({ hosts: [], token: TOKEN, tls: false, behindProxy: false });
    expect(alone.cookie(headers)).not.toContain('Secure');
  });

  it('is taken away with its cookie', () => {
    expect(told.noCookie({})).toMatch(/^__Host-iri-lb=; .*Max-Age=0/);
  });
});
