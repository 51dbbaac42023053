// The heap that Node is given in a function, measured with Node itself.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { heapOptions } from '../../infra/stack/environment.js';

const MB = 1024 * 1024;

/** How large Node lets its heap become, all spaces together, in bytes. */
function heapLimit(memoryMb: number): number {
  const script = "console.log(require('node:v8').getHeapStatistics().heap_size_limit)";
  const env = { PATH: process.env.PATH ?? '', NODE_OPTIONS: heapOptions(memoryMb) };
  return Number(execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }));
}

describe('the heap of a function', () => {
  it.each([128, 512, 1_024, 10_240])('of %d MB leaves room for Node and for answers', (memoryMb) => {
    const limit = heapLimit(memoryMb);
    expect(limit).toBeLessThanOrEqual(0.7 * memoryMb * MB);
    expect(limit).toBeGreaterThanOrEqual(0.5 * memoryMb * MB);
  });

  it('has the semi spaces that runs were measured with, where there is memory for them', () => {
    expect(heapOptions(512)).toBe('--max-old-space-size=256 --max-semi-space-size=32');
  });
});
