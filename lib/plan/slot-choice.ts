// Which slot a newcomer gets: the one its hash prefers, else the next; the same on every load balancer. Pure.
import type { Availability } from './placement.js';

/** The slot index, from 0, that a key prefers among `count` slots. */
export function preferredIndex(key: string, count: number): number {
  // FNV-1a, then MurmurHash3's finaliser: neighbouring addresses spread over all slots.
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % count;
}

/** The order of choice, after those that are idle. */
const OTHERS = ['busy', 'leaving', 'kept-dead', 'kept'] as const;

/**
 * Gives each key (in the order given) the index of a slot, or undefined when none is left: first the one in
 * which others of the fleet have it (`elsewhere`, in the order of the keys), then all that can have the slot they
 * prefer, then the next one after it, kind by kind. Linear in keys and slots.
 */
export function chooseSlots(
  keys: readonly string[],
  slots: readonly Availability[],
  elsewhere: readonly (number | undefined)[] = [],
): (number | undefined)[] {
  const chosen = new Array<number | undefined>(keys.length).fill(undefined);
  if (slots.length === 0) return chosen;
  const idle = new NextSlot(slots, 'idle');
  // Most plans need none of these.
  const made = new Map<Availability, NextSlot>();
  const next = (kind: Availability): NextSlot => {
    const known = made.get(kind) ?? new NextSlot(slots, kind);
    made.set(kind, known);
    return known;
  };
  for (const [at, index] of elsewhere.entries())
    if (index !== undefined) chosen[at] = idle.takeExactly(index) ?? next('busy').takeExactly(index);
  for (const [at, key] of keys.entries())
    chosen[at] ??=
      elsewhere[at] === undefined ? idle.takeExactly(preferredIndex(key, slots.length)) : undefined;
  for (const [at, key] of keys.entries()) {
    if (chosen[at] !== undefined) continue;
    const from = elsewhere[at] ?? preferredIndex(key, slots.length);
    chosen[at] = idle.takeFrom(from);
    for (const kind of OTHERS) chosen[at] ??= next(kind).takeFrom(from);
  }
  return chosen;
}

/** Finds the next slot of a kind at or after an index, around the end; union-find keeps it linear. */
class NextSlot {
  private readonly next: Int32Array;

  constructor(slots: readonly Availability[], kind: Availability) {
    this.next = new Int32Array(slots.length + 1);
    for (let index = 0; index < slots.length; index += 1)
      this.next[index] = slots[index] === kind ? index : index + 1;
    this.next[slots.length] = slots.length;
  }

  takeExactly(index: number): number | undefined {
    return this.find(index) === index ? this.take(index) : undefined;
  }

  takeFrom(index: number): number | undefined {
    const end = this.next.length - 1;
    const after = this.find(index);
    const found = after === end ? this.find(0) : after;
    return found === end ? undefined : this.take(found);
  }

  private take(index: number): number {
    this.next[index] = index + 1;
    return index;
  }

  private find(index: number): number {
    let root = index;
    while (this.at(root) !== root) root = this.at(root);
    for (let at = index; at !== root; ) {
      const following = this.at(at);
      this.next[at] = root;
      at = following;
    }
    return root;
  }

  private at(index: number): number {
    return this.next[index] ?? this.next.length - 1;
  }
}
