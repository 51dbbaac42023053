// The token that whoever looks has to know: read from a file of its owner's, or made there.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { codeOf } from '../model/errors.js';
import { isToken, quote } from '../model/text.js';

/** 256 bits. */
const BYTES = 32;
/** A shorter one could be guessed; in characters. */
const SHORTEST = 22;
const LONGEST = 4_096;

export interface TokenFile {
  readonly token: string;
  /** It was not there before. */
  readonly isNew: boolean;
}

/** Throws an Error that names the file and the next step; the token itself is in none. */
export function openTokenFile(path: string): TokenFile {
  return makeToken(path) ?? { token: readToken(path), isNew: false };
}

/** Undefined: there is something at the path already, also a link. */
function makeToken(path: string): TokenFile | undefined {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  let file: number;
  try {
    file = openSync(path, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw refused(
      path,
      `cannot be made (${codeOf(error)})`,
      'name a file in a folder that this user may write to',
    );
  }
  try {
    // Whatever the umask makes of it.
    fchmodSync(file, 0o600);
    const token = randomBytes(BYTES).toString('base64url');
    writeSync(file, `${token}\n`);
    fsyncSync(file);
    return { token, isNew: true };
  } finally {
    closeSync(file);
  }
}

function readToken(path: string): string {
  let file: number;
  try {
    // A pipe would be waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const what = codeOf(error) === 'ELOOP' ? 'is a link' : `cannot be read (${codeOf(error)})`;
    throw refused(path, what, 'name a file of this user');
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw refused(path, 'is no file', 'name another');
    if ((stat.mode & 0o077) !== 0) throw refused(path, 'can be read by others', `chmod 600 ${path}`);
    const bytes = Buffer.alloc(LONGEST + 1);
    const token = bytes.toString('utf8', 0, readSync(file, bytes)).trim();
    if (!isToken(token) || token.length < SHORTEST || token.length > LONGEST)
      throw refused(path, 'holds no token', `remove it, and one of ${BYTES * 8} bits is made`);
    return token;
  } finally {
    closeSync(file);
  }
}

const refused = (path: string, what: string, next: string): Error =>
  new Error(`--token-file ${quote(path)} ${what}; ${next}`);
