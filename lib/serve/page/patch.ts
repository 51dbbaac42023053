// What is another between two snapshots, as small as it can be told. Pure.
import type { PatchMessage, ShownSlots, SlotCells } from './shown.js';
import type { Snapshot } from './snapshot.js';

type Patch = Pick<PatchMessage, 'head' | 'cells' | 'load'>;

/** Undefined: everything has to be told anew, since the slots are others. */
export function patchBetween(before: Snapshot, after: Snapshot): Patch | undefined {
  if (!haveSameSlots(before.slots, after.slots)) return undefined;
  const cells = changedCells(before.slots, after.slots);
  const isSameHead = JSON.stringify(before.head) === JSON.stringify(after.head);
  const isSameLoad = JSON.stringify(before.load) === JSON.stringify(after.load);
  return {
    ...(isSameHead ? {} : { head: after.head }),
    ...(Object.keys(cells).length === 0 ? {} : { cells }),
    ...(isSameLoad ? {} : { load: after.load }),
  };
}

function haveSameSlots(before: readonly ShownSlots[], after: readonly ShownSlots[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ backend, names }, at) => {
      const other = after[at];
      return (
        other?.backend === backend &&
        other.names.length === names.length &&
        names.every((name, index) => name === other.names[index])
      );
    })
  );
}

function changedCells(
  before: readonly ShownSlots[],
  after: readonly ShownSlots[],
): NonNullable<PatchMessage['cells']> {
  const changed: Record<number, [number, SlotCells][]> = {};
  for (const [pool, { cells }] of after.entries())
    for (const [slot, cell] of cells.entries()) {
      const old = before[pool]?.cells[slot];
      if (old === cell || (old !== 0 && cell !== 0 && JSON.stringify(old) === JSON.stringify(cell))) continue;
      const known = changed[pool];
      if (known) known.push([slot, cell]);
      else changed[pool] = [[slot, cell]];
    }
  return changed;
}
