// The scheduled function: a full run, no shortcuts.
import { type HandlerContext, invocation } from '../../lib/handler.js';
import type { Report } from '../../lib/report.js';

/** Makes every load balancer what Consul says and returns the report; throws when anything failed. */
export async function handler(_event: unknown, context: HandlerContext): Promise<Report> {
  return invocation(context, (_runner, apply) => apply());
}
