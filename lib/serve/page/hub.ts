// Everybody who has the page open: what is said is made once for all, and who reads slowly is told the last state.
import type { ServerResponse } from 'node:http';

export interface Hub {
  /** Takes the answer over until its reader goes. */
  add(response: ServerResponse): void;
  readonly count: number;
  /** To all who keep up. */
  send(event: string, data: unknown): void;
  /** Everything anew, to all. */
  sendFull(): void;
  close(): void;
}

export interface HubDeps {
  /** The whole state, as a new reader gets it. */
  readonly full: () => unknown;
  /** Told when the first has come, and when the last has gone. */
  readonly onCount: (count: number) => void;
  /** A reader who has not taken in anything for so long is gone, in milliseconds. */
  readonly patienceMs?: number;
}

/** What may wait for one reader, in bytes, before nothing more is added to it. */
const MOST_WAITING = 262_144;
const PATIENCE_MS = 60_000;

interface Reader {
  readonly response: ServerResponse;
  /** Was left out of something: gets everything once it reads on. */
  behind: boolean;
  timer: NodeJS.Timeout | undefined;
}

export function makeHub({ full, onCount, patienceMs = PATIENCE_MS }: HubDeps): Hub {
  const readers = new Set<Reader>();
  /** Of the state as it is; made when somebody asks for it. */
  let whole: Buffer | undefined;

  const wholeState = (): Buffer => {
    whole ??= encode('full', full());
    return whole;
  };
  const write = (reader: Reader, bytes: Buffer): void => {
    if (reader.behind) return;
    if (reader.response.writableLength > MOST_WAITING) {
      reader.behind = true;
      reader.timer = setTimeout(() => reader.response.destroy(), patienceMs);
      return;
    }
    reader.response.write(bytes);
  };

  return {
    add(response) {
      const reader: Reader = { response, behind: false, timer: undefined };
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      response.on('drain', () => {
        if (!reader.behind) return;
        clearTimeout(reader.timer);
        reader.behind = false;
        write(reader, wholeState());
      });
      response.on('error', () => response.destroy());
      response.on('close', () => {
        clearTimeout(reader.timer);
        if (readers.delete(reader)) onCount(readers.size);
      });
      readers.add(reader);
      // How long the browser waits before it comes back.
      response.write('retry: 1000\n\n');
      onCount(readers.size);
      write(reader, wholeState());
    },
    get count() {
      return readers.size;
    },
    send(event, data) {
      whole = undefined;
      if (readers.size === 0) return;
      const bytes = encode(event, data);
      for (const reader of readers) write(reader, bytes);
    },
    sendFull() {
      whole = undefined;
      if (readers.size === 0) return;
      const bytes = wholeState();
      for (const reader of readers) write(reader, bytes);
    },
    close() {
      for (const { response } of readers) response.destroy();
    },
  };
}

/** JSON has no line ends of its own. */
const encode = (event: string, data: unknown): Buffer =>
  Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
