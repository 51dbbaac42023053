// A token for `Authorization: Bearer`: read from the file that holds it, and compared. Reads files it is pointed to.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { codeOf } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { quote } from '../model/text.js';

/** `refused` names the file and says what is wrong with it, and nothing of what is in it. */
export type BearerToken = { readonly token: string } | { readonly refused: string };

/** The file's one line. */
export function readBearerToken(file: string): BearerToken {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    return { refused: `${quote(file)} cannot be read (${codeOf(error)}); name a file that holds the token` };
  }
  // What an Authorization header can carry (RFC 6750, section 2.1); long enough not to be guessed.
  if (/^[A-Za-z0-9._~+/=-]{16,512}$/.test(text)) return { token: text };
  return {
    refused: `${quote(file)} holds no token: one line of 16 to 512 of A-Z a-z 0-9 . _ ~ + / = -`,
  };
}

/** Whether an `Authorization` header has the token; in the same time whatever is wrong with it. */
export function isBearer(authorization: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
}

/**
 * The headers that let us in at a URL of an `iri-lb run`: the token of IRI_LB_TOKEN_FILE, where that is set. It goes
 * over TLS, or nowhere beyond this machine. A file that cannot be used gives none, and whoever is asked says 401.
 */
export function bearerHeaders(
  url: URL,
  { IRI_LB_TOKEN_FILE: file }: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (!file || (url.protocol !== 'https:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, '')))) return {};
  const read = readBearerToken(file);
  return 'token' in read ? { authorization: `Bearer ${read.token}` } : {};
}
