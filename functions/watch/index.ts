// The function behind the Consul watch: an event says look, never what.
import { applyWithin, type HandlerContext, warmRunner } from '../../lib/handler.js';
import type { Report } from '../../lib/report.js';
import { makeCoverage } from '../../lib/watch-cover.js';
import { parseWatchEvent } from '../../lib/watch-event.js';

const coverage = makeCoverage();

/**
 * Makes every load balancer what Consul says, at the event's index or later, and returns the report;
 * throws when anything failed. An event that a clean run of this warm environment has dealt with is
 * answered as covered, and HAProxy is not asked.
 */
export async function handler(input: unknown, context: HandlerContext): Promise<Report> {
  const event = parseWatchEvent(input);
  if (coverage.mayCover(event)) {
    const read = await warmRunner().catalog.readService(event.service);
    if (coverage.covers(event, read)) return coveredReport(read.index);
  }
  let finished = (_clean: boolean): void => {};
  const report = await applyWithin(context, {
    atLeast: event,
    through: (catalog) => {
      const run = coverage.begin(catalog);
      finished = run.finished;
      return run.catalog;
    },
  });
  finished(true);
  return report;
}

function coveredReport(index: string): Report {
  return {
    version: 1,
    covered: true,
    consul: { index, instances: 0, warnings: [] },
    loadBalancers: [],
    durationMs: 0,
  };
}
