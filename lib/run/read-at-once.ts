// A source that reads before it is asked: while the socket of a load balancer is still being reached.
import type { Config } from '../config/pools.js';
import type { Clock } from '../model/clock.js';
import type { Reading, Source } from '../model/source.js';

export const servicesOf = ({ pools }: Pick<Config, 'pools'>): string[] => pools.map(({ service }) => service);

/** A look that has waited for its sockets for longer reads anew, in milliseconds. */
const YOUNG_MS = 500;

/** The same source, whose first read is begun at once; for who only looks. */
export function readAtOnce(
  source: Source,
  services: readonly string[],
  { monotonicMs }: Pick<Clock, 'monotonicMs'>,
): Source {
  const begunAtMs = monotonicMs();
  let first: Promise<Reading> | undefined = source.read(services);
  first.catch(() => {});
  return {
    read(names, wanted) {
      const isYoung = monotonicMs() - begunAtMs <= YOUNG_MS;
      const reading = first && isYoung ? first : source.read(names, wanted);
      first = undefined;
      return reading;
    },
  };
}
