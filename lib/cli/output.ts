// What every command of the command line shares: results on stdout, everything else on stderr.
import { readSettingsWith, type Settings } from '../config/environment.js';
import { ConfigError, messageOf, settingText } from '../model/errors.js';
import { jsonText } from '../model/text.js';
import { type RenderConfig, renderConfigSchema } from '../render/config.js';
import type { OnWait } from '../run/on-wait.js';
import { EXIT } from './exit-status.js';
import { stderrProgress } from './progress.js';
import { type Screen, screenOf } from './screen.js';
import { isUsageError } from './usage.js';

/** Where a command writes; tests hand in their own. */
export interface Terminal {
  /** A line of result, to stdout. */
  readonly out: (line: string) => void;
  /** A line of log, to stderr. */
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What stdout is; undefined: a pipe or a file. */
  readonly screen?: Screen | undefined;
  /** Told what a command waits for; undefined: nobody is at stderr. */
  readonly onWait?: OnWait | undefined;
  /** Sets the exit status of the process. */
  readonly exit: (status: number) => void;
}

const progress = stderrProgress();

/** The process's own terminal. */
export const processTerminal: Terminal = {
  out: (line) => {
    progress?.clear();
    process.stdout.write(`${line}\n`);
  },
  err: (line) => {
    progress?.clear();
    process.stderr.write(`${line}\n`);
  },
  onWait: progress?.onWait,
  env: process.env,
  screen: screenOf(process.stdout),
  exit: (status) => {
    process.exitCode = status;
  },
};

/** Prints a result for programs, indented. */
export const outJson = ({ out }: Terminal, value: unknown): void => out(jsonText(value, 2));

/**
 * Lets whoever reads our output go before its end (`iri-lb status | head`): what is left is written to nobody,
 * and the command goes on to its end.
 */
export function outliveReaders(...streams: readonly NodeJS.WritableStream[]): void {
  for (const stream of streams)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}

/** Settings from the environment, also those that only rendering reads: a typo is told by any command. */
export function settingsOf(terminal: Terminal): Settings<RenderConfig> {
  return readSettingsWith(renderConfigSchema, terminal.env);
}

/** Runs a command; what it throws becomes one line per problem on stderr, and exit status 1, or 64 for wrong usage. */
export async function guarded(terminal: Terminal, command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) terminal.err(`iri-lb: ${settingText(problem)}`);
    } else terminal.err(`iri-lb: ${messageOf(error)}`);
    terminal.exit(isUsageError(error) ? EXIT.usage : EXIT.failed);
  }
}
