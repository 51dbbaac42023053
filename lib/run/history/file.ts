// The history in a file: one writer, whole lines, rotated; a disk that is full ends it and not the runs.
import { closeSync, ftruncateSync, lstatSync, renameSync, writeSync } from 'node:fs';
import { codeOf } from '../../model/errors.js';
import { HISTORY_VERSION, type HistoryEvent } from '../../model/history.js';
import { quote } from '../../model/text.js';
import { type FileLock, takeLock } from './file-lock.js';
import { lineOf } from './line.js';
import {
  explained,
  filesOf,
  HistoryFileError,
  type Opened,
  openFile,
  type PastEvent,
  readBack,
  refuseOthers,
} from './open-file.js';

/** A file is put aside before it grows beyond this, in bytes. */
const MAX_BYTES = 16_777_216;
const RENEW_MS = 60_000;
/** What passes, and says nothing about how the program is used. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

export interface HistoryFileOptions {
  readonly warn: (message: string) => void;
  readonly nowMs: () => number;
  readonly maxBytes?: number;
  /** As `fs.writeSync`. */
  readonly write?: (fd: number, data: Buffer, offset: number) => number;
}

export interface HistoryFile {
  /** What was at its end when it was opened, the oldest first. */
  readonly past: readonly PastEvent[];
  append(event: HistoryEvent): void;
  close(): void;
}

/**
 * Opens or makes it. Undefined, and a warning, where somebody else is writing it. Throws HistoryFileError where
 * there is something else at its path, or nothing can be.
 */
export function openHistoryFile(path: string, options: HistoryFileOptions): HistoryFile | undefined {
  const writer = new Writer(path, options);
  return writer.isOver ? undefined : writer;
}

class Writer implements HistoryFile {
  readonly past: readonly PastEvent[] = [];
  isOver = false;
  #lock: FileLock | undefined;
  #opened: Opened | undefined;
  #renewedMs: number;
  /** Since when nothing could be written, and why. */
  #lost: { readonly from: string; readonly reason: string } | undefined;

  constructor(
    readonly path: string,
    readonly options: HistoryFileOptions,
  ) {
    this.#renewedMs = options.nowMs();
    try {
      explained(path, () => this.#hold());
      if (this.#lock)
        this.past = readBack(
          path,
          explained(path, () => this.#current()),
        );
    } catch (error) {
      const code = error instanceof HistoryFileError ? codeOf(error.cause) : '';
      if (!FULL.includes(code)) {
        this.close();
        throw error;
      }
      this.#lose(new Date(options.nowMs()).toISOString(), code);
    }
  }

  append(event: HistoryEvent): void {
    if (this.isOver) return;
    try {
      this.#hold();
      if (this.isOver) return;
      const gap = this.#lost && gapOf(this.#lost, event.at);
      const text = [...(gap ? [gap] : []), event].map((one) => `${lineOf(one)}\n`).join('');
      this.#write(this.#rotated(Buffer.byteLength(text)), text);
      if (gap) this.#warn('is written again; the gap is marked');
      this.#lost = undefined;
    } catch (error) {
      this.#lose(event.at, error instanceof HistoryFileError ? error.detail : codeOf(error));
    }
  }

  close(): void {
    if (this.#opened) closeSync(this.#opened.fd);
    this.#opened = undefined;
    this.#lock?.release();
    this.#lock = undefined;
    this.isOver = true;
  }

  #warn(what: string): void {
    this.options.warn(`history ${quote(this.path)} ${what}`);
  }

  #lose(from: string, reason: string): void {
    if (!this.#lost) this.#warn(`cannot be written (${reason}): it has a gap from now on; runs go on`);
    this.#lost ??= { from, reason };
  }

  /** Takes the lock, and looks once a minute whether it is still ours; else it is over. */
  #hold(): void {
    const now = this.options.nowMs();
    if (!this.#lock) {
      refuseOthers(this.path);
      const taken = takeLock(`${this.path}.lock`, now);
      if ('heldBy' in taken) this.#end(`is written by ${taken.heldBy}; what happens here is not in it`);
      else this.#lock = taken;
    } else if (now - this.#renewedMs >= RENEW_MS && !this.#lock.renew(now))
      this.#end('is written by another process now; nothing more goes there from this one');
    if (now - this.#renewedMs >= RENEW_MS) this.#renewedMs = now;
  }

  #end(what: string): void {
    this.#warn(what);
    this.close();
  }

  /** The file as it is at its path now: somebody may have moved it away. */
  #current(): Opened {
    const there = lstatSync(this.path, { throwIfNoEntry: false });
    if (this.#opened && there?.ino === this.#opened.inode) return this.#opened;
    if (this.#opened) closeSync(this.#opened.fd);
    this.#opened = undefined;
    refuseOthers(this.path);
    this.#opened = openFile(this.path);
    return this.#opened;
  }

  #rotated(bytes: number): Opened {
    const { maxBytes = MAX_BYTES } = this.options;
    const file = this.#current();
    if (file.bytes === 0 || file.bytes + bytes <= maxBytes) return file;
    const names = filesOf(this.path);
    for (let at = names.length - 1; at > 0; at -= 1) move(names[at - 1] ?? '', names[at] ?? '');
    return this.#current();
  }

  /** Back to whole lines; where even that fails it is opened again, which closes a line that was cut off. */
  #cutOff(file: Opened): void {
    try {
      ftruncateSync(file.fd, file.bytes);
    } catch {
      closeSync(file.fd);
      this.#opened = undefined;
    }
  }

  /** Whole, or not at all. */
  #write(file: Opened, text: string): void {
    const { write = writeSync } = this.options;
    const data = Buffer.from(text);
    try {
      for (let done = 0; done < data.length; ) done += write(file.fd, data, done);
    } catch (error) {
      this.#cutOff(file);
      throw error;
    }
    file.bytes += data.length;
  }
}

const gapOf = (
  { from, reason }: { readonly from: string; readonly reason: string },
  at: string,
): HistoryEvent => ({
  version: HISTORY_VERSION,
  at,
  kind: 'gap',
  from,
  reason: `it could not be written: ${reason}`,
});

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
