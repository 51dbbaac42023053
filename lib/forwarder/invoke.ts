// Invokes the watch function asynchronously: Lambda's Invoke API over HTTP, signed with SigV4.
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { messageOf } from '../model/errors.js';
import { quote } from '../model/text.js';
import type { WatchEvent } from '../model/watch-event.js';
import type { CredentialSource } from './credentials.js';
import { noAnswer } from './no-answer.js';

export interface InvokeOptions {
  readonly functionName: string;
  readonly region: string;
  /** Base URL of the Lambda API. */
  readonly endpoint: string;
  readonly credentials: CredentialSource;
  /** Longest time one invocation may take to be accepted, in milliseconds. */
  readonly timeoutMs: number;
}

/** Hands one event to the function; resolves when that has taken it. Throws InvokeError. */
export type Invoke = (event: WatchEvent) => Promise<void>;

/** Lambda, or the target in its place, did not take the event. The message names it, its answer and the next step. */
export class InvokeError extends Error {
  override readonly name = 'InvokeError';
}

/** What Lambda answers to an asynchronous invocation that it has queued (API reference, Invoke); nothing else is. */
const ACCEPTED = 202;

/** Credentials are at fault, and new ones may be had. */
const REFUSED = /ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientTokenId/;

export function makeInvoke(options: InvokeOptions): Invoke {
  const { functionName, region, endpoint, credentials, timeoutMs } = options;
  const base = new URL(endpoint);
  const path = `${base.pathname.replace(/\/$/, '')}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
  const signer = new SignatureV4({
    service: 'lambda',
    region,
    sha256: Sha256,
    credentials: () => credentials.get(),
  });
  const fail = (what: string, step: string): InvokeError =>
    new InvokeError(`lambda ${functionName} at ${base.origin}: ${what}; ${step}`);

  return async ({ service, index }) => {
    const body = JSON.stringify({ service, index });
    const request = {
      method: 'POST',
      protocol: base.protocol,
      hostname: base.hostname,
      path,
      headers: { host: base.host, 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' },
      body,
    };
    const { headers } = await signer.sign(request).catch((error: unknown) => {
      throw fail(`no AWS credentials (${messageOf(error)})`, 'give the instance a role that may invoke it');
    });
    let answer: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      // fetch sends the Host header of the URL, which is the one that was signed.
      const { host: _, ...sent } = headers;
      answer = await fetch(new URL(path, base), {
        method: 'POST',
        headers: sent,
        body,
        signal,
        redirect: 'manual',
      });
      text = await answer.text();
    } catch (error) {
      throw fail(noAnswer(error, timeoutMs), 'is the endpoint reachable?');
    }
    if (answer.status === ACCEPTED) return;
    if (REFUSED.test(`${answer.headers.get('x-amzn-errortype')} ${text}`)) credentials.forget();
    throw fail(`${answer.status} ${quote(text.trim(), 200)}`, nextStep(answer.status));
  };
}

function nextStep(status: number): string {
  if (status === 404) return 'check --function and AWS_REGION';
  if (status === 403) return 'allow the role lambda:InvokeFunction on it';
  if (status >= 200 && status < 300)
    return 'Lambda answers 202 to an event; is AWS_ENDPOINT_URL_LAMBDA right?';
  return 'it is tried again';
}
