// The kinds of text and time that may reach a HAProxy configuration, each by a tight pattern. Pure.
import * as v from 'valibot';
import { bindAddress, filePath, matching, source, whole } from '../model/fields.js';

export { bindAddress, source };

/** A time, in seconds, that HAProxy counts in 31 bits of milliseconds. */
export const seconds = (standard: number, min = 1) => v.optional(whole(min, 2_000_000), standard);

/** HAProxy binds `<path>.<pid>.tmp` first; all of it must fit the 108 bytes of a socket address. */
export const socketPath = matching(
  /^\/[A-Za-z0-9_.@+/-]{1,89}$/,
  'use an absolute path of at most 90 A-Z a-z 0-9 _ . @ + / -',
);
/** The CA certificates: a file, or those that the system trusts. */
export const caFile = v.union(
  [v.literal('@system-ca'), filePath],
  'use an absolute path, or @system-ca for those the system trusts',
);
export const fileMode = matching(/^0?[0-7]{3}$/, 'use an octal mode, such as 660');
export const account = matching(/^[a-z_][a-z0-9_-]{0,31}$/, 'use a name of a-z 0-9 _ -');
export const userName = matching(/^[A-Za-z0-9_.@-]{1,64}$/, 'use 1 to 64 of A-Z a-z 0-9 _ . @ -');
export const realm = matching(/^[A-Za-z0-9_.-]{1,64}$/, 'use 1 to 64 of A-Z a-z 0-9 _ . -');
export const peerName = matching(/^[A-Za-z0-9_.-]{1,64}$/, 'use 1 to 64 of A-Z a-z 0-9 _ . -');
export const hostName = matching(
  /^(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/,
  'use a host name',
);
export const urlPath = matching(/^\/[A-Za-z0-9_.~/-]{0,127}$/, 'use a path of A-Z a-z 0-9 _ . ~ / -');
export const mediaType = matching(
  /^[a-z]+\/[a-z0-9.+-]{1,64}$/,
  'use a media type, such as application/json',
);
/** A log target: a socket's path, `stdout`, `stderr`, or `address:port` (UDP). */
export const logTarget = v.union(
  [v.picklist(['stdout', 'stderr']), filePath, bindAddress],
  'use a socket path, "stdout", "stderr" or "address:port"',
);
/** A hash as `mkpasswd -m sha-256` prints it. HAProxy computes it for each request: keep the rounds few. */
export const passwordHash = matching(
  /^\$(5\$(rounds=\d{4,6}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}|6\$(rounds=\d{4,6}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86})$/,
  'use a SHA-256 or SHA-512 crypt hash ("mkpasswd -m sha-256"), not the password itself',
);
