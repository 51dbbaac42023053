// A client whose first read of a service is what its watch was answered just now, in place of asking once more.
import type { Clock } from '../model/clock.js';
import type { ServiceAnswer } from './answers.js';
import type { SourceClient } from './source.js';

/** Still on their way, maybe; undefined: they did not come. Decoding throws RequestFailure where they are none. */
export type ComingRows = Promise<(() => ServiceAnswer) | undefined>;

/** What a watch has told of a service. */
export interface ToldRows {
  readonly service: string;
  readonly rows: ComingRows;
  /** When they were told of, by `Clock.monotonicMs`. */
  readonly atMs: number;
}

/** Heard of earlier, they may be of before another run wrote, in milliseconds. */
const YOUNG_MS = 20;
/** Longest wait for the rest of them, in milliseconds. */
const REST_MS = 250;
/** Of a server that has not heard of the leader for longer nothing is taken, in milliseconds. */
const OLD_MS = 5_000;

/**
 * Everything that `told` does not answer is asked of `client`. When they were heard of says nothing of when they were
 * sent: this process may have stood still. So Consul is asked at once whether its index is still theirs.
 */
export function withToldRows<C extends SourceClient>(client: C, told: ToldRows, clock: Clock): SourceClient {
  let left: ToldRows | undefined = told;
  const newest = client.readIndex(told.service).catch(() => undefined);
  return {
    ...client,
    async readService(service, options = {}) {
      const taken = left?.service === service && !options.consistent ? left : undefined;
      if (!taken) return client.readService(service, options);
      left = undefined;
      if (clock.monotonicMs() - taken.atMs > YOUNG_MS) return client.readService(service, options);
      const coming = Promise.all([taken.rows, newest]);
      const late = clock.sleep(REST_MS).then(() => [undefined, undefined] as const);
      const [decode, index] = await Promise.race([coming, late]);
      const answer = decoded(decode);
      const isNewest = answer && answer.index === index && answer.lastContactMs <= OLD_MS;
      return isNewest ? answer : client.readService(service, options);
    },
  };
}

/** What is wrong with it is told by who asks again. */
function decoded(decode: (() => ServiceAnswer) | undefined): ServiceAnswer | undefined {
  try {
    return decode?.();
  } catch {
    return undefined;
  }
}
