// Finds slots and instances by what somebody types: in the maps, and as a list to choose of.
import type { Cell } from '../shown.js';
import { byId, fill, h } from './dom.js';
import { cellAt, type Store } from './store.js';
import { grouped, plural } from './words.js';
import { WORDS } from './words-of-cell.js';

const MOST_SHOWN = 50;

interface Found {
  readonly name: string;
  readonly where: string;
  readonly at: string;
  readonly words: readonly string[];
}

/** Undefined: nobody searches. */
export function finderOf(text: string): ((name: string) => boolean) | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return undefined;
  return (name) => name.toLowerCase().includes(wanted);
}

export function showResults(store: Store, text: string, choose: (name: string) => void): void {
  const section = byId('results');
  const isFound = finderOf(text);
  section.hidden = isFound === undefined;
  if (!isFound) return;
  const found = foundIn(store, isFound);
  const shown = found.slice(0, MOST_SHOWN);
  fill(
    section,
    h(
      'div',
      { class: 'section-head' },
      h(
        'h2',
        { id: 'results-title' },
        found.length === 0 ? 'Nobody is found' : `${plural(found.length, 'match', 'matches')}`,
      ),
    ),
    found.length === 0
      ? h(
          'p',
          { class: 'card quiet empty' },
          'No instance, address or slot has that in its name. ',
          h(
            'button',
            { type: 'button', class: 'more', 'data-key': 'ask', onclick: () => choose(text.trim()) },
            `Ask why ${text.trim()}`,
          ),
        )
      : h(
          'ul',
          { class: 'card results' },
          ...shown.map(({ name, where, at, words }) =>
            h(
              'li',
              {},
              h(
                'button',
                { type: 'button', 'data-key': `${where} ${name}`, onclick: () => choose(name) },
                h('strong', { class: 'mono' }, name),
                h('span', { class: 'mono quiet' }, [at, where].filter(Boolean).join(' · ')),
                h('span', { class: 'quiet' }, words.join(' / ')),
              ),
            ),
          ),
        ),
    found.length > MOST_SHOWN &&
      h('p', { class: 'quiet' }, `${grouped(found.length - MOST_SHOWN)} more; type more of the name`),
  );
}

/** The first that is found, for Enter. */
export function firstFound(store: Store, text: string): string | undefined {
  const isFound = finderOf(text);
  return isFound && (foundIn(store, isFound)[0]?.name ?? text.trim());
}

function foundIn({ head, slots }: Store, isFound: (name: string) => boolean): Found[] {
  const found: Found[] = [];
  const balancers = head?.balancers.length ?? 0;
  for (const pool of slots)
    for (const [at, cells] of pool.cells.entries()) {
      if (cells === 0) continue;
      const each = Array.from({ length: balancers }, (_, balancer) => cellAt(cells, balancer));
      const used = each.filter(
        (cell): cell is Exclude<Cell, 0> => cell !== null && cell !== 0 && cell[0] !== 'free',
      );
      const where = `${pool.backend}/${pool.names[at] ?? ''}`;
      const names = [...new Set(used.map(([, address, instance]) => instance ?? address))];
      for (const name of names) {
        const own = used.filter(([, address, instance]) => (instance ?? address) === name);
        const address = own[0]?.[1] ?? '';
        if (!isFound(`${where} ${name} ${address}`)) continue;
        found.push({
          name: own[0]?.[2] ?? where,
          where,
          at: address,
          words: [...new Set(own.map(([word]) => WORDS[word]))],
        });
      }
    }
  for (const [instance, at, health] of head?.unslotted ?? [])
    if (isFound(`${instance} ${at}`))
      found.push({ name: instance, where: 'in no slot', at, words: [`${health} in Consul`] });
  return found;
}
