// Puts what `apply` does into a history file: one run, before and after which nobody looks.
import { fingerprintOf } from '../config/fingerprint.js';
import { buildText } from '../model/build.js';
import { messageOf } from '../model/errors.js';
import { type History, makeHistory } from '../run/history/history.js';
import { HistoryFileError } from '../run/history/open-file.js';
import type { Runner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import { usageError } from './usage.js';

/**
 * The runner, whose runs that apply are kept in `file`; the same one where none is named. A run throws a usage error,
 * before it applies anything, where `file` can be no history.
 */
export function recorded(runner: Runner, file: string | undefined, warn: (message: string) => void): Runner {
  if (file === undefined) return runner;
  return {
    ...runner,
    async run(options) {
      if (options.mode !== 'apply') return runner.run(options);
      const history = open(runner, file, warn);
      try {
        const report = await runner.run(options);
        history.report(report, { trigger: 'apply' });
        return report;
      } catch (error) {
        history.failed(messageOf(error));
        throw error;
      } finally {
        history.close();
      }
    },
  };
}

function open({ settings }: Runner, file: string, warn: (message: string) => void): History {
  const who = { build: buildText(), configuration: fingerprintOf(settings.config) };
  try {
    return makeHistory({
      clock: systemClock,
      warn: (message) => warn(`warning: ${message}`),
      who,
      file,
      what: 'run',
    });
  } catch (error) {
    throw error instanceof HistoryFileError ? usageError(`--history: ${error.message}`) : error;
  }
}
