// The doctor inside a function: loaded only when it is asked for.
import { systemClock } from '../run/system-clock.js';
import { type Diagnosis, error } from './finding.js';

/** The event `{ "doctor": true }`. */
export interface DoctorEvent {
  readonly doctor: true;
}

export function asksForDoctor(event: unknown): event is DoctorEvent {
  return typeof event === 'object' && event !== null && 'doctor' in event && event.doctor === true;
}

/** Kept back from the time Lambda leaves, to answer in, in milliseconds. */
const ANSWER_MS = 1_000;

/** Examines what the function's own environment names, from where the function runs, within its time. */
export async function consultDoctor(context: { getRemainingTimeInMillis(): number }): Promise<Diagnosis> {
  const { diagnose } = await import('./doctor.js');
  const budgetMs = Math.max(1, context.getRemainingTimeInMillis() - ANSWER_MS);
  const late = error(
    'configuration',
    "the function's time",
    'was over before everything was examined',
    'raise its timeout, or run iri-lb doctor on a workstation',
  );
  const isOver = new Error('late');
  return systemClock
    .within(budgetMs, diagnose(process.env, { budgetMs }), () => isOver)
    .catch((problem: unknown): Diagnosis => {
      if (problem !== isOver) throw problem;
      return { version: 1, findings: [late] };
    });
}
