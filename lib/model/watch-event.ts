// The event that the forwarder sends and the watch function takes: which service to look at, and from when. Pure.
import { ConfigError, type SettingProblem } from './errors.js';
import { isServiceName } from './service-name.js';
import { quote } from './text.js';

/** Says *look*, never *what*: nothing of the catalog is in it. */
export interface WatchEvent {
  readonly service: string;
  /** `X-Consul-Index` of the change, text because it is a uint64; `0` where none is known: look anyway. */
  readonly index: string;
}

const INDEX = /^(?:0|[1-9]\d{0,19})$/;

/** A Consul index in plain decimal text. */
export function isIndex(text: string): boolean {
  return INDEX.test(text) && BigInt(text) < 1n << 64n;
}

/**
 * Parses the event of an invocation; undefined where it names nothing (`{}`, a test from the console, some other
 * trigger): look at all. Throws ConfigError, with every problem and what an event looks like, where it names a
 * service or an index that are none.
 */
export function parseWatchEvent(event: unknown): WatchEvent | undefined {
  const fields = typeof event === 'object' && event !== null ? event : {};
  const service = 'service' in fields ? fields.service : undefined;
  const index = 'index' in fields ? fields.index : undefined;
  if (service === undefined && index === undefined) return undefined;
  if (typeof service === 'string' && isServiceName(service) && typeof index === 'string' && isIndex(index))
    return { service, index };
  const problems: SettingProblem[] = [];
  if (typeof service !== 'string' || !isServiceName(service))
    problems.push({ path: 'service', message: `${quote(service)} is no service name` });
  if (typeof index !== 'string' || !isIndex(index))
    problems.push({ path: 'index', message: `${quote(index)} is no Consul index in text` });
  problems.push({ path: '', message: 'send {"service":"iri","index":"1234"}' });
  throw new ConfigError('event', problems);
}
