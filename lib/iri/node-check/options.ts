// The node check's command line: its options, their defaults and their help. Pure.
import { parseArgs } from 'node:util';
import { parseWhole } from '../../model/address.js';
import { quote } from '../../model/text.js';
import { parseVersion, type Version } from './versions.js';

export interface CheckOptions {
  readonly url: URL;
  /** Longest wait for one answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest time for all answers together, in milliseconds. */
  readonly budgetMs: number;
  readonly minNeighbors: number;
  readonly minVersion: Version & { readonly text: string };
  /** Longest `duration` that the node may report for getNodeInfo, in milliseconds as the node does. */
  readonly maxDurationMs: number;
  readonly appName: string;
  readonly powRequired: boolean;
  readonly verifyTls: boolean;
  readonly limitsRequired: boolean;
  readonly syncRequired: boolean;
}

export type ParsedArguments =
  | { readonly kind: 'check'; readonly options: CheckOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly message: string };

/** What the requests after the first may take beyond `-t`: 3 + 1.5 s end before Consul's 5 s do. */
const SPARE_MS = 1500;

export const HELP = `usage: node-check -a URL [options]

Asks an IRI node for getNodeInfo and says whether it may serve. Exit status: 0 it may, 2 it may not
(one line says why), 3 wrong usage. Options in any order:

  -a URL       API address, e.g. http://10.0.0.5:14265 or https://[2001:db8::5]:14265
  -t SECONDS   longest wait for one answer (3); all answers together may take 1.5 s more
  -n NUMBER    fewest neighbors (2)
  -m VERSION   oldest appVersion (1.4.2.1)
  -w SECONDS   longest duration that the node may report for getNodeInfo (1); the node reports
               milliseconds, this is in seconds, and 0.25 is 250 ms
  -r NAME      appName (IRI)
  -p           PoW must be allowed: attachToTangle is not answered with 401. The commands of PoW
               need then not be blocked
  -k           do not verify the TLS certificate (to trust one more CA instead, set
               NODE_EXTRA_CA_CERTS to its PEM file)
  -i           do not require that the limited commands are blocked (answered with 401): getNeighbors,
               addNeighbors, removeNeighbors, attachToTangle, interruptAttachingToTangle
  -u           allow a node that is not synced
  -h           print this and exit
`;

const OPTIONS = {
  address: { type: 'string', short: 'a' },
  timeout: { type: 'string', short: 't', default: '3' },
  neighbors: { type: 'string', short: 'n', default: '2' },
  'min-version': { type: 'string', short: 'm', default: '1.4.2.1' },
  duration: { type: 'string', short: 'w', default: '1' },
  'app-name': { type: 'string', short: 'r', default: 'IRI' },
  pow: { type: 'boolean', short: 'p', default: false },
  insecure: { type: 'boolean', short: 'k', default: false },
  'ignore-limits': { type: 'boolean', short: 'i', default: false },
  unsynced: { type: 'boolean', short: 'u', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Parses the arguments after the program's name. Never throws: wrong usage is one of the results. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const usage = (message: string): ParsedArguments => ({ kind: 'usage', message: `${message}; -h helps` });
  let values: ReturnType<typeof parseValues>;
  try {
    values = parseValues(args);
  } catch (error) {
    return usage(explain(error));
  }
  if (values.help) return { kind: 'help' };
  if (values.address === undefined) return usage('-a is missing: the address of the node, http://host:port');
  const url = parseUrl(values.address);
  if (!url)
    return usage(`-a ${quote(values.address)} is not an address: http://host:port or https://host:port`);
  const timeoutMs = parseSeconds(values.timeout, 0.05, 300);
  if (timeoutMs === undefined) return usage(`-t ${quote(values.timeout)} is not 0.05 to 300 seconds`);
  const minNeighbors = parseWhole(values.neighbors, 0, 10_000);
  if (minNeighbors === undefined) return usage(`-n ${quote(values.neighbors)} is not a number of neighbors`);
  const minVersion = parseVersion(values['min-version']);
  if (!minVersion) return usage(`-m ${quote(values['min-version'])} is not a version like 1.4.2.1`);
  const maxDurationMs = parseSeconds(values.duration, 0, 300);
  if (maxDurationMs === undefined) return usage(`-w ${quote(values.duration)} is not 0 to 300 seconds`);
  return {
    kind: 'check',
    options: {
      url,
      timeoutMs,
      budgetMs: timeoutMs + SPARE_MS,
      minNeighbors,
      minVersion: { ...minVersion, text: values['min-version'] },
      maxDurationMs,
      appName: values['app-name'],
      powRequired: values.pow,
      verifyTls: !values.insecure,
      limitsRequired: !values['ignore-limits'],
      syncRequired: !values.unsynced,
    },
  };
}

const parseValues = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values;

/** Node's own words, without its hints: they offer `-a-k`, which nobody wants here. */
function explain(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const forgotten = /^Option '(-\w).*argument (?:is ambiguous|missing)/.exec(line);
  return forgotten ? `${forgotten[1]} needs a value after it` : quote(line, 200).slice(1, -1);
}

/** An http or https URL; without a scheme it is http, as curl has it. */
function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
    decodeURIComponent(url.username + url.password);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Plain decimal seconds as milliseconds. */
function parseSeconds(text: string, min: number, max: number): number | undefined {
  const seconds = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  return seconds >= min && seconds <= max ? Math.round(seconds * 1000) : undefined;
}
