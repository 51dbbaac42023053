// Runs beside agent-checks: what they write, and what they leave alone.
import { describe, expect, it } from 'vitest';
import { emptyingConfig, haproxyFor, memoryCatalog, runOnce, writesOf } from '../simulation/rig.js';
import { row } from '../simulation/row.js';

const config = emptyingConfig();
const critical = row({ status: 'critical' });

/** One slot, with an agent that says nothing but `up` at first, and somebody ready in it. */
async function served() {
  const haproxy = haproxyFor(config, 1);
  const slot = haproxy.server('iri_back', 'irisrv1');
  slot.agent = 'L7OK';
  const run = async (...rows: readonly unknown[]) => {
    haproxy.lines.length = 0;
    const { only } = await runOnce({ haproxy, catalog: memoryCatalog(rows), config });
    return { only, writes: writesOf(haproxy) };
  };
  await run(row());
  return { slot, run };
}

describe('a slot that an agent drained', () => {
  it('is left alone while its instance is in Consul, and claimed through maintenance once nobody is there', async () => {
    const { slot, run } = await served();
    Object.assign(slot, { state: 'drain', agent: 'CHECKED' });
    const held = await run(row());
    expect(held.writes).toEqual([]);
    expect(held.only.pools[0]).toMatchObject({ held: 1, free: 2 });

    slot.agent = 'L4CON';
    const gone = await run();
    expect(gone.writes).toEqual([]);
    expect(gone.only.pools[0]).toMatchObject({ held: 0, free: 3, maintenance: 3 });

    const claimed = await run(row({ id: 'next', address: '10.0.0.2' }));
    expect(claimed.writes[0]).toBe('set server iri_back/irisrv1 state maint');
    expect(claimed.writes.at(-1)).toBe('set server iri_back/irisrv1 state ready');
    expect(slot).toMatchObject({ address: '10.0.0.2', state: 'ready' });
  });
});

describe('a slot whose agent says percentages', () => {
  it('is marked while a run has it in maintenance, and made ready without the mark', async () => {
    const { slot, run } = await served();
    slot.agent = 'CHECKED';
    await run(critical);
    expect(slot).toMatchObject({ state: 'maintenance', maxconn: 1_000_000 });
    expect((await run(critical)).writes).toEqual([]);
    await run(row());
    expect(slot).toMatchObject({ state: 'ready', maxconn: 0 });
    expect((await run(row())).writes).toEqual([]);
  });
});
