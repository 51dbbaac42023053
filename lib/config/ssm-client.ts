// Speaks to SSM with the AWS SDK, and says in our words what went wrong. Loaded on demand, by ssm.ts.
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { messageOf, NextStepError } from '../model/errors.js';
import { plainText } from '../model/text.js';

/** Reads the value of the parameter `name`. Throws an Error that says what is wrong. */
export type ReadParameter = (name: string, signal: AbortSignal) => Promise<string>;

/** Longest answer, in bytes; a parameter holds at most 8 kB (SSM, advanced parameters). */
const MAX_ANSWER_BYTES = 262_144;

/** `variable` is the one that names the parameter, for messages; `lookup` resolves the endpoint's name. */
export function makeSsmClient(variable: string, lookup?: LookupFunction): ReadParameter {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const client = new SSMClient({
    ...(region === undefined ? {} : { region }),
    ...(lookup === undefined ? {} : { requestHandler: handlerWith(lookup) }),
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { body?: unknown };
      if (response.body instanceof Readable) response.body = Readable.from(bounded(response.body));
      return result;
    },
    // Right beside the connection, before anybody reads what it gives.
    { step: 'deserialize', priority: 'low', name: 'boundAnswers' },
  );
  return async (name, signal) => {
    try {
      const command = new GetParameterCommand({ Name: name, WithDecryption: true });
      const { Parameter: parameter } = await client.send(command, { abortSignal: signal });
      if (parameter?.Value === undefined) throw new Error('SSM answered without a value');
      return parameter.Value;
    } catch (error) {
      throw explain(error, variable);
    }
  };
}

const handlerWith = (lookup: LookupFunction) => ({
  httpAgent: new http.Agent({ lookup }),
  httpsAgent: new https.Agent({ lookup }),
});

/** The SDK collects an answer until it ends; this one ends by itself. */
async function* bounded(body: Readable): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    yield chunk;
  }
}

/** SSM's errors by name (API reference, GetParameter, and the KMS errors it passes on): what, and the next step. */
const EXPLAINED: readonly (readonly [RegExp, string, string])[] = [
  [/^ParameterNotFound$|^ParameterVersionNotFound$/, 'not found', 'check VARIABLE, AWS_REGION'],
  [/^AccessDenied/, 'access denied', 'allow ssm:GetParameter on it, and kms:Decrypt on its key'],
  [
    /^InvalidKeyId$|^KMS|^Kms/,
    'cannot be decrypted',
    'allow kms:Decrypt on its key, and check that it is enabled',
  ],
  [/^CredentialsProviderError$/, 'no AWS credentials', 'give the function or instance a role'],
  [/^ExpiredToken|^UnrecognizedClient|^InvalidSignature/, 'AWS refuses our credentials', 'check the role'],
];

function explain(error: unknown, variable: string): NextStepError {
  const name = error instanceof Error ? error.name : '';
  const known = EXPLAINED.find(([pattern]) => pattern.test(name));
  if (known) return new NextStepError('', known[1], `${known[2].replace('VARIABLE', variable)} (${name})`);
  const said = plainText(messageOf(error).replace(/\s+/g, ' '));
  return new NextStepError('', `cannot be read (${plainText(name)}: ${said})`, '');
}
