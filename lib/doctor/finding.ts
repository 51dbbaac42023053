// What the doctor says: findings as data, each with what to do about it. Pure.
import type { Failure } from '../model/errors.js';
import { levelOf, nextStepOf, type Problem, textOf } from '../model/problem.js';

/** `fleet`: what the load balancers have, as opposed to how they are set up. */
export type Area = 'configuration' | 'token' | 'consul' | 'catalog' | 'haproxy' | 'fleet';
export type Level = 'ok' | 'warning' | 'error';

/** One thing that was looked at. */
export interface Finding {
  readonly area: Area;
  /** What was looked at: an address, a parameter, a service, a backend, an instance. */
  readonly subject: string;
  /** `error`: runs fail or serve wrongly; `warning`: they work, until something else goes wrong. */
  readonly level: Level;
  readonly finding: string;
  /** What to do about it, in one line; null where all is well. */
  readonly todo: string | null;
}

/** What `iri-lb doctor --json` prints and the functions return for `{ "doctor": true }`. */
export interface Diagnosis {
  readonly version: 1;
  readonly findings: readonly Finding[];
}

export function ok(area: Area, subject: string, finding: string): Finding {
  return { area, subject, level: 'ok', finding, todo: null };
}

export function warning(area: Area, subject: string, finding: string, todo: string): Finding {
  return { area, subject, level: 'warning', finding, todo };
}

export function error(area: Area, subject: string, finding: string, todo: string): Finding {
  return { area, subject, level: 'error', finding, todo };
}

/** An error that was thrown, without its subject, which the finding has. */
export function errorFrom(area: Area, subject: string, { detail, nextStep }: Failure): Finding {
  return error(area, subject, detail, nextStep === '' ? 'correct it, and run the doctor again' : nextStep);
}

/** What a run would report, as a finding. */
export function problemFinding(area: Area, subject: string, problem: Problem): Finding {
  const finding = levelOf(problem) === 'error' ? error : warning;
  return finding(area, subject, textOf(problem), nextStepOf(problem));
}

/** The level of the worst of them. */
export function worstOf({ findings }: Diagnosis): Level {
  const has = (wanted: Level): boolean => findings.some(({ level }) => level === wanted);
  return has('error') ? 'error' : has('warning') ? 'warning' : 'ok';
}
