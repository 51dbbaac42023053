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
