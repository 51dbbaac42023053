// The history that `npm start` keeps of what the functions did, in a file that `iri-lb changes` reads.
import { fingerprintOf } from '../../lib/config/fingerprint.js';
import { buildText } from '../../lib/model/build.js';
import type { Report } from '../../lib/model/report.js';
import type { RenderConfig } from '../../lib/render/config.js';
import { makeHistory } from '../../lib/run/history/history.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { RESYNC } from './local-setup.js';

export interface LocalHistory {
  /** What a function's run did; `lagMs` as the stopwatch has it. */
  report(functionName: string, report: Report, lagMs: number | undefined): void;
  failed(error: string): void;
  close(): void;
}

/** Told through `warn` where the file cannot be written. */
export function startHistory(file: string, config: RenderConfig, warn: (line: string) => void): LocalHistory {
  const who = { build: buildText(), configuration: fingerprintOf(config) };
  const history = makeHistory({ clock: systemClock, warn, who, file });
  return {
    report: (functionName, report, lagMs) => {
      const trigger = functionName === RESYNC ? 'resync' : 'watch';
      history.report(report, { trigger, ...(trigger === 'watch' && lagMs !== undefined ? { lagMs } : {}) });
    },
    failed: (error) => history.failed(error),
    close: () => history.close(),
  };
}
