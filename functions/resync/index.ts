// The scheduled function: a full run, no shortcuts.
import { asksForDoctor, consultDoctor, type DoctorEvent } from '../../lib/doctor/consult.js';
import type { Diagnosis } from '../../lib/doctor/finding.js';
import type { Report } from '../../lib/model/report.js';
import { type HandlerContext, invocation } from '../../lib/run/handler.js';

/**
 * Makes every load balancer what Consul says and returns the report; throws when anything failed.
 * `{ "doctor": true }` changes nothing and returns what is set up wrongly.
 */
export function handler(event: DoctorEvent, context: HandlerContext): Promise<Diagnosis>;
export function handler(event: unknown, context: HandlerContext): Promise<Report>;
export async function handler(event: unknown, context: HandlerContext): Promise<Report | Diagnosis> {
  if (asksForDoctor(event)) return consultDoctor(context);
  return invocation(context, (_runner, apply) => apply());
}
