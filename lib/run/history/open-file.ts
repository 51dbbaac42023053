// Opens the file of a history: only one that is a history, and no link; reads back what is at its end.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { codeOf, NextStepError } from '../../model/errors.js';
import type { HistoryEvent } from '../../model/history.js';
import { quote } from '../../model/text.js';
import { eventOf, isHistory } from './line.js';

/** Files that were put aside, of which so many are kept. */
export const KEPT_FILES = 3;
const MODE = 0o640;
/** How much of the end is read when it is opened: ten thousand events, in bytes. */
const READ_BACK_BYTES = 5_242_880;
/** Long enough for any line of ours, in bytes. */
const FIRST_BYTES = 65_536;

/** The file cannot be a history: how the program is used has to be another. */
export class HistoryFileError extends NextStepError {
  override readonly name = 'HistoryFileError';
}

export interface Opened {
  readonly fd: number;
  readonly inode: number;
  bytes: number;
}

/** An event as it was kept before. */
export interface PastEvent {
  readonly event: HistoryEvent;
  readonly line: string;
}

/** The names of a history's files, the newest first. */
export const filesOf = (path: string): string[] => [
  path,
  ...Array.from({ length: KEPT_FILES }, (_, at) => `${path}.${at + 1}`),
];

/** Without following a link, made with our mode where it is not there; a last line that was cut off is closed. */
export function openFile(path: string): Opened {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, MODE);
  try {
    const { ino, size } = fstatSync(fd);
    // Whatever the umask took away.
    if (isNew) fchmodSync(fd, MODE);
    if (!isHistory(textAt(fd, 0, FIRST_BYTES)))
      throw new HistoryFileError(`history ${quote(path)}`, 'is no history', 'name another file');
    const isCutOff = size > 0 && textAt(fd, size - 1, 1) !== '\n';
    if (isCutOff) writeSync(fd, '\n');
    return { fd, inode: ino, bytes: size + (isCutOff ? 1 : 0) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Throws HistoryFileError where there is something that is no plain file. */
export function refuseOthers(path: string): void {
  const there = explained(path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (there === undefined || (there.isFile() && there.nlink === 1)) return;
  const what = there.isSymbolicLink() || there.isFile() ? 'is a link' : 'is no file';
  throw new HistoryFileError(`history ${quote(path)}`, what, 'name the file itself, or another one');
}

/** What the file system says when there can be no such file. */
export function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HistoryFileError) throw error;
    const next = 'make its folder, and let this user write there, or name another file';
    const refused = new HistoryFileError(
      `history ${quote(path)}`,
      `cannot be opened (${codeOf(error)})`,
      next,
    );
    throw Object.assign(refused, { cause: error });
  }
}

function textAt(fd: number, at: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  return buffer.toString('utf8', 0, readSync(fd, buffer, 0, bytes, at));
}

/** The events at its end, of the file before it too where it was just begun. */
export function readBack(path: string, { fd, bytes }: Opened): PastEvent[] {
  const own = Math.min(bytes, READ_BACK_BYTES);
  const earlier = own < READ_BACK_BYTES ? tailOf(`${path}.1`, READ_BACK_BYTES - own) : '';
  const text = `${earlier}${whole(textAt(fd, bytes - own, own), own < bytes)}`;
  return text.split('\n').flatMap((line) => {
    const event = eventOf(line);
    return event ? [{ event, line }] : [];
  });
}

function tailOf(path: string, most: number): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = fstatSync(fd);
      const bytes = Math.min(size, most);
      return whole(textAt(fd, size - bytes, bytes), bytes < size);
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** Without its first line, which is not all there where it was cut. */
const whole = (text: string, isCut: boolean): string => (isCut ? text.slice(text.indexOf('\n') + 1) : text);
