// The stream of what happened, the newest first, each in a line; the same on several load balancers is one.
import type { HistoryEvent } from '../../../model/history.js';
import { byId, type Child, fill, h, setText } from './dom.js';
import type { Store } from './store.js';
import { brief, clock, onWhich } from './words.js';

interface Told {
  readonly tone: 'well' | 'look' | 'failed' | 'quiet';
  readonly sign: string;
  readonly verb: string;
  readonly who: string;
  readonly where: string;
  readonly why: string;
  readonly lagMs?: number;
  /** To be asked `why` for. */
  readonly about: string | null;
}

interface Line extends Told {
  readonly atMs: number;
  readonly on: string[];
  readonly key: string;
}

const MOST_LINES = 120;
/** Of the same on two load balancers, in milliseconds. */
const TOGETHER_MS = 2_000;

export function showChanges(store: Store, choose: (name: string) => void): void {
  const { head, cover, aheadMs } = store;
  const since = cover.sinceMs === null ? '' : `since ${clock(cover.sinceMs - aheadMs)}`;
  setText(byId('cover'), [cover.source, since].filter(Boolean).join(', '));
  const all = head?.balancers.length ?? 0;
  const names = new Map(head?.balancers.map(({ address, name }) => [address, name]));
  const lines = linesOf(store.events, names).slice(0, MOST_LINES);
  const list = byId('change-list');
  if (lines.length === 0) {
    fill(list, h('li', { class: 'quiet empty' }, 'Nothing has changed in the time that is known of.'));
    return;
  }
  fill(list, ...lines.map((line) => lineItem(line, all, aheadMs, choose)));
}

/** Who is gone is named by who was last known there. */
function namedIn(events: readonly HistoryEvent[]): HistoryEvent[] {
  const last = new Map<string, string>();
  return events.map((event) => {
    if (!('slot' in event)) return event;
    const place = `${event.loadBalancer} ${event.backend}/${event.slot}`;
    if (event.instance !== null) last.set(place, event.instance);
    const known = last.get(place);
    return event.instance === null && known !== undefined ? { ...event, instance: known } : event;
  });
}

function linesOf(events: readonly HistoryEvent[], names: ReadonlyMap<string, string>): Line[] {
  const lines: Line[] = [];
  for (const event of namedIn(events).reverse()) {
    const told = toldOf(event);
    const atMs = Date.parse(event.at);
    const on =
      'loadBalancer' in event && event.loadBalancer
        ? [names.get(event.loadBalancer) ?? event.loadBalancer]
        : [];
    const key = JSON.stringify([told.verb, told.who, told.where, told.why]);
    const same = lines.find(
      (line) =>
        line.key === key &&
        Math.abs(line.atMs - atMs) < TOGETHER_MS &&
        !on.some((one) => line.on.includes(one)),
    );
    if (same) same.on.unshift(...on);
    else lines.push({ ...told, atMs, on, key });
  }
  return lines;
}

function lineItem(
  { tone, sign, verb, who, where, why, lagMs, about, atMs, on }: Line,
  all: number,
  aheadMs: number,
  choose: (name: string) => void,
): HTMLElement {
  const at = clock(atMs - aheadMs);
  const name: Child =
    about === null
      ? h('strong', {}, who)
      : h(
          'button',
          {
            type: 'button',
            class: 'name',
            'data-key': `${atMs} ${who} ${verb}`,
            onclick: () => choose(about),
          },
          who,
        );
  return h(
    'li',
    { class: tone },
    h('time', { datetime: new Date(atMs).toISOString() }, at),
    h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    h(
      'div',
      {},
      h('p', {}, name, ` ${verb}`, lagMs !== undefined && h('span', { class: 'lag' }, brief(lagMs))),
      h('p', { class: 'quiet' }, [where, onWhich(on, all), why].filter(Boolean).join(' · ')),
    ),
  );
}

const MADE: Readonly<Record<string, readonly [Told['tone'], string, string]>> = {
  add: ['well', '+', 'is in rotation'],
  enable: ['well', '+', 'is in rotation again'],
  update: ['look', '~', 'was changed'],
  disable: ['failed', '−', 'is out of rotation'],
  remove: ['failed', '−', 'has left'],
};

