// Tells of every invocation: log lines and metrics, written as they are, one JSON object a line.
import type { Clock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';
import type { Report } from '../model/report.js';
import { coveredLine, failureLine, type Line, line, linesOf, type RunContext } from './lines.js';
import { coveredMetrics, failureMetrics, type MetricLine, type MetricScope, metricsOf } from './metrics.js';

export interface RecorderOptions {
  /** CloudWatch namespace of the metrics; each deployment has its own. */
  readonly namespace?: string | undefined;
  /**
   * Takes a line with its end. Not `console.log`: with Lambda's JSON log format that puts the line as text
   * into a `message`, where CloudWatch sees no metrics. By default standard output in Lambda, where that is
   * the log, and standard error elsewhere, where standard output is for results.
   */
  readonly write?: (text: string) => void;
  /** The wall for timestamps, the other for durations: those would be negative when somebody sets the wall's. */
  readonly clock?: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** Version and commit. */
  readonly build?: string;
  /** The fingerprint of the configuration; undefined until it was read. */
  readonly configuration?: () => string | undefined;
}

/** The part of Lambda's context that names an invocation. */
export interface Invocation {
  readonly awsRequestId: string;
  readonly functionName: string;
}

/** One invocation, from `begin` on. Exactly one of these is called, once. */
export interface RecordedRun {
  /** There is a report, good or bad; `covered` where an earlier run had dealt with the event. */
  finished(report: Report): void;
  /** Something was thrown before there was a report. Only its message is kept. */
  failed(error: unknown): void;
}

export interface Recorder {
  begin(invocation: Invocation): RecordedRun;
  /** Says something in passing, under the invocation that is running. */
  warn(message: string): void;
}

const processClock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/** The recorder of one environment; Lambda runs one invocation of it at a time. */
export function makeRecorder(options: RecorderOptions = {}): Recorder {
  const { namespace = 'IriLb', clock = processClock, build, configuration } = options;
  const now = (): number => clock.wallMs();
  const log = process.env.AWS_LAMBDA_RUNTIME_API === undefined ? process.stderr : process.stdout;
  const write = options.write ?? ((text: string) => log.write(text));
  const put = (lines: readonly (Line | MetricLine)[]): void => {
    if (lines.length > 0) write(`${lines.map((entry) => JSON.stringify(entry)).join('\n')}\n`);
  };
  let current: RunContext | undefined;
  let coldStart = true;

  return {
    begin: ({ awsRequestId, functionName }) => {
      const context: RunContext = { requestId: awsRequestId, functionName, coldStart };
      const startedAt = clock.monotonicMs();
      current = context;
      coldStart = false;
      const scope = (): MetricScope => ({
        namespace,
        context,
        now: now(),
        elapsedMs: Math.round(clock.monotonicMs() - startedAt),
      });
      const identified = (): RunContext => {
        const fingerprint = configuration?.();
        return {
          ...context,
          ...(build === undefined ? {} : { build }),
          ...(fingerprint === undefined ? {} : { configuration: fingerprint }),
        };
      };
      return {
        finished: (report) =>
          put(
            report.covered
              ? [coveredLine(report.consul.index, context, now()), coveredMetrics(scope())]
              : [...linesOf(report, identified(), now(), scope().elapsedMs), ...metricsOf(report, scope())],
          ),
        failed: (error) => put([failureLine(messageOf(error), context, now()), failureMetrics(scope())]),
      };
    },
    warn: (message) => {
      const ids = current && { requestId: current.requestId, functionName: current.functionName };
      put([{ ...line('WARN', message, now()), ...ids }]);
    },
  };
}
