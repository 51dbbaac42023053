// Waits for a condition instead of for a time; for tests and for the local set-up.

export interface WaitOptions {
  /** What is waited for, for the error: `waited 10000 ms for HAProxy's admin socket`. */
  readonly what: string;
  /** Longest wait in milliseconds; 15 s by default, since a busy machine is no failure. */
  readonly timeoutMs?: number;
  /** Time between two looks in milliseconds. */
  readonly everyMs?: number;
  /** Appended to the error: what is known about why the condition does not hold. */
  readonly detail?: () => string;
}

/**
 * Looks until `condition` gives something other than false or undefined, and returns that. A condition
 * that throws does not hold yet; its last message is part of the error when time is up.
 */
export async function waitFor<T>(
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  { what, timeoutMs = 15_000, everyMs = 15, detail }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure = '';
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      failure = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() >= deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}${failure}${detail ? `\n${detail()}` : ''}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Thrown by a condition that can hold no more. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp';
}
