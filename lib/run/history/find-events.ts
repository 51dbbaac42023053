// Finds what happened from one run or look to the next: remembers what was, and compares. Pure.
import type { Happening, HistoryEvent } from '../../model/history.js';
import { type Known, nothingKnown, recall } from './known.js';
import { eventsOfLook, type LookFacts } from './look-events.js';
import { type AboutChanges, eventsOfRun, failingEvents, kept, type RunFacts } from './run-events.js';

export type { LookFacts } from './look-events.js';

/** Which program keeps the history, and what it reads. */
export interface Who {
  /** Version and commit. */
  readonly build: string;
  /** The fingerprint of the configuration. */
  readonly configuration: string;
}

export interface Finder {
  /** An event that was kept before this process began. */
  recall(event: HistoryEvent): void;
  ofReport(report: RunFacts, about: AboutChanges, atMs: number): Happening[];
  /** A run that ended without a report. */
  ofFailure(error: string, atMs: number): Happening[];
  ofLook(look: LookFacts): Happening[];
  /** What is another than before. */
  ofIdentity(who: Who): Happening[];
}

export function makeFinder(): Finder {
  const known: Known = nothingKnown();
  return {
    recall: (event) => recall(known, event),
    ofReport: (report, about, atMs) => eventsOfRun(known, report, about, atMs),
    ofFailure: (error, atMs) => failingEvents(known, [error], {}, atMs),
    ofLook: (look) => eventsOfLook(known, look),
    ofIdentity: (who) => [
      ...otherThan('version-changed', known, 'build', who),
      ...otherThan('configuration-changed', known, 'configuration', who),
    ],
  };
}

function otherThan(
  kind: 'version-changed' | 'configuration-changed',
  known: Known,
  field: keyof Who,
  who: Who,
): Happening[] {
  const before = known[field];
  const after = kept(who[field]);
  known[field] = after;
  return before === undefined || before === after ? [] : [{ kind, before, after }];
}
