// Errors that are meant for people: one line, the thing, the value, the next step. Pure.

/** A setting, argument or field that cannot be used, at a path (`pools.0.backend`, `HAPROXY_ADDRESSES`). */
export interface SettingProblem {
  readonly path: string;
  /** What is wrong, and where `nextStep` is absent what to do, too. */
  readonly message: string;
  /** What to do about it, in one clause. */
  readonly nextStep?: string;
}

/** `path: message; next step`. */
export function settingText({ path, message, nextStep }: SettingProblem): string {
  const what = path === '' ? message : `${path}: ${message}`;
  return nextStep === undefined ? what : `${what}; ${nextStep}`;
}

/** The configuration, the environment or an argument does not parse; all problems at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(
    readonly source: string,
    readonly problems: readonly SettingProblem[],
  ) {
    super(`${source}: ${problems.map(settingText).join('; ')}`);
  }
}

/** An error that has its subject, what is wrong and what to do apart from each other; its message has all. */
export class NextStepError extends Error {
  override readonly name: string = 'NextStepError';
  constructor(
    /** Whose error it is: `parameter /iri-lb/token`; '' where whoever tells it says so. */
    readonly subject: string,
    readonly detail: string,
    /** What to do about it, in one clause; '' where there is nothing. */
    readonly nextStep: string,
  ) {
    const what = subject === '' ? detail : `${subject}: ${detail}`;
    super(nextStep === '' ? what : `${what}; ${nextStep}`);
  }
}

/** The message of anything thrown, without stack, cause or properties (they may hold a token). */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What is wrong, and what to do about it. */
export interface Failure {
  readonly detail: string;
  /** '' where there is none. */
  readonly nextStep: string;
}

/** Of anything thrown, with its subject. */
export function failureOf(error: unknown): Failure {
  const { detail, nextStep } = detailOf(error);
  const subject = error instanceof NextStepError ? error.subject : '';
  return { detail: subject === '' ? detail : `${subject}: ${detail}`, nextStep };
}

/** Of anything thrown, without its subject, for whoever has told that already. */
export function detailOf(error: unknown): Failure {
  if (!(error instanceof NextStepError)) return { detail: messageOf(error), nextStep: '' };
  const { detail, nextStep } = error;
  return { detail, nextStep };
}

/** The code of a system error (`ENOENT`), which names no secret; the message of anything else. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}
