// A client whose first read of a service is what its watch was answered just now, in place of asking once more.
import type { Clock } from '../model/clock.js';
import type { ServiceAnswer } from './answers.js';
import type { SourceClient } from './source.js';

/** The rows of an answer, and what Consul says of them now. */
export interface SentRows {
  /** Throws RequestFailure where they are none. */
  decode(): ServiceAnswer;
  /** The service's index, asked for when they had come. */
  readonly newest: Promise<string>;
}

/** Still on their way, maybe; undefined: they did not come. */
export type ComingRows = Promise<SentRows | undefined>;

/** The rows of a query that is under way. */
export interface PromisedRows {
  readonly coming: ComingRows;
  /** Whether an answer began: where it does not end well, it may be too large. */
  isBegun: boolean;
  isWanted: boolean;
  settle(sent: SentRows | undefined): void;
}

export function promisedRows(): PromisedRows {
  let settle: PromisedRows['settle'] = () => {};
  const coming: ComingRows = new Promise((resolve) => {
    settle = resolve;
  });
  return { coming, isBegun: false, isWanted: false, settle };
}

/** What a watch has told of a service. */
export interface ToldRows {
  readonly service: string;
  readonly rows: ComingRows;
  /** When they were told of, by `Clock.monotonicMs`. */
  readonly atMs: number;
}

/**
 * Heard of earlier, in milliseconds, they may be of before another run wrote. Within this time they may, too: then the
 * check after the write finds it, and who came wrongly is taken out some milliseconds later.
 */
const YOUNG_MS = 20;
/** Longest wait for the rest of them, in milliseconds. */
const REST_MS = 250;
/** Of a server that has not heard of the leader for longer nothing is taken, in milliseconds. */
const OLD_MS = 5_000;

/**
 * Everything that `told` does not answer is asked of `client`. Rows may have been sent long before they were heard of, as
 * where this process stood still: with them comes the index that was asked for right after they came, by which whoever
 * took them sees whether they still hold.
 */
export function withToldRows<C extends SourceClient>(client: C, told: ToldRows, clock: Clock): SourceClient {
  let left: ToldRows | undefined = told;
  return {
    ...client,
    async readService(service, options = {}) {
      const taken = left?.service === service && !options.consistent ? left : undefined;
      if (!taken) return client.readService(service, options);
      left = undefined;
      if (clock.monotonicMs() - taken.atMs > YOUNG_MS) return client.readService(service, options);
      const sent = await Promise.race([taken.rows, clock.sleep(REST_MS).then(() => undefined)]);
      const answer = sent && decoded(sent);
      if (!answer || answer.lastContactMs > OLD_MS) return client.readService(service, options);
      return { ...answer, newest: sent.newest };
    },
  };
}

/** What is wrong with it is told by who asks again. */
function decoded({ decode }: SentRows): ServiceAnswer | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
