// What both functions do: settings once, a run within the time left, the report told and returned.
import { readSettings, type Settings } from '../config/environment.js';
import { fingerprintOf } from '../config/fingerprint.js';
import { withParameters } from '../config/pem-parameters.js';
import { ssmParameters } from '../config/ssm.js';
import { buildText } from '../model/build.js';
import { failuresOf, type Report } from '../model/report.js';
import { makeRecorder, type RecordedRun } from '../telemetry/recorder.js';
import { answerOf } from './answer.js';
import { systemLookup } from './lookup.js';
import { makeRunner, type Runner, type RunOptions } from './runner.js';
import { systemClock } from './system-clock.js';

/** The part of Lambda's context that is used. */
export interface HandlerContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  getRemainingTimeInMillis(): number;
}

/** Kept back from the time Lambda leaves, to report in, in milliseconds. */
const REPORTING_MS = 1_000;
/** Kept back at the very end, for one log line, in milliseconds. */
const LAST_WORDS_MS = 500;

const TIME_IS_OVER =
  "the function's time was over before the run was done; is Consul or the parameter store slow, or its timeout too short?";

/** What Lambda hands on of an error, to a queue that takes 256 kB, has to fit in there; in characters. */
const MAX_MESSAGE = 50_000;

/** A run in which something failed: its message names every failure. Its report was told before. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  constructor(readonly report: Report) {
    const text = failuresOf(report).join('; ');
    super(text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}… (cut; the log line has more)` : text);
  }
}

/** Applies within the time that Lambda leaves. */
export type Apply = (options?: Pick<RunOptions, 'atLeast' | 'source'>) => Promise<Report>;

let runner: Runner | undefined;
let configuration: string | undefined;
const recorder = makeRecorder({
  namespace: process.env.METRICS_NAMESPACE,
  build: buildText(),
  configuration: () => configuration,
});

/**
 * Does `work` for one invocation, with the runner of this warm environment. Logs and metrics are
 * written whatever happens. Throws what `work` throws, RunFailed for a report in which something
 * failed (after every load balancer was served), ConfigError for an unusable environment.
 */
export async function invocation(
  context: HandlerContext,
  work: (runner: Runner, apply: Apply) => Promise<Report>,
): Promise<Report> {
  const recorded = recorder.begin(context);
  const prepareAndWork = async (): Promise<Report> => {
    runner ??= makeRunner(await settingsOf(process.env), recorder.warn);
    configuration ??= fingerprintOf(runner.settings.config);
    const warm = runner;
    return work(warm, (options = {}) => {
      const budgetMs = Math.max(1, context.getRemainingTimeInMillis() - REPORTING_MS);
      return warm.run({ mode: 'apply', budgetMs, ...options });
    });
  };
  const report = await attempt(recorded, () => {
    // Whatever takes too long: what Lambda kills has no log line and no metric.
    const leftMs = Math.max(1, context.getRemainingTimeInMillis() - LAST_WORDS_MS);
    return systemClock.within(leftMs, prepareAndWork(), () => new Error(TIME_IS_OVER));
  });
  recorded.finished(report);
  if (failuresOf(report).length > 0) throw new RunFailed(report);
  return answerOf(report);
}

/** Parameters that were read, until there are settings: SSM may allow one call a second. */
const kept = new Map<string, string>();

async function settingsOf(env: NodeJS.ProcessEnv): Promise<Settings> {
  const complete = await withParameters(env, systemClock, ssmParameters(undefined, systemLookup), { kept });
  try {
    return readSettings(complete);
  } finally {
    kept.clear();
  }
}

async function attempt(recorded: RecordedRun, run: () => Promise<Report>): Promise<Report> {
  try {
    return await run();
  } catch (error) {
    recorded.failed(error);
    throw error;
  }
}
