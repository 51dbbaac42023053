// A user for tests: the password and its hash. The rounds are few, since HAProxy computes it per request.

export const PASSWORD = 'correct horse';
export const PASSWORD_HASH = '$5$rounds=1000$irilbtest$mHyFJ0u3yAdFp.0AQJqZCfDQSZzTBNDo5k5ri8mduL0';

/** The header that a client with a password sends. */
export function basicAuth(name: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}
