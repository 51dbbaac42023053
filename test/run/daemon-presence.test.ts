// Who answers at each admin address: another process is told of, and one that takes turns with another not for ever.
import { afterEach, expect, it } from 'vitest';
import { waitFor } from '../../infra/local/wait-for.js';
import type { Identity } from '../../lib/haproxy/identity.js';
import { type Answerer, isOtherProcess } from '../../lib/haproxy/who-answers.js';
import { makePresence, type Presence } from '../../lib/run/daemon/presence.js';

const ADDRESS = { kind: 'unix', path: '/run/a.sock' } as const;
const NAME = 'unix:/run/a.sock';
const identity = (more: Partial<Identity> = {}): Identity => ({
  pid: 7,
  node: 'a',
  startedAt: undefined,
  uptimeSeconds: 100,
  stopping: false,
  connections: 10,
  ...more,
});

let presence: Presence | undefined;
afterEach(() => presence?.close());

/** Looks that end in each of these, and then in the last one. */
function follow(...answers: readonly Answerer[]) {
  const told: (readonly [string, boolean])[] = [];
  const left = [...answers];
  let looks = 0;
  presence = makePresence({
    ask: async () => {
      looks += 1;
      const next = left.length > 1 ? left.shift() : left[0];
      if (next === undefined) throw new Error('no answer');
      return next;
    },
    isRunning: () => false,
    onNew: (address, isFirst) => void told.push([address, isFirst]),
  });
  presence.follow([ADDRESS]);
  const until = (count: number) => waitFor(() => looks >= count, { what: `${count} looks` });
  return { told, until, presence };
}

it('tells of the first, and of whoever comes back', async () => {
  const { told, until, presence: made } = follow(identity(), 'nobody', 'nobody', identity({ pid: 8 }));
  await until(2);
  expect(told).toEqual([[NAME, true]]);
  await waitFor(() => made.error(NAME) !== undefined, { what: 'it to be away' });
  await waitFor(() => told.length === 2, { what: 'the next one to be told of' });
  expect(told[1]).toEqual([NAME, false]);
  expect(made.error(NAME)).toBeUndefined();
});

it('knows nothing new of one that is busy, or is being replaced', async () => {
  const { told, until } = follow('nobody', 'nobody', identity({ stopping: true }), 'busy', identity());
  await until(3);
  expect(told).toEqual([]);
});

it.each([
  [{ pid: 8 }, true],
  [{ uptimeSeconds: 0 }, true],
  [{ connections: 3 }, true],
  [{ uptimeSeconds: 101, connections: 12 }, false],
  [{ startedAt: 5 }, false],
] as const)('%j after the same pid is another process: %s', (later, isOther) => {
  expect(isOtherProcess(identity(), identity(later))).toBe(isOther);
});

it('follows nobody once it is closed', async () => {
  const { told, presence: made } = follow(identity());
  made.close();
  made.follow([ADDRESS]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([]);
});
