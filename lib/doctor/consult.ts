// The doctor inside a function: loaded only when it is asked for.
import type { Diagnosis } from './finding.js';

/** The event `{ "doctor": true }`. */
export interface DoctorEvent {
  readonly doctor: true;
}

export function asksForDoctor(event: unknown): event is DoctorEvent {
  return typeof event === 'object' && event !== null && 'doctor' in event && event.doctor === true;
}

/** Examines what the function's own environment names, from where the function runs. Never throws. */
export async function consultDoctor(): Promise<Diagnosis> {
  const { diagnose } = await import('./doctor.js');
  return diagnose(process.env);
}
