// Errors in how the command line is used, which have an exit status of their own. Pure.
import { ConfigError, type SettingProblem } from '../model/errors.js';

/** Whose problems a ConfigError has, when they are the command line's. */
const ARGUMENTS = 'arguments';

/** Flags and arguments that cannot be used; all problems at once. */
export const usageProblems = (problems: readonly SettingProblem[]): ConfigError =>
  new ConfigError(ARGUMENTS, problems);

/** One of them, or a name that nobody has. `message` says what to do, too. */
export const usageError = (message: string): ConfigError => usageProblems([{ path: '', message }]);

/** Whether what was thrown is an error in how a command was used, as opposed to one in the settings. */
export const isUsageError = (error: unknown): error is ConfigError =>
  error instanceof ConfigError && error.source === ARGUMENTS;
