// The token file: made with 256 bits where it is missing, and read only where it is its owner's alone.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenFile } from '../../lib/serve/token-file.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iri-lb-token-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
};

describe('a token file', () => {
  it('that is missing is made, with 256 bits, for its owner alone, whatever the umask', () => {
    const path = join(folder, 'new');
    const before = process.umask(0);
    try {
      const made = openTokenFile(path);
      expect(made.isNew).toBe(true);
      expect(Buffer.from(made.token, 'base64url')).toHaveLength(32);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(path, 'utf8')).toBe(`${made.token}\n`);
      expect(openTokenFile(path)).toEqual({ token: made.token, isNew: false });
    } finally {
      process.umask(before);
    }
  });

  it('is another one each time', () => {
    expect(openTokenFile(join(folder, 'a')).token).not.toBe(openTokenFile(join(folder, 'b')).token);
  });

  const good = 'x'.repeat(43);
  const folderAt = (path: string): string => {
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  const linkTo = (target: string, name: string): string => {
    symlinkSync(target, join(folder, name));
    return join(folder, name);
  };
  it.each([
    ['can be read by others', () => write('open', good, 0o640), 'chmod 600'],
    ['holds no token', () => write('empty', '\n'), 'remove it'],
    ['holds no token', () => write('short', 'secret'), 'remove it'],
    ['holds no token', () => write('lines', `${good}\n${good}`), 'remove it'],
    ['holds no token', () => write('long', 'x'.repeat(5_000)), 'remove it'],
    ['is no file', () => folderAt(join(folder, 'dir')), 'name another'],
    ['is a link', () => linkTo(write('target', good), 'link'), 'a file of this user'],
    ['is a link', () => linkTo(join(folder, 'nowhere'), 'dangling'), 'a file of this user'],
    ['cannot be made (ENOENT)', () => join(folder, 'no', 'such', 'folder'), 'name a file in a folder'],
  ])('that %s is refused, with what to do, and without what is in it', (what, make, next) => {
    const path = make();
    expect(() => openTokenFile(path)).toThrow(what);
    expect(() => openTokenFile(path)).toThrow(next);
    expect(() => openTokenFile(path)).not.toThrow(good);
  });
});
