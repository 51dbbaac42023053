// Speaks to SSM with the AWS SDK, and says in our words what went wrong. Loaded on demand, by ssm.ts.
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { messageOf, NextStepError } from '../model/errors.js';

/** Reads the value of the parameter `name`. Throws an Error that says what is wrong. */
export type ReadParameter = (name: string, signal: AbortSignal) => Promise<string>;

/** `variable` is the one that names the parameter, for messages. */
export function makeSsmClient(variable: string): ReadParameter {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const client = new SSMClient(region === undefined ? {} : { region });
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
