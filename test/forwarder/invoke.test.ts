// What goes over the wire to Lambda: the request, its signature, and what is made of the answer.
import { createHash, createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepCredentials } from '../../lib/forwarder/credentials.js';
import { makeInvoke } from '../../lib/forwarder/invoke.js';
import { type Received, type Recorder, startRecorder } from './recorder.js';

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const event = { service: 'iri', index: '18446744073709551615' };

let recorder: Recorder;
beforeEach(async () => {
  recorder = await startRecorder();
});
afterEach(() => recorder.close());

function setUp(functionName = 'iri-lb-watch', given: object = {}, timeoutMs = 5_000) {
  let fetched = 0;
  const source = keepCredentials(async () => {
    fetched += 1;
    return { ...credentials, ...given };
  }, Date.now);
  const options = {
    functionName,
    region: 'eu-west-1',
    endpoint: recorder.url,
    credentials: source,
    timeoutMs,
  };
  return { invoke: makeInvoke(options), fetched: () => fetched };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Signature version 4 as AWS documents it, from the request as it came in; nothing shared with the signer. */
function expectedSignature({ method, path, headers, body }: Received, canonicalPath: string): string {
  expect(path.includes('?')).toBe(false);
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const canonicalHeaders = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, canonicalPath, '', canonicalHeaders.join(''), signed, sha256(body)].join('\n');
  const date = String(headers['x-amz-date']);
  const scope = `${date.slice(0, 8)}/eu-west-1/lambda/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  let key: string | Buffer = `AWS4${credentials.secretAccessKey}`;
  for (const part of scope.split('/')) key = hmac(key, part);
  return hmac(key, toSign).toString('hex');
}

const signatureOf = ({ headers }: Received): string | undefined =>
  /Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')?.[1];

function only(): Received {
  const [request] = recorder.received;
  if (!request || recorder.received.length !== 1) throw new Error(`${recorder.received.length} requests`);
  return request;
}

describe('an invocation', () => {
  test('is asynchronous, and sends service and index only', async () => {
    await setUp().invoke({ ...event, surplus: 'x' } as typeof event);
    const { method, path, headers, body } = only();
    expect(`${method} ${path}`).toBe('POST /2015-03-31/functions/iri-lb-watch/invocations');
    expect(headers['x-amz-invocation-type']).toBe('Event');
    expect(body).toBe('{"service":"iri","index":"18446744073709551615"}');
  });

  test('is signed as AWS documents it, over host, type and body', async () => {
    await setUp().invoke(event);
    const request = only();
    expect(signatureOf(request)).toBe(expectedSignature(request, request.path));
    expect(request.headers.authorization).toContain(
      'host;x-amz-content-sha256;x-amz-date;x-amz-invocation-type',
    );
    expect(request.headers.host).toBe(new URL(recorder.url).host);
  });

  test('is signed for an ARN too, whose colons are escaped twice in the canonical path', async () => {
    await setUp('arn:aws:lambda:eu-west-1:123456789012:function:iri-lb-watch:live').invoke(event);
    const request = only();
    expect(request.path).toContain('/arn%3Aaws%3Alambda%3Aeu-west-1');
    expect(signatureOf(request)).toBe(expectedSignature(request, request.path.replaceAll('%', '%25')));
  });

  test("carries a role's session token, signed", async () => {
    await setUp('iri-lb-watch', { sessionToken: 'session' }).invoke(event);
    const request = only();
    expect(request.headers['x-amz-security-token']).toBe('session');
    expect(request.headers.authorization).toContain('x-amz-security-token');
    expect(signatureOf(request)).toBe(expectedSignature(request, request.path));
  });
});

describe('an invocation that is not taken', () => {
  test.each([
    [404, 'Function not found: iri-lb-watch', 'check --function and AWS_REGION'],
    [403, 'not authorized to perform: lambda:InvokeFunction', 'allow the role lambda:InvokeFunction on it'],
    [429, 'Rate Exceeded.', 'it is tried again'],
    [500, 'down', 'it is tried again'],
    [302, 'elsewhere', 'it is tried again'],
    [200, '<html>It works!</html>', 'Lambda answers 202 to an event; is AWS_ENDPOINT_URL_LAMBDA right?'],
    [204, '', 'Lambda answers 202 to an event; is AWS_ENDPOINT_URL_LAMBDA right?'],
  ])('status %i is an error with function, endpoint, answer and next step', async (status, body, step) => {
    recorder.answer({ status, body });
    await expect(setUp().invoke(event)).rejects.toThrow(
      `lambda iri-lb-watch at ${recorder.url}: ${status} "${body}"; ${step}`,
    );
  });

  test('an endpoint that is down is an error that names it', async () => {
    const { invoke } = setUp();
    await recorder.close();
    await expect(invoke(event)).rejects.toThrow(
      /^lambda iri-lb-watch at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
  });

  test('an endpoint that does not answer is given up', async () => {
    recorder.answer('hang');
    await expect(setUp('iri-lb-watch', {}, 50).invoke(event)).rejects.toThrow(
      /no answer within 50 ms; is the/,
    );
  });

  test('credentials that cannot be had are an error that says so', async () => {
    const source = keepCredentials(() => Promise.reject(new Error('no role')), Date.now);
    const endpoint = recorder.url;
    const invoke = makeInvoke({
      functionName: 'f',
      region: 'r',
      endpoint,
      credentials: source,
      timeoutMs: 1000,
    });
    await expect(invoke(event)).rejects.toThrow(/no AWS credentials \(no role\); give the instance a role/);
  });
});

describe('credentials', () => {
  test('are kept, and fetched again after AWS called them expired', async () => {
    const { invoke, fetched } = setUp();
    await invoke(event);
    await invoke(event);
    expect(fetched()).toBe(1);
    recorder.answer({ status: 403, body: '{"__type":"ExpiredTokenException"}' });
    await expect(invoke(event)).rejects.toThrow('ExpiredToken');
    recorder.answer({ status: 202 });
    await invoke(event);
    expect(fetched()).toBe(2);
  });

  test('are renewed five minutes before they end', async () => {
    let now = 0;
    let fetched = 0;
    const source = keepCredentials(
      async () => {
        fetched += 1;
        return { ...credentials, expiration: new Date(now + 3_600_000) };
      },
      () => now,
    );
    for (const at of [0, 3_299_999, 3_300_001]) {
      now = at;
      await source.get();
    }
    expect(fetched).toBe(2);
  });
});
