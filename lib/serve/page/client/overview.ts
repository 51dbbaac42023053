// The fleet at a glance: the verdict in a sentence, the figures under it, what is broken, and what needs a look.
import type { ShownFinding, ShownHead } from '../shown.js';
import { byId, fill, h, setText } from './dom.js';
import type { Store } from './store.js';
import { clock, grouped, listed, onWhich, plural, span } from './words.js';

/** What is known of the connection to our own server. */
export interface Line {
  readonly isLost: boolean;
  /** When it was heard of last, by our own clock. */
  readonly heardMs: number;
}

export function showOverview(store: Store, choose: (name: string) => void): void {
  const { head } = store;
  if (!head) return;
  const tone = toneOf(head);
  const title = byId('verdict');
  title.className = tone;
  setText(title, verdictOf(head));
  document.title = `${tone === 'well' ? '' : tone === 'failed' ? '✕ ' : '! '}iri-lb`;
  showFacts(store, head);
  showFindings(head, choose);
  const foot = `iri-lb ${head.build} · configuration ${head.fingerprint} · times are this browser's`;
  setText(byId('foot'), head.build === '' ? '' : foot);
}

type Tone = 'well' | 'look' | 'failed' | 'empty';

function toneOf(head: ShownHead): Tone {
  const { findings, consul, lookError, runs, balancers, pools } = head;
  if (
    lookError !== null ||
    consul.error !== null ||
    runs.failing ||
    balancers.some(({ state }) => state !== 'read')
  )
    return 'failed';
  if (findings.some(({ level }) => level === 'failed')) return 'failed';
  if (runs.paused || downIn(head) > 0 || findings.some(({ level }) => level === 'look')) return 'look';
  return pools.every(({ wanted }) => wanted === 0) ? 'empty' : 'well';
}

/** One sentence, the worst first. */
function verdictOf(head: ShownHead): string {
  const { findings, moreFindings, consul, lookError, runs, balancers, pools, pending } = head;
  if (lookError !== null) return 'The fleet cannot be looked at';
  const unread = balancers.filter(({ state }) => state !== 'read');
  if (consul.error !== null) return 'Consul is away: who should be served is not known';
  if (unread.length > 0) {
    const states = [...new Set(unread.map(({ state }) => state))].join(' or ');
    return `${listed(unread.map(({ name }) => name))} ${unread.length === 1 ? 'is' : 'are'} ${states}`;
  }
  if (runs.failing) return 'Runs are failing';
  if (runs.paused) return 'Runs are paused: nothing is written';
  const bad = findings.filter(({ level }) => level !== 'note').length + moreFindings;
  if (bad > 0) return bad === 1 ? 'One thing needs a look' : `${grouped(bad)} things need a look`;
  if (pools.every(({ wanted }) => wanted === 0)) return 'Consul lists nobody for these pools yet';
  if (pending !== null && pending > 0) return `${plural(pending, 'change')} pending`;
  const down = downIn(head);
  if (down > 0) return `HAProxy has ${plural(down, 'server')} DOWN`;
  return balancers.length === 1
    ? 'Everybody who should serve does'
    : `Everybody who should serve does, ${onWhich(names(head), balancers.length)} load balancers`;
}

const names = ({ balancers }: ShownHead): string[] => balancers.map(({ name }) => name);

/** On each load balancer that is known, in all pools. */
function servingOn({ pools, balancers }: ShownHead): number[] {
  return balancers.flatMap((_, at) => {
    const counts = pools.flatMap((pool) => pool.counts[at] ?? []);
    return counts.length === 0 ? [] : [counts.reduce((sum, { serving }) => sum + serving, 0)];
  });
}

const downIn = ({ pools }: ShownHead): number =>
  pools.reduce((sum, { counts }) => sum + counts.reduce((all, one) => all + (one?.down ?? 0), 0), 0);

