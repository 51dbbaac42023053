// The log of `iri-lb run`: the functions' lines, with build and configuration; what repeats is said once in a while.
import { buildText } from '../../model/build.js';
import type { Report } from '../../model/report.js';
import { jsonText, plainText } from '../../model/text.js';
import { failureLine, type Level, type Line, line, linesOf, type RunContext } from '../../telemetry/lines.js';

/** What was said is not said again for so long, in milliseconds. */
const SILENT_MS = 10 * 60_000;
const MAX_REMEMBERED = 1_000;

export interface RunLog {
  /** Lines of a report; of a run that only repeats the one before, none but once in a while. */
  report(report: Report, run: RunName): void;
  failed(error: string, run: RunName): void;
  /** Said in passing; the same words once in ten minutes. */
  say(level: Level, message: string): void;
  /** Said whenever it happens. */
  tell(level: Level, message: string): void;
}

/** Which run it is. */
export interface RunName {
  readonly number: number;
  readonly cause: string;
  readonly fingerprint: string;
  readonly paused?: string | undefined;
  /** Since it was heard of why it is made, in milliseconds. */
  readonly elapsedMs?: number;
}

export interface LogDeps {
  readonly write: (line: string) => void;
  readonly clock: { wallMs(): number; monotonicMs(): number };
}

export function makeRunLog({ write, clock }: LogDeps): RunLog {
  const said = new Map<string, number>();
  const put = (entry: Line): void => write(jsonText(entry));
  const isNews = (words: string): boolean => {
    const now = clock.monotonicMs();
    const at = said.get(words);
    if (at !== undefined && now - at < SILENT_MS) return false;
    if (said.size >= MAX_REMEMBERED) said.clear();
    said.set(words, now);
    return true;
  };
  const contextOf = ({ number, fingerprint }: RunName): RunContext => ({
    requestId: String(number),
    functionName: 'run',
    coldStart: number === 1,
    build: buildText(),
    configuration: fingerprint,
  });
  const about = ({ cause, paused }: RunName) => ({ cause, ...(paused === undefined ? {} : { paused }) });
  const tell = (level: Level, message: string): void =>
    put(line(level, plainText(message, 2_000), clock.wallMs()));
  let last = '';

  return {
    report(report, run) {
      const lines = linesOf(report, contextOf(run), clock.wallMs(), run.elapsedMs);
      const { outcome, instances, warnings, errors }: Partial<Line> = lines.at(-1) ?? {};
      const words = JSON.stringify([outcome, instances, warnings, errors, run.fingerprint, run.paused]);
      // Paused, each run finds what the one before found.
      const repeats = words === last && (lines.length === 1 || run.paused !== undefined);
      if (repeats && !isNews(words)) return;
      last = words;
      said.set(words, clock.monotonicMs());
      for (const entry of lines) put({ ...entry, ...about(run) });
    },
    failed(error, run) {
      last = '';
      if (isNews(error))
        put({ ...failureLine(plainText(error, 2_000), contextOf(run), clock.wallMs()), ...about(run) });
    },
    say(level, message) {
      if (isNews(message)) tell(level, message);
    },
    tell,
  };
}
