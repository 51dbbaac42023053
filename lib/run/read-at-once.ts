// A source that reads before it is asked: while the socket of a load balancer is still being reached.
import type { Config } from '../config/pools.js';
import type { AtLeast, Reading, Source } from '../model/source.js';

export const servicesOf = ({ pools }: Pick<Config, 'pools'>): string[] => pools.map(({ service }) => service);

/**
 * The same source, whose first read is begun at once. Who asks for it after `until` says no gets one of then: what
 * was read before another run had the socket may be older than what that one wrote.
 */
export function readAtOnce(
  source: Source,
  services: readonly string[],
  {
    atLeast,
    until = () => true,
  }: { readonly atLeast?: AtLeast | undefined; readonly until?: () => boolean } = {},
): Source {
  let first: Promise<Reading> | undefined = source.read(services, atLeast);
  first.catch(() => {});
  return {
    read(names, wanted) {
      const reading = first && until() ? first : source.read(names, wanted);
      first = undefined;
      return reading;
    },
  };
}
