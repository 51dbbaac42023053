// What both functions do: settings once, a run within the time left, the report as result, failure thrown.
import { readSettings } from './config/environment.js';
import { failuresOf, type Report } from './report.js';
import { makeRunner, type Runner, type RunOptions } from './run.js';

/** The part of Lambda's context that is used. */
export interface HandlerContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  getRemainingTimeInMillis(): number;
}

/** Kept back from the time Lambda leaves, to report in, in milliseconds. */
const REPORTING_MS = 1_000;

/** A run in which something failed: its message names every failure. The report was logged before. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  constructor(readonly report: Report) {
    super(failuresOf(report).join('; '));
  }
}

let runner: Runner | undefined;

/** The runner of this warm environment. Throws ConfigError with every problem of the environment. */
export function warmRunner(): Runner {
  runner ??= makeRunner(readSettings(process.env), (message) =>
    console.warn(JSON.stringify({ level: 'WARN', message })),
  );
  return runner;
}

/** Applies within the time that Lambda leaves. Throws RunFailed after every load balancer was served. */
export async function applyWithin(
  context: HandlerContext,
  options: Pick<RunOptions, 'atLeast' | 'through'> = {},
): Promise<Report> {
  const budgetMs = Math.max(1, context.getRemainingTimeInMillis() - REPORTING_MS);
  const report = await warmRunner().run({ mode: 'apply', budgetMs, ...options });
  if (failuresOf(report).length > 0) throw new RunFailed(report);
  return report;
}
