// Prints an event for people, as a line: when, what, who, where and why. Pure.
import { printHostPort } from '../model/address.js';
import type { HistoryEvent } from '../model/history.js';
import type { ServerSettings } from '../model/server.js';
import { plainText, showMs } from '../model/text.js';
import { clockText, whenText, type Zone } from '../model/when.js';
import type { Paint } from './screen.js';

/** How a line is written. */
export interface Style {
  readonly zone: Zone;
  readonly nowMs: number;
  readonly paint: Paint;
}

type Colour = 'green' | 'yellow' | 'red' | 'cyan';

/** What a line says after its time: a sign, a word, and the rest. */
type Told = readonly [colour: Colour, word: string, rest: string];

/** `03:12:07+02:00 + added     n1/iri-1  lb1:9000 iri_back/irisrv3  at 10.0.0.1:14265; passing in Consul`. */
export function eventLine(event: HistoryEvent, style: Style): string {
  const [colour, word, rest] = toldSafely(event, style);
  const sign = { green: '+', yellow: '~', red: '-', cyan: '*' }[colour];
  const at = clockText(Date.parse(event.at), style.nowMs, style.zone);
  return `${at} ${style.paint[colour](`${sign} ${word.padEnd(9)}`)} ${rest}`;
}

/** What lacks a field that its kind has is of another program, and shown as it is. */
function toldSafely(event: HistoryEvent, style: Style): Told {
  try {
    return toldOf(event, style);
  } catch {
    return asItIs(event);
  }
}

const asItIs = (event: HistoryEvent): Told => [
  'cyan',
  plainText(event.kind, 20),
  plainText(JSON.stringify(event), 500),
];

function toldOf(event: HistoryEvent, style: Style): Told {
  const since = (at: string | undefined, before = ', since '): string =>
    at === undefined ? '' : `${before}${whenText(Date.parse(at), style.nowMs, style.zone)}`;
  const already = 'already' in event && event.already ? ' when it was looked at first' : '';
  switch (event.kind) {
    case 'change':
      return changeTold(event);
    case 'drained':
      return ['yellow', 'drained', `${placeText(event)}  held by its operator or agent-check${already}`];
    case 'undrained':
      return ['green', 'undrained', placeText(event)];
    case 'haproxy-restarted':
      return [
        'yellow',
        'restarted',
        `${nameText(event.loadBalancer)}  HAProxy ${plainText(event.haproxy)}, process ${event.pid}${since(event.since)}`,
      ];
    case 'server-down':
    case 'server-up': {
      const check = event.check === undefined ? '' : ` (${plainText(event.check)})`;
      const rest = `${placeText(event)}  by HAProxy's check${check}${already}${since(event.since)}`;
      return [event.kind === 'server-down' ? 'red' : 'green', plainText(event.status, 9), rest];
    }
    case 'changed-elsewhere':
      return [
        'yellow',
        'elsewhere',
        `${placeText(event)}  ${difference(event, ['weight', 'maxconn', 'state'])}; by somebody else, found between two looks`,
      ];
    case 'runs-failing':
      return [
        'red',
        'failing',
        `${ofText(event)}${event.errors.map((text) => plainText(text, 500)).join('; ')}`,
      ];
    case 'runs-well':
      return [
        'green',
        'well',
        `${ofText(event)}runs succeed again${since(event.since, '; they failed since ')}`,
      ];
    case 'consul-lost':
      return ['red', 'lost', `Consul: ${plainText(event.error, 500)}`];
    case 'consul-back':
      return ['green', 'back', `Consul is read again${since(event.since, '; it was lost ')}`];
    case 'configuration-changed':
      return ['cyan', 'config', `configuration ${plainText(event.before)} → ${plainText(event.after)}`];
    case 'version-changed':
      return ['cyan', 'version', `iri-lb ${plainText(event.before)} → ${plainText(event.after)}`];
    default:
      // Of a version that knows more kinds.
      return asItIs(event);
  }
}

const MADE: Readonly<Record<string, readonly [Colour, string]>> = {
  add: ['green', 'added'],
  enable: ['green', 'enabled'],
  update: ['yellow', 'updated'],
  disable: ['red', 'disabled'],
  remove: ['red', 'removed'],
};
const LAG_FROM: Readonly<Record<string, string>> = {
  'blocking-query': 'after the blocking query returned',
  'function-start': 'after the function began',
  'run-start': 'after the run began',
};

function changeTold(event: HistoryEvent & { readonly kind: 'change' }): Told {
  const { action, result, error, reason, lag } = event;
  const [colour, word] = MADE[action] ?? ['cyan', plainText(action, 9)];
  const why = plainText(reason, 500);
  const place = `${placeText(event)}  ${changeText(event)}`;
  if (result === 'done') {
    const took = lag ? `; ${showMs(lag.ms)} ${LAG_FROM[lag.from] ?? ''}` : '';
    return [colour, word, `${place}; ${why}${took}`];
  }
  const failure = error === undefined ? '' : `: ${plainText(error, 500)}`;
  return result === 'failed'
    ? ['red', 'FAILED', `${place}; ${action} failed${failure} (${why})`]
    : ['yellow', plainText(result, 9), `${place}; ${action}${failure} (${why})`];
}

/** `n1/iri-1  lb1:9000 iri_back/irisrv3`. */
function placeText({
  instance,
  loadBalancer,
  backend,
  slot,
}: {
  readonly instance: string | null;
  readonly loadBalancer: string;
  readonly backend: string;
  readonly slot: string;
}): string {
  const who = instance === null ? '-' : plainText(instance);
  return `${who}  ${nameText(loadBalancer)} ${plainText(backend)}/${plainText(slot)}`;
}

/** A load balancer without how it is reached. */
const nameText = (address: string): string => plainText(address.replace(/^(?:tcp|tls):\/\//, ''));

const ofText = ({ loadBalancer }: { readonly loadBalancer?: string }): string =>
  loadBalancer === undefined ? '' : `${nameText(loadBalancer)}  `;

interface Settings {
  readonly before: ServerSettings;
  readonly after: ServerSettings;
}

/**
 * `at 10.0.0.1:14265, weight 1 → 5`. The state goes without saying: who was added is ready; and where a free slot was
 * before is nobody's.
 */
const changeText = ({ action, ...settings }: Settings & { readonly action: string }): string =>
  difference(settings, ['weight', 'maxconn'], action !== 'add');

/** Of an address that became another, both. */
function difference(
  { before, after }: Settings,
  named: readonly ('weight' | 'maxconn' | 'state')[],
  isFromTold = true,
): string {
  const at = hostPortOf(after);
  const isMoved = before.address !== after.address || before.port !== after.port;
  const fields = named.filter((field) => before[field] !== after[field]);
  return [
    isMoved && isFromTold ? `${hostPortOf(before)} → ${at}` : `at ${at}`,
    ...fields.map((field) => `${field} ${before[field]} → ${after[field]}`),
  ].join(', ');
}

export const hostPortOf = ({ address, port }: ServerSettings): string =>
  address === null ? '-' : printHostPort(address, port);
