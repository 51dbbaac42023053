// How much memory there is, and how much of it answers that are read may take.
import { getHeapStatistics } from 'node:v8';

/** Of the memory there is, one answer may take this much. */
const ANSWER_SHARE = 1 / 8;
/** All that are on their way together. */
const TOTAL_SHARE = 1 / 2;

/** The heap's limit, or what the operating system gives this process, whichever is less, in bytes. */
export function memoryBytes(): number {
  const heap = getHeapStatistics().heap_size_limit;
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(heap, constrained) : heap;
}

/** What is held of answers that are on their way, in this process. */
let heldBytes = 0;

/** The part of one answer in the memory that answers may take; `release` when it was read or given up. */
export interface AnswerShare {
  /** Takes note that the answer has so many bytes by now; throws in our words where that is too much. */
  grow(toBytes: number): void;
  release(): void;
}

export function makeAnswerShare(memory = memoryBytes()): AnswerShare {
  let own = 0;
  const set = (bytes: number): void => {
    heldBytes += bytes - own;
    own = bytes;
  };
  return {
    grow(toBytes) {
      set(toBytes);
      const most = Math.floor(memory * ANSWER_SHARE);
      if (own > most) throw new Error(`an answer of more than ${most} bytes`);
      if (heldBytes > memory * TOTAL_SHARE) throw new Error('more answers at once than fit into memory');
    },
    release: () => set(0),
  };
}
