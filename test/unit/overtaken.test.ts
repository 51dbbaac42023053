// Runs during which Consul's word changes, with a socket that others can write to as well.
import { describe, expect, it } from 'vitest';
import { haproxyFor, memoryCatalog, parseConfig, readyIn, runOnce } from '../simulation/rig.js';
import { row } from './catalog.js';

const config = parseConfig();

describe('a run that wrote asks Consul again', () => {
  it('and goes on while its word changes, at most twice', async () => {
    const haproxy = haproxyFor(config, 9);
    const catalog = memoryCatalog([row({ id: 'n0' })]);
    const moving = {
      ...catalog,
      readService: (service: string) => catalog.readService(service),
      readIndex: async () => {
        const next = Number(catalog.index) + 1;
        catalog.index = String(next);
        catalog.rows = [...catalog.rows, row({ id: `n${next}`, address: `10.0.0.${next}` })];
        return catalog.index;
      },
    };
    const { only } = await runOnce({ haproxy, catalog: moving });
    expect(only).toMatchObject({ outcome: 'changed', warnings: [] });
    expect(catalog.reads).toBe(3);
    expect(readyIn(haproxy, 'iri_back')).toHaveLength(3);
  });

  it('and takes no answer for no change, with a warning', async () => {
    const haproxy = haproxyFor(config, 4);
    const readIndex = async (): Promise<string> => {
      throw new Error('consul: cut off');
    };
    const { only } = await runOnce({ haproxy, catalog: { ...memoryCatalog([row()]), readIndex } });
    expect(only).toMatchObject({
      outcome: 'changed',
      warnings: ['Consul could not be asked again after writing: consul: cut off'],
    });
    expect(only.error).toBeUndefined();
  });

  it('and not when it only plans, or had nothing to write', async () => {
    const haproxy = haproxyFor(config, 4);
    let asked = 0;
    const memory = memoryCatalog([row()]);
    const catalog = { ...memory, readIndex: async () => String(++asked) };
    await runOnce({ haproxy, catalog, mode: 'plan' });
    await runOnce({ haproxy, catalog: memory });
    await runOnce({ haproxy, catalog });
    expect(asked).toBe(0);
  });
});
