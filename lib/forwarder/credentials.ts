// Credentials for signing: the environment's, the container's role, or the instance's role.
import {
  ENV_CMDS_FULL_URI,
  ENV_CMDS_RELATIVE_URI,
  fromContainerMetadata,
  fromInstanceMetadata,
} from '@smithy/credential-provider-imds';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Roles hand out new credentials five minutes before the old ones end (EC2 user guide, IAM roles). */
const RENEW_BEFORE_MS = 5 * 60_000;

export interface CredentialSource {
  get(): Promise<Credentials>;
  /** AWS refused them: ask again next time. */
  forget(): void;
}

/** Keeps what `provider` gave until shortly before it expires. `now`: milliseconds since the epoch. */
export function keepCredentials(provider: () => Promise<Credentials>, now: () => number): CredentialSource {
  let kept: Credentials | undefined;
  return {
    async get() {
      const ends = kept?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      if (kept === undefined || now() > ends - RENEW_BEFORE_MS) kept = await provider();
      return kept;
    },
    forget() {
      kept = undefined;
    },
  };
}

/** The first source that the environment points to; the instance's metadata service where it points to none. */
export function credentialProvider(
  env: Readonly<Record<string, string | undefined>>,
): () => Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey) {
    const sessionToken = env.AWS_SESSION_TOKEN;
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) });
  }
  if (env[ENV_CMDS_RELATIVE_URI] || env[ENV_CMDS_FULL_URI]) return fromContainerMetadata({ maxRetries: 1 });
  return fromInstanceMetadata({ maxRetries: 1 });
}