function showFacts(store: Store, head: ShownHead): void {
  const { runs, consul, pending, pools } = head;
  const now = Date.now() + store.aheadMs;
  const serving = servingOn(head);
  const [least, most] = [Math.min(...serving), Math.max(...serving)];
  const wanted = pools.reduce((sum, pool) => sum + (pool.wanted ?? 0), 0);
  const load = store.load.flatMap((one) => (one ? [one] : []));
  const sum = (at: 0 | 1 | 2): number => load.reduce((all, one) => all + one[at], 0);
  const facts: readonly (readonly [string, string, string])[] = [
    [
      'Serving',
      serving.length === 0
        ? 'not known'
        : least === most
          ? grouped(least)
          : `${grouped(least)} to ${grouped(most)}`,
      pools.some((pool) => pool.wanted === null)
        ? 'how many should is not known'
        : `of ${grouped(wanted)} wanted${serving.length > 1 ? ', on each load balancer' : ''}`,
    ],
    [
      'Instances in Consul',
      consul.instances === null ? 'not known' : grouped(consul.instances),
      consul.index === null ? '' : `index ${consul.index}`,
    ],
    [
      'Pending',
      pending === null ? 'not known' : grouped(pending),
      pending === null ? '' : pending === 0 ? 'nothing to change' : 'changes of the next run',
    ],
    [
      'Last good run',
      runs.lastSuccessMs === null ? 'not known' : `${span(now - runs.lastSuccessMs)} ago`,
      runs.by ?? 'no iri-lb run answers here',
    ],
    [
      'Requests now',
      load.length === 0 ? 'not known' : grouped(sum(0)),
      load.length === 0 ? '' : `${grouped(sum(2))} new a second, ${grouped(sum(1))} queued`,
    ],
  ];
  fill(
    byId('facts'),
    ...facts.map(([name, value, note]) =>
      h(
        'div',
        {},
        h('dt', {}, name),
        h('dd', {}, h('strong', {}, value), note !== '' && h('small', {}, note)),
      ),
    ),
  );
}

const MOST_SHOWN = 8;
let isOpen = false;

function showFindings(head: ShownHead, choose: (name: string) => void): void {
  const section = byId('findings');
  const { findings, moreFindings, balancers } = head;
  section.hidden = findings.length === 0;
  if (findings.length === 0) return;
  const shown = isOpen ? findings : findings.slice(0, MOST_SHOWN);
  const left = findings.length - shown.length;
  const key = JSON.stringify([findings, isOpen]);
  if (section.dataset.key === key) return;
  section.dataset.key = key;
  fill(
    section,
    h('div', { class: 'section-head' }, h('h2', { id: 'findings-title' }, 'Needs a look')),
    h('ul', { class: 'card findings' }, ...shown.map((one) => findingItem(one, balancers.length, choose))),
    (left > 0 || (isOpen && findings.length > MOST_SHOWN)) &&
      h(
        'button',
        {
          type: 'button',
          class: 'more',
          'data-key': 'more-findings',
          onclick: () => {
            isOpen = !isOpen;
            showFindings(head, choose);
          },
        },
        left > 0 ? `Show ${grouped(left)} more` : 'Show fewer',
      ),
    isOpen && moreFindings > 0 && h('p', { class: 'quiet' }, `${grouped(moreFindings)} more: iri-lb status`),
  );
}

const LEVELS = { failed: ['✕', 'Failed'], look: ['!', 'Look'], note: ['i', 'Note'] } as const;

function findingItem(
  { level, text, next, on, about }: ShownFinding,
  all: number,
  choose: (name: string) => void,
) {
  const [sign, word] = LEVELS[level];
  const where = onWhich(on, all);
  return h(
    'li',
    { class: level },
    h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    h(
      'div',
      {},
      h(
        'p',
        {},
        h('span', { class: 'unseen' }, `${word}: `),
        text,
        where !== '' && h('span', { class: 'where' }, where),
      ),
      next !== '' && h('p', { class: 'quiet next' }, next),
    ),
    about !== null &&
      h(
        'button',
        {
          type: 'button',
          class: 'why',
          'data-key': `why ${about} ${text}`,
          'aria-label': `Why ${about}`,
          onclick: () => choose(about),
        },
        'Why',
      ),
  );
}

