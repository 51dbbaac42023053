// What `iri-lb changes` reads of, whatever that is. Types only.
import type { HistoryEvent, Page } from '../model/history.js';

export interface OpenSource {
  /** As its first line calls it. */
  readonly name: string;
  readonly page: Page;
  /** Lines that were no events. */
  readonly skipped?: number;
  /** What it never knows of, in a clause. */
  readonly limits?: string;
  /** What happens from then on, as it comes; ends when `signal` is aborted. */
  more(signal: AbortSignal): AsyncIterable<readonly HistoryEvent[]>;
  close(): Promise<void>;
}

export interface SourceOptions {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it is looked for when nobody says where. */
  readonly places?: { readonly run: string; readonly file: string };
  /** How often it is asked for more, in milliseconds. */
  readonly pollMs?: number;
}
