// The function behind the Consul watch: an event says look, never what.
import { applyWithin, type HandlerContext } from '../../lib/handler.js';
import type { Report } from '../../lib/report.js';

/** Makes every load balancer what Consul says and returns the report; throws when anything failed. */
export async function handler(_event: unknown, context: HandlerContext): Promise<Report> {
  return applyWithin(context);
}