/** What is broken, above all else. */
export function showNotices(store: Store, line: Line, isConnected: boolean): void {
  const { head } = store;
  const ahead = store.aheadMs;
  const at = (ms: number): string => `${clock(ms - ahead)}, ${span(Date.now() + ahead - ms)} ago`;
  const notices: (readonly [tone: string, title: string, text: string])[] = [];
  if (line.isLost && isConnected) {
    const since = store.atMs === null ? '' : ` What you see is of ${at(store.atMs)}.`;
    notices.push(['failed', 'The connection to this page’s server is lost.', `It is tried again.${since}`]);
  }
  if (head) {
    const { lookError, consul, runs, balancers } = head;
    if (lookError !== null)
      notices.push([
        'failed',
        'The fleet cannot be looked at.',
        said(lookError, store.atMs === null ? '' : `What you see is of ${at(store.atMs)}.`),
      ]);
    if (consul.error !== null)
      notices.push([
        'failed',
        'Consul is away.',
        said(
          consul.error,
          consul.asOfMs === null ? '' : `Who is where is told as it was at ${at(consul.asOfMs)}.`,
        ),
      ]);
    for (const { name, state, error, asOfMs } of balancers)
      if (state !== 'read') {
        const age = asOfMs === null ? 'It was never read.' : `It is shown as it was at ${at(asOfMs)}.`;
        const title =
          state === 'busy' ? `${name} is busy: somebody else has its socket.` : `${name} is down.`;
        notices.push([state === 'busy' ? 'look' : 'failed', title, said(error ?? '', age)]);
      }
    if (runs.paused)
      notices.push([
        'look',
        `Runs have been paused for ${span(Date.now() + ahead - runs.paused.sinceMs)}.`,
        runs.paused.reason,
      ]);
    if (runs.failing)
      notices.push([
        'failed',
        `Runs have failed for ${span(Date.now() + ahead - runs.failing.sinceMs)}.`,
        runs.failing.errors.slice(0, 3).join('; '),
      ]);
  }
  if (head && head.lookError === null && toneOf(head) === 'empty')
    notices.push(['note', 'Register a first one', 'with iri-lb node add, or in Consul as any service.']);
  const box = byId('notices');
  const key = JSON.stringify(notices);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  fill(
    box,
    ...notices.map(([tone, title, text]) =>
      h(
        'p',
        { class: `notice ${tone}` },
        h(
          'span',
          { class: 'sign', 'aria-hidden': 'true' },
          tone === 'failed' ? '✕' : tone === 'look' ? '!' : 'i',
        ),
        h('span', {}, h('strong', {}, title), ` ${text}`),
      ),
    ),
  );
}

/** Looks are made every 5 s, and take 3 s at most where somebody has a socket. */
const LATE_MS = 12_000;

/** Two sentences; the first may end as it likes. */
const said = (first: string, second: string): string =>
  [first === '' || /[.?!]$/.test(first) ? first : `${first}.`, second].filter(Boolean).join(' ');

/** How fresh it is, in the bar; told aloud only when that becomes another thing. */
export function showFreshness(store: Store, line: Line, isConnected: boolean): void {
  const fresh = byId('fresh');
  const [tone, text, said] = freshness(store, line, isConnected);
  fresh.className = `fresh ${tone}`;
  setText(byId('fresh-text'), text);
  setText(byId('said'), said);
  document.body.classList.toggle('stale', tone === 'lost');
}

function freshness(store: Store, line: Line, isConnected: boolean): readonly [string, string, string] {
  if (!isConnected && store.atMs === null)
    return ['waiting', line.isLost ? 'No connection' : 'Connecting…', ''];
  if (store.atMs === null) return ['waiting', 'Looking…', ''];
  const age = span(Date.now() + store.aheadMs - store.atMs);
  if (line.isLost) return ['lost', `Lost · ${age} old`, 'The connection to the server is lost.'];
  if (store.head?.lookError) return ['lost', `Stale · ${age} old`, 'The fleet cannot be looked at.'];
  if (Date.now() + store.aheadMs - store.atMs > LATE_MS)
    return ['waiting', `Late · ${age} old`, 'The fleet is slow to answer.'];
  return ['live', `Live · ${age} ago`, 'Live.'];
}
