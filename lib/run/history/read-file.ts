// Reads a history's files as one, the oldest first, and then what is added, across rotation.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { codeOf } from '../../model/errors.js';
import type { HistoryEvent, Page } from '../../model/history.js';
import { quote } from '../../model/text.js';
import { isHistory } from './line.js';
import { filesOf, HistoryFileError } from './open-file.js';
import { type PageReader, pageReader } from './page.js';

const CHUNK_BYTES = 1_048_576;
/** No line of ours is as long; what is goes on to be none, in characters. */
const MAX_LINE = 1_048_576;

export interface FileReader {
  readonly page: Page;
  /** Lines that were no events: cut off, or of another program. */
  readonly skipped: number;
  /** What was added since. */
  next(): Promise<HistoryEvent[]>;
  close(): Promise<void>;
}

/**
 * Reads everything from `sinceMs` (milliseconds since the epoch) on. Undefined where there is no such file. Throws
 * HistoryFileError for what is no history, and what the file system does where it cannot be read.
 */
export async function readHistoryFile(path: string, sinceMs: number): Promise<FileReader | undefined> {
  const [newest, ...older] = await openAll(path);
  const reader = pageReader(sinceMs);
  const events: HistoryEvent[] = [];
  try {
    for (const file of older.reverse()) events.push(...(await file.read(reader)), ...file.end(reader));
    if (!newest) return undefined;
    events.push(...(await newest.read(reader)));
  } catch (error) {
    await newest?.close();
    throw error;
  } finally {
    for (const file of older) await file.close();
  }
  const page = { cover: reader.cover(), events };
  return { page, skipped: reader.skipped(), ...follow(path, newest, reader) };
}

/** The file that is at `path`, whichever that is by now. */
function follow(path: string, newest: LineFile, reader: PageReader): Pick<FileReader, 'next' | 'close'> {
  let current = newest;
  return {
    async next() {
      const events = await current.read(reader);
      const moved = await openNext(path, current.inode);
      if (!moved) return events;
      // What was written between the last read and the move.
      events.push(...(await current.read(reader)), ...current.end(reader));
      await current.close();
      current = moved;
      return [...events, ...(await current.read(reader))];
    },
    close: () => current.close(),
  };
}

/** All of them that are there, the newest first; each once, also where they are moved meanwhile. */
async function openAll(path: string): Promise<[LineFile | undefined, ...LineFile[]]> {
  const files: (LineFile | undefined)[] = [];
  try {
    for (const name of filesOf(path)) {
      const file = await openOne(name);
      if (file && files.some((other) => other?.inode === file.inode)) await file.close();
      else files.push(file);
    }
  } catch (error) {
    for (const file of files) await file?.close();
    throw error;
  }
  const [newest, ...older] = files;
  return [newest, ...older.filter((file) => file !== undefined)];
}

async function openNext(path: string, inode: number): Promise<LineFile | undefined> {
  const there = await lstat(path).catch(() => undefined);
  return there === undefined || there.ino === inode ? undefined : openOne(path);
}

async function openOne(path: string): Promise<LineFile | undefined> {
  let handle: FileHandle;
  try {
    // A pipe would keep whoever opens it waiting.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') throw refused(path, 'is a link');
    throw error;
  }
  const stat = await handle.stat();
  const file = new LineFile(handle, stat.ino);
  if (stat.isFile() && isHistory(await file.beginning())) return file;
  await file.close();
  throw refused(path, stat.isFile() ? 'is no history' : 'is no file');
}

const refused = (path: string, what: string): HistoryFileError =>
  new HistoryFileError(`history ${quote(path)}`, what, 'name another file');

/** A file that grows, line by line. */
class LineFile {
  #at = 0;
  #rest = '';
  #decoder = new StringDecoder('utf8');

  constructor(
    readonly handle: FileHandle,
    readonly inode: number,
  ) {}

  async beginning(): Promise<string> {
    const buffer = Buffer.alloc(65_536);
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  }

  /** The events of the whole lines that are there now and were not read before. */
  async read(reader: PageReader): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    const buffer = Buffer.alloc(CHUNK_BYTES);
    // Cut short in place by whoever rotates it otherwise: it begins anew.
    if ((await this.handle.stat()).size < this.#at) this.#at = 0;
    for (;;) {
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.#at);
      if (bytesRead === 0) return events;
      this.#at += bytesRead;
      const lines = `${this.#rest}${this.#decoder.write(buffer.subarray(0, bytesRead))}`.split('\n');
      this.#rest = lines.pop()?.slice(0, MAX_LINE) ?? '';
      for (const line of lines) {
        const event = reader.add(line);
        if (event) events.push(event);
      }
    }
  }

  /** Nothing more is written here: a last line without an end is one that was cut off. */
  end(reader: PageReader): HistoryEvent[] {
    const event = reader.add(this.#rest);
    this.#rest = '';
    return event ? [event] : [];
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
