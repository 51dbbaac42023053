// The doctor with an end: what is not examined in time is one finding.
import { systemClock } from '../run/system-clock.js';
import { diagnose } from './doctor.js';
import { type Diagnosis, error } from './finding.js';

const LATE = error(
  'configuration',
  "the function's time",
  'was over before everything was examined',
  'raise its timeout, or run iri-lb doctor on a workstation',
);

/** Examines what the environment of this process names, for at most `budgetMs` milliseconds. */
export async function diagnoseWithin(budgetMs: number): Promise<Diagnosis> {
  const isOver = new Error('late');
  return systemClock
    .within(budgetMs, diagnose(process.env, { budgetMs }), () => isOver)
    .catch((problem: unknown): Diagnosis => {
      if (problem !== isOver) throw problem;
      return { version: 1, findings: [LATE] };
    });
}
