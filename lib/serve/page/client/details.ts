// Why an instance is where it is: asked of the server, which answers from the look that is shown.
import type { Since, Why, WhyCheck, WhyLoadBalancer, WhyPlace, WhyTag } from '../../../model/why.js';
import { byId, type Child, fill, h } from './dom.js';
import { clock, grouped, span } from './words.js';

export interface NotFound {
  readonly text: string;
  readonly matches?: readonly { readonly name: string; readonly at: string }[];
  readonly near?: readonly string[];
}

export type Answer =
  | { readonly kind: 'why'; readonly why: Why }
  | { readonly kind: 'none'; readonly none: NotFound }
  | { readonly kind: 'failed'; readonly text: string };

export async function askWhy(name: string, signal?: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch(`/why?x=${encodeURIComponent(name)}`, signal ? { signal } : {});
    if (response.status === 401) location.reload();
    const body = (await response.json()) as unknown;
    return response.ok ? { kind: 'why', why: body as Why } : { kind: 'none', none: body as NotFound };
  } catch {
    return { kind: 'failed', text: 'The server did not answer.' };
  }
}

export interface DetailEvents {
  readonly choose: (name: string) => void;
  readonly close: () => void;
}

export function showNothingChosen(): void {
  fill(
    byId('details'),
    h('h2', { id: 'details-title' }, 'Why'),
    h(
      'p',
      { class: 'quiet' },
      'Choose a slot, or search for an instance, to see why it is in rotation or out of it.',
    ),
    h(
      'dl',
      { class: 'keys' },
      ...[
        ['/', 'search'],
        ['← ↑ ↓ →', 'walk through the slots of a map'],
        ['Page Down', 'the next slot in use'],
        ['Enter', 'why'],
        ['Esc', 'close'],
      ].map(([key, what]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, what))),
    ),
  );
}

export function showAnswer(name: string, answer: Answer | undefined, events: DetailEvents): void {
  const head = (title: string): HTMLElement =>
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id: 'details-title', class: 'mono' }, title),
      h(
        'button',
        { type: 'button', class: 'close', 'aria-label': 'Close', 'data-key': 'close', onclick: events.close },
        '✕',
      ),
    );
  const panel = byId('details');
  if (!answer) fill(panel, head(name), h('p', { class: 'quiet' }, 'Asking…'));
  else if (answer.kind === 'failed') fill(panel, head(name), h('p', { class: 'quiet' }, answer.text));
  else if (answer.kind === 'none') fill(panel, head(name), ...noneParts(answer.none, events));
  else fill(panel, head(answer.why.name), ...whyParts(answer.why));
}

function noneParts({ text, matches = [], near = [] }: NotFound, { choose }: DetailEvents): Child[] {
  const names = [...matches.map(({ name }) => name), ...near];
  return [
    h('p', {}, `${text.charAt(0).toUpperCase()}${text.slice(1)}`),
    names.length > 0 &&
      h(
        'ul',
        { class: 'choices' },
        ...names.map((name) =>
          h(
            'li',
            {},
            h(
              'button',
              { type: 'button', class: 'mono', 'data-key': name, onclick: () => choose(name) },
              name,
            ),
          ),
        ),
      ),
  ];
}

const TONE = { everywhere: 'well', partly: 'look', nowhere: 'failed', unknown: 'look' } as const;

function whyParts(why: Why): Child[] {
  const { verdict, instance, consulError, loadBalancers } = why;
  const tone = verdict.serves === 'everywhere' && verdict.causes.length > 0 ? 'look' : TONE[verdict.serves];
  return [
    h('p', { class: `sentence ${tone}` }, verdict.text.replace(`${why.name}: `, '')),
    verdict.causes.length > 0 &&
      h(
        'ul',
        { class: 'causes' },
        ...verdict.causes
          // What the sentence says already is not said again.
          .map(({ text, next }) => ({ text: verdict.text.includes(text) ? '' : text, next }))
          .filter(({ text, next }) => text !== '' || next !== '')
          .map(({ text, next }) => h('li', {}, text, next !== '' && h('small', {}, next))),
      ),
    ...loadBalancers.flatMap(balancerParts),
    instance
      ? h(
          'div',
          { class: 'part' },
          h('h3', {}, 'In Consul'),
          rows([
            ['registered', instance.registered],
            ['leads to', instance.resolved?.join(', ')],
            ['node', instance.node],
            ['service', instance.service],
            ['health', instance.health],
            ...instance.pools.map(
              ({ backend, selected, text }) =>
                [`in ${backend}`, selected ? 'selected' : (text ?? 'not selected')] as const,
            ),
          ]),
          instance.checks.length > 0 && h('ul', { class: 'checks' }, ...instance.checks.map(checkItem)),
          (instance.moreChecks ?? 0) > 0 &&
            h('p', { class: 'quiet' }, `${grouped(instance.moreChecks ?? 0)} more checks`),
        )
      : h(
          'div',
          { class: 'part' },
          h('h3', {}, 'In Consul'),
          h(
            'p',
            { class: 'quiet' },
            consulError === undefined ? 'Nobody is registered there.' : `Not known: ${consulError}`,
          ),
        ),
    instance &&
      instance.tags.length > 0 &&
      h(
        'div',
        { class: 'part' },
        h('h3', {}, 'Tags'),
        h('ul', { class: 'tags' }, ...instance.tags.map(tagItem)),
      ),
  ];
}

