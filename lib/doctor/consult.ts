// The doctor inside a function: loaded only when it is asked for.
import type { Diagnosis } from './finding.js';

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
  const { diagnoseWithin } = await import('./deadline.js');
  return diagnoseWithin(Math.max(1, context.getRemainingTimeInMillis() - ANSWER_MS));
}