/** What lacks a field that its kind has is of another program. */
function toldOf(event: HistoryEvent): Told {
  const plain = { who: 'Runs', where: '', about: null };
  switch (event.kind) {
    case 'change': {
      const { action, result, reason, error, lag } = event;
      const [tone, sign, verb] = MADE[action] ?? ['look', '~', action];
      if (result !== 'done')
        return {
          ...placed(event),
          tone: result === 'failed' ? 'failed' : 'look',
          sign: '✕',
          verb: `${action} ${result}`,
          why: [error, reason].filter(Boolean).join(': '),
        };
      return { ...placed(event), tone, sign, verb, why: reason, ...(lag ? { lagMs: lag.ms } : {}) };
    }
    case 'changed-elsewhere':
      return {
        ...placed(event),
        tone: 'look',
        sign: '~',
        verb: elsewhere(event.before, event.after),
        why: '',
      };
    case 'drained':
      return {
        ...placed(event),
        tone: 'look',
        sign: '◪',
        verb: 'is in drain',
        why: event.already ? 'found so' : '',
      };
    case 'undrained':
      return { ...placed(event), tone: 'well', sign: '+', verb: 'is out of drain', why: '' };
    case 'server-down':
      return {
        ...placed(event),
        tone: 'failed',
        sign: '◆',
        verb: `is ${event.status}`,
        why: [event.check ?? '', event.already ? 'found so' : ''].filter(Boolean).join(', '),
      };
    case 'server-up':
      return {
        ...placed(event),
        tone: 'well',
        sign: '+',
        verb: `is ${event.status}`,
        why: event.check ?? '',
      };
    case 'haproxy-restarted':
      return {
        ...plain,
        who: 'HAProxy',
        tone: 'look',
        sign: '↻',
        verb: 'was restarted',
        why: `${event.haproxy}, process ${event.pid}`,
      };
    case 'runs-failing':
      return { ...plain, tone: 'failed', sign: '✕', verb: 'fail', why: event.errors.join('; ') };
    case 'runs-well':
      return { ...plain, tone: 'well', sign: '+', verb: 'succeed again', why: '' };
    case 'consul-lost':
      return { ...plain, who: 'Consul', tone: 'failed', sign: '✕', verb: 'was lost', why: event.error };
    case 'consul-back':
      return { ...plain, who: 'Consul', tone: 'well', sign: '+', verb: 'is back', why: '' };
    case 'configuration-changed':
      return {
        ...plain,
        who: 'Configuration',
        tone: 'look',
        sign: '~',
        verb: 'was changed',
        why: `${event.before} → ${event.after}`,
      };
    case 'version-changed':
      return {
        ...plain,
        who: 'iri-lb',
        tone: 'look',
        sign: '~',
        verb: 'is another version',
        why: `${event.before} → ${event.after}`,
      };
    default:
      return { ...plain, who: event.kind, tone: 'quiet', sign: '·', verb: '', why: '' };
  }
}

type Placed = Extract<HistoryEvent, { readonly backend: string }>;

function placed(event: Placed): Pick<Told, 'who' | 'where' | 'about'> {
  const { backend, slot, instance } = event;
  const { address = null, port = 0 } =
    'after' in event ? (event.after.address ? event.after : event.before) : {};
  const held = address === null ? null : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const where = `${backend}/${slot}`;
  return { who: instance ?? held ?? where, where, about: instance ?? where };
}

interface Settings {
  readonly address: string | null;
  readonly port: number;
  readonly weight: number;
  readonly maxconn: number;
  readonly state: string;
}

/** Found between two looks: who did it is not known. */
function elsewhere(before: Settings, after: Settings): string {
  if (before.state !== after.state && after.state === 'ready') return 'is in rotation';
  if (before.state !== after.state && before.state === 'ready') return 'is out of rotation';
  const said = [
    before.address !== after.address || before.port !== after.port
      ? `address ${after.address ?? 'none'}:${after.port}`
      : '',
    before.weight !== after.weight ? `weight ${before.weight} → ${after.weight}` : '',
    before.maxconn !== after.maxconn ? `maxconn ${before.maxconn} → ${after.maxconn}` : '',
  ].filter(Boolean);
  return said.length === 0 ? 'was changed' : said.join(', ');
}
