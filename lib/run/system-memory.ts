// How much memory this process may use: that of its heap, or of its container where that is less.
import { getHeapStatistics } from 'node:v8';
import { type AnswerBudget, makeAnswerBudget } from '../model/memory.js';

/** In bytes. */
export function memoryBytes(): number {
  const { heap_size_limit: heap } = getHeapStatistics();
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(heap, constrained) : heap;
}

/** What all answers of this process share. */
export const systemAnswerBudget: AnswerBudget = makeAnswerBudget(memoryBytes());
