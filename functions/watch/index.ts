// The function behind the Consul watch: an event says look, never what.
import { asksForDoctor, consultDoctor, type DoctorEvent } from '../../lib/doctor/consult.js';
import type { Diagnosis } from '../../lib/doctor/finding.js';
import { failuresOf, type Report } from '../../lib/model/report.js';
import { parseWatchEvent } from '../../lib/model/watch-event.js';
import { makeCoverage } from '../../lib/run/coverage.js';
import { type HandlerContext, invocation } from '../../lib/run/handler.js';

const coverage = makeCoverage();

/**
 * Makes every load balancer what Consul says, at the event's index or later, and returns the report;
 * throws when anything failed. An event that a clean run of this warm environment has dealt with is
 * answered as covered, and HAProxy is not asked. One that names nothing is a run without shortcut.
 * `{ "doctor": true }` changes nothing and returns what is set up wrongly.
 */
export function handler(input: DoctorEvent, context: HandlerContext): Promise<Diagnosis>;
export function handler(input: unknown, context: HandlerContext): Promise<Report>;
export async function handler(input: unknown, context: HandlerContext): Promise<Report | Diagnosis> {
  if (asksForDoctor(input)) return consultDoctor(context);
  return invocation(context, async (runner, apply) => {
    const event = parseWatchEvent(input);
    if (event && coverage.mayCover(event)) {
      const { catalog } = await runner.source.read([event.service]);
      const [listing] = catalog.services;
      if (listing && coverage.covers(event, listing)) return coveredReport(listing.version);
    }
    const covered = coverage.begin(runner.source);
    const atLeast = event && { service: event.service, version: event.index };
    const report = await apply({ ...(atLeast ? { atLeast } : {}), source: covered.source });
    covered.finished(failuresOf(report).length === 0);
    return report;
  });
}

function coveredReport(index: string): Report {
  const consul = { index, instances: 0, warnings: [] };
  return { version: 1, covered: true, consul, problems: [], loadBalancers: [], durationMs: 0 };
}
