// Time, as everything that waits or measures is handed it. Types only.

export interface Clock {
  /** Milliseconds since the epoch, for timestamps and ages that outlive a process: it can be set, and jump. */
  wallMs(): number;
  /** Milliseconds since some moment, for deadlines and durations: it never jumps. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
}

/** A clock that can also end a wait. */
export interface DeadlineClock extends Clock {
  /** What `work` gives, or `late()` thrown when that takes more than `ms` milliseconds. */
  within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T>;
}
