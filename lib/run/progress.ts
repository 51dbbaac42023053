// How far the run of one load balancer has come; kept over its connections. Pure.
import type { LeftOutProblem, Problem } from '../model/problem.js';
import type { Observed } from '../model/server.js';
import type { Plan } from '../plan/plan.js';
import { type GivenUp, makeGivenUp } from './given-up.js';
import type { Changes } from './made-changes.js';
import type { Waits } from './waits.js';

export interface Progress {
  /** Everything that was begun to be written (in `plan`: that would be), and what became of it. */
  readonly changes: Changes;
  observed: Observed | undefined;
  /** When HAProxy was listed last, by `Clock.monotonicMs`. */
  readAtMs: number;
  plan: Plan | undefined;
  /** What was met beside the plan; fails nothing. */
  readonly problems: Problem[];
  /** The same, and fails the run. */
  readonly failures: Problem[];
  readonly givenUp: GivenUp;
  /** What is left of the time to wait for requests and first checks; undefined: all of it. */
  waits: Waits | undefined;
  /** Backends of which a server could not be written as planned. */
  readonly doubtful: Set<string>;
  /** Backends in which nobody was ready when the run came; undefined: it has not planned yet. */
  empty: ReadonlySet<string> | undefined;
  /** `backend/slot` of servers that this run made ready. */
  readonly started: Set<string>;
  /** By backend and instance: who has no server because requests to its last owner still run there. */
  readonly unplaced: Map<string, LeftOutProblem>;
}

export function makeProgress(): Progress {
  return {
    changes: new Map(),
    observed: undefined,
    readAtMs: 0,
    plan: undefined,
    problems: [],
    failures: [],
    givenUp: makeGivenUp(),
    waits: undefined,
    doubtful: new Set(),
    empty: undefined,
    started: new Set(),
    unplaced: new Map(),
  };
}
