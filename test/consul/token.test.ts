// Where the token comes from, how long it is kept, and what happens while the store is down.
import { describe, expect, test } from 'vitest';
import type { ConsulSettings } from '../../lib/config/consul-environment.js';
import { makeTokenSource } from '../../lib/consul/token.js';
import { systemClock } from '../../lib/run/system-clock.js';
import { failure } from './rig.js';

const MINUTE = 60_000;
const base: ConsulSettings = { addresses: [], tls: {} };
const named: ConsulSettings = { ...base, token: 'not this one', tokenParameter: '/iri-lb/token' };

/** A store that a test sets, and a clock that it moves. */
function setUp(timeoutMs = 1_000) {
  const state = { now: 0, value: 'first', error: undefined as Error | undefined, fetches: 0 };
  const lines: string[] = [];
  const source = makeTokenSource(named, {
    clock: { ...systemClock, wallMs: () => state.now },
    timeoutMs,
    log: (line) => lines.push(line),
    fetch: async (name) => {
      expect(name).toBe('/iri-lb/token');
      state.fetches += 1;
      await Promise.resolve();
      if (state.error) throw state.error;
      return state.value;
    },
  });
  return { state, source, lines };
}

describe('the source', () => {
  test('is the parameter, else the variable, else nothing', async () => {
    const { source } = setUp();
    expect([source.name, await source.get()]).toEqual(['parameter /iri-lb/token', 'first']);
    const local = makeTokenSource({ ...base, token: 'local' }, { clock: systemClock });
    expect([local.name, await local.get(), await local.refresh()]).toEqual([
      'CONSUL_HTTP_TOKEN',
      'local',
      'local',
    ]);
    const none = makeTokenSource(base, { clock: systemClock });
    expect([none.name, await none.get()]).toEqual([
      'CONSUL_HTTP_TOKEN_PARAMETER or CONSUL_HTTP_TOKEN (neither is set)',
      undefined,
    ]);
  });
});

describe('a token from the store', () => {
  test('is kept for five minutes', async () => {
    const { state, source } = setUp();
    await source.get();
    state.value = 'second';
    state.now = 5 * MINUTE - 1;
    expect(await source.get()).toBe('first');
    state.now = 5 * MINUTE;
    expect(await source.get()).toBe('second');
    expect(state.fetches).toBe(2);
  });

  test('is fetched once for all who ask at the same time', async () => {
    const { state, source } = setUp();
    expect(await Promise.all([source.get(), source.get(), source.refresh()])).toEqual([
      'first',
      'first',
      'first',
    ]);
    expect(state.fetches).toBe(1);
  });

  test('is fetched again when Consul refused it', async () => {
    const { state, source } = setUp();
    await source.get();
    state.value = 'second';
    expect(await source.refresh()).toBe('second');
    expect(await source.get()).toBe('second');
  });

  test('is used on while the store is down, which is asked every half minute and told of', async () => {
    const { state, source, lines } = setUp();
    await source.get();
    state.error = new Error('store down');
    state.now = 10 * MINUTE;
    expect(await source.get()).toBe('first');
    expect(await source.get()).toBe('first');
    expect(state.fetches).toBe(2);
    state.now += 30_000;
    expect(await source.get()).toBe('first');
    expect(state.fetches).toBe(3);
    expect(lines[0]).toBe('parameter /iri-lb/token: store down; the token read before is used on');
    state.error = undefined;
    state.value = 'second';
    state.now += 30_000;
    expect(await source.get()).toBe('second');
  });

  test('that cannot be fetched is an error of that call only', async () => {
    const { state, source } = setUp();
    state.error = new Error('store down');
    expect(await failure(source.get())).toBe('ParameterError: parameter /iri-lb/token: store down');
    state.error = undefined;
    expect(await source.get()).toBe('first');
  });

  test('ends in a line end often enough: blanks around it are not part of it', async () => {
    const { state, source } = setUp();
    state.value = ' 7ac1\n';
    expect(await source.get()).toBe('7ac1');
  });

  test.each(['', ' \n', 'a b', 'a\nX-Other: b', 'naïve'])(
    'that cannot be a token (%j) is refused, unshown',
    async (value) => {
      const { state, source } = setUp();
      state.value = value;
      expect(await failure(source.get())).toBe(
        'ParameterError: parameter /iri-lb/token: its value is no token; store the SecretID alone',
      );
    },
  );

  test('that does not come is given up, and the request is aborted', async () => {
    let aborted = false;
    const source = makeTokenSource(named, {
      clock: systemClock,
      timeoutMs: 20,
      fetch: (_, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
        }),
    });
    expect(await failure(source.get())).toContain('no answer within 20 ms; is the SSM endpoint reachable');
    expect(aborted).toBe(true);
  });
});