function balancerParts({ address, state, error, places }: WhyLoadBalancer): Child[] {
  const name = address.replace(/^(?:tcp|tls):\/\//, '');
  if (state !== 'read')
    return [
      h(
        'div',
        { class: 'part' },
        h('h3', { class: 'mono' }, name),
        h('p', { class: 'quiet' }, `${state}: ${error ?? ''}`),
      ),
    ];
  return places.map((place) => placePart(name, place));
}

const STANDING = {
  in: 'in rotation',
  'still-in': 'still in rotation',
  out: 'out of rotation',
  unknown: 'not known',
} as const;
const SIGN = { in: 'well', 'still-in': 'look', out: 'failed', unknown: 'look' } as const;

function placePart(
  name: string,
  { backend, standing, slot, wanted, nextRun, causes }: WhyPlace,
): HTMLElement {
  const detail = slot?.detail;
  const limit = (value: number): string => (value === 0 ? 'no limit' : grouped(value));
  const beside = (is: number, want: number | undefined, show: (value: number) => string): string =>
    want === undefined || want === is ? show(is) : `${show(is)}, wanted ${show(want)}`;
  return h(
    'div',
    { class: 'part' },
    h(
      'h3',
      {},
      h('span', { class: 'mono' }, name),
      h('span', { class: `standing ${SIGN[standing]}` }, STANDING[standing]),
    ),
    rows([
      [
        'slot',
        slot ? `${backend ?? ''}/${slot.name}` : backend === null ? 'no pool has it' : `none in ${backend}`,
      ],
      ['state', slot && `${slot.state}, ${slot.status}`],
      ['since', slot?.since && sinceText(slot.since)],
      ['check', detail?.check && [detail.check.status, detail.check.words].filter(Boolean).join(', ')],
      ['agent', detail?.agent && [detail.agent.status, detail.agent.words].filter(Boolean).join(', ')],
      ['weight', slot && beside(slot.weight, wanted?.weight, grouped)],
      ['maxconn', slot && beside(slot.maxconn, wanted?.maxconn, limit)],
      [
        'requests',
        detail &&
          `${grouped(detail.running)} running, ${grouped(detail.queued)} queued, ${grouped(detail.rate)} a second`,
      ],
      ['errors', detail && errorsText(detail.errors)],
      [
        'next run',
        nextRun.changes.map(({ action, reason }) => `${action}: ${reason}`).join('; ') ||
          (nextRun.heldBy ? causes[0]?.text : 'nothing to do'),
      ],
    ]),
  );
}

const errorsText = ({
  connect,
  response,
  retries,
}: {
  connect: number;
  response: number;
  retries: number;
}): string =>
  connect + response + retries === 0
    ? 'none'
    : `${grouped(connect)} connect, ${grouped(response)} response, ${grouped(retries)} retried`;

const sinceText = ({ at, seconds }: Since): string =>
  `${span(seconds * 1_000)}, ${clock(Date.parse(at))}, by HAProxy`;

function rows(pairs: readonly (readonly [string, string | undefined | false])[]): HTMLElement {
  return h(
    'dl',
    { class: 'rows' },
    ...pairs.flatMap(([name, value]) => (value ? [h('div', {}, h('dt', {}, name), h('dd', {}, value))] : [])),
  );
}

const CHECK = { passing: 'well', warning: 'look', critical: 'failed' } as const;

function checkItem({ name, status, ofNode, output, reason }: WhyCheck): HTMLElement {
  const tone = CHECK[status as keyof typeof CHECK] ?? 'look';
  const words = reason === undefined ? output : (reason ?? 'no reason was given');
  return h(
    'li',
    {},
    h('span', { class: `standing ${tone}` }, status),
    h('span', {}, name, ofNode && h('small', {}, ' of the node')),
    words !== '' && h('code', {}, words),
  );
}

function tagItem({ said, became, text, place }: WhyTag): HTMLElement {
  const tone = became === 'used' ? 'well' : became === 'default' || became === 'ignored' ? 'look' : 'quiet';
  return h(
    'li',
    {},
    h('code', {}, place === 'Meta' ? `Meta ${said}` : said),
    h('small', { class: tone }, text),
  );
}
