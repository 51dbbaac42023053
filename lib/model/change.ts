// What is done to one server of one backend, and why. Types only.
import type { ServerSettings } from './server.js';

export type Action = 'add' | 'update' | 'enable' | 'disable' | 'remove';

export interface Change {
  readonly backend: string;
  readonly slot: string;
  /** `node/service-id` of the instance served, the first by that order; null where nobody is. */
  readonly instance: string | null;
  readonly action: Action;
  readonly before: ServerSettings;
  readonly after: ServerSettings;
  readonly reason: string;
}

/**
 * What became of a change: `planned` where nothing was written, `done`, `failed` where HAProxy refused some of
 * it, `skipped` where it was not asked for it.
 */
export type ChangeResult = 'planned' | 'done' | 'failed' | 'skipped';

/** A change as a run left it, in its last round. */
export interface MadeChange extends Change {
  readonly result: ChangeResult;
  /** HAProxy's words where it failed, the reason where it was skipped. */
  readonly error?: string;
}
