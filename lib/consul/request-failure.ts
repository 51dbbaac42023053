// Why a request to Consul failed: status, words and whether to try again, without what was sent. Pure.
import { quote, showMs } from '../model/text.js';
import { connectionWords } from '../model/tls-words.js';

/** One request failed. Holds Consul's status and words, and nothing of the request: that has the token. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  constructor(
    message: string,
    /** HTTP status, where there was an answer. */
    readonly status: number | undefined,
    /** A second try may succeed: connection errors, and the statuses that pass. */
    readonly transient: boolean,
    /** Certificates or the protocol of TLS are at fault. */
    readonly isTls = false,
  ) {
    super(message);
  }
}

/**
 * Consul's own: no leader (500), rate limit of the client (429) or of the server (503); and those of a proxy
 * in front of it that did not get an answer (502, 504).
 */
const TRANSIENT = new Set([429, 500, 502, 503, 504]);

/** Node's and OpenSSL's codes (Node documentation, "X509 certificate error codes"). */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$)/;

/** Reads an error of the `consul` package, whose `inspect` prints the token, for what people may see. */
export function toFailure(error: unknown, secrets: Secrets, timeoutMs: number): RequestFailure {
  const { isTimeout, code } = fieldsOf(error);
  if (isTimeout) return new RequestFailure(`no answer within ${showMs(timeoutMs)}`, undefined, true);
  const text = connectionWords(error).replace(/^consul: /, '') || String(code ?? 'no connection');
  return new RequestFailure(hide(text, secrets), undefined, true, TLS_CODE.test(String(code ?? '')));
}

/** An answer that is not the one that was asked for: `403 "Permission denied"`. */
export function toRefusal(
  { status, body }: { readonly status: number; readonly body: Buffer },
  secrets: Secrets,
): RequestFailure {
  const words = hide(body.subarray(0, SHOWN_BYTES).toString(), secrets).trim();
  const text = words === '' ? String(status) : `${status} ${quote(words, 200)}`;
  return new RequestFailure(text, status, TRANSIENT.has(status));
}

/** A proxy that echoes its request would put the token into our error. */
function hide(text: string, secrets: Secrets): string {
  return secrets.reduce<string>(
    (shown, secret) => (secret ? shown.replaceAll(secret, '(token)') : shown),
    text,
  );
}

/** What must not be shown. */
export type Secrets = readonly (string | undefined)[];

/** The token, and user and password for a proxy, in both of their forms. */
export const secretsOf = (token: string | undefined, auth: string | undefined): Secrets =>
  auth === undefined ? [token] : [token, auth, basicAuth(auth)];

/** `user:password` as a header has it. */
export const basicAuth = (auth: string): string => Buffer.from(auth).toString('base64');

/** Of a refusal's body: so much is looked at, of which 200 characters are shown. */
const SHOWN_BYTES = 4_096;

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
