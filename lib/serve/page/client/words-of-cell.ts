// A slot in words: what it is, who has it, and what the next run does with it. Pure.
import type { Cell, CellWord } from '../shown.js';

export const WORDS: Readonly<Record<CellWord, string>> = {
  serving: 'serving',
  down: 'DOWN by HAProxy’s check',
  'weight-0': 'ready, weight 0',
  drain: 'in drain',
  maintenance: 'in maintenance',
  free: 'free',
};

export const LEGEND: readonly (readonly [CellWord, string])[] = [
  ['serving', 'serving'],
  ['weight-0', 'weight 0'],
  ['drain', 'drain'],
  ['maintenance', 'maintenance'],
  ['down', 'down'],
  ['free', 'free'],
];

const NEXT: Readonly<Record<string, string>> = {
  add: 'the next run puts somebody in',
  update: 'the next run changes it',
  enable: 'the next run takes it into rotation',
  disable: 'the next run takes it out of rotation',
  remove: 'the next run removes it',
};

export function cellWords(cell: Cell | null): readonly string[] {
  if (cell === null) return ['not known'];
  if (cell === 0) return ['free'];
  const [word, at, instance, weight, maxconn, pending] = cell;
  return [
    WORDS[word],
    ...(instance === null ? [] : [instance]),
    ...(at === '' || at === '-' ? [] : [at]),
    ...(word === 'free' ? [] : [`weight ${weight}, ${maxconn === 0 ? 'no limit' : `maxconn ${maxconn}`}`]),
    ...(pending === '' ? [] : [NEXT[pending] ?? pending]),
  ];
}
