// Reads one SecureString from SSM with the AWS SDK, which is loaded only when it is needed (630 kB).
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { DeadlineClock } from '../model/clock.js';
import { messageOf, NextStepError } from '../model/errors.js';
import { showMs } from '../model/text.js';

/** Reads the value of the parameter `name`. Throws an Error that says what is wrong. */
export type ReadParameter = (name: string, signal: AbortSignal) => Promise<string>;

/**
 * Reads a parameter, for at most `timeoutMs` milliseconds; then it throws, too. A race as well as a
 * signal: looking for credentials does not listen to one.
 */
export async function readWithin(
  clock: Pick<DeadlineClock, 'within'>,
  read: ReadParameter,
  name: string,
  timeoutMs: number,
): Promise<string> {
  const abort = new AbortController();
  const late = (): Error =>
    new NextStepError(
      '',
      `no answer within ${showMs(timeoutMs)}`,
      'is the SSM endpoint reachable from here?',
    );
  try {
    return await clock.within(timeoutMs, read(name, abort.signal), late);
  } finally {
    abort.abort();
  }
}

/**
 * Returns what reads the decrypted value of a parameter. Region, credentials and endpoint
 * (`AWS_ENDPOINT_URL_SSM`) come from the environment. It throws an Error whose message says what is
 * wrong and what to do about it; `variable` is the one that names the parameter.
 */
export function ssmParameters(variable = 'its name'): ReadParameter {
  let client: SSMClient | undefined;
  return async (name, signal) => {
    const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
    const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
    client ??= new SSMClient(region === undefined ? {} : { region });
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
  const said = messageOf(error).replace(/\s+/g, ' ').slice(0, 200);
  return new NextStepError('', `cannot be read (${name}: ${said})`, '');
}
