// Where no instance may be, because the load balancers listen there.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { environmentOf } from '../../infra/stack/environment.js';
import { listenersOf } from '../../infra/stack/listeners.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import { exampleSettings } from './example.js';

const pools = [{ backend: 'web', service: 'web', ranges: [{ prefix: 'web' }] }];
const of = (haproxy: object) => listenersOf(v.parse(renderConfigSchema, { pools, haproxy }));

describe('the listeners of a rendered configuration', () => {
  it('are its frontend, admin socket, stats page, gateway and peers, on all load balancers', () => {
    const members = ['a', 'b'].map((name, index) => ({ name, address: `10.0.${index}.5:1024` }));
    expect(
      of({
        frontend: { bind: '[::]:443' },
        admin: { bind: '127.0.0.1:9999', read: '127.0.0.1:9990' },
        stats: { bind: '10.0.1.5:9292' },
        peers: { local: 'a', members },
        gateway: { bind: '10.0.1.5:9998', readBind: '10.0.1.5:9997', sources: ['10.0.10.0/24'] },
      }),
    ).toEqual(['*:1024', '*:443', '*:9292', '*:9997', '*:9998', '127.0.0.1:9990', '127.0.0.1:9999']);
  });

  it('are none that are sockets, or not there', () => {
    expect(of({ frontend: { bind: '0.0.0.0:80' }, admin: { bind: '/run/a.sock' }, stats: false })).toEqual([
      '*:80',
    ]);
  });

  it('are told to the functions beside those that the settings name, by those that know them', () => {
    const settings = exampleSettings();
    const named = { ...settings.config, listeners: ['10.0.9.9:22'] };
    const { LB_CONFIG = '' } = environmentOf({ ...settings, config: named });
    expect(JSON.parse(LB_CONFIG).listeners).toEqual(['10.0.9.9:22', ...listenersOf(settings.config)]);
    const { listeners: _, ...unknown } = named;
    const before = environmentOf({ ...settings, config: unknown as typeof settings.config });
    expect(JSON.parse(before.LB_CONFIG ?? '')).not.toHaveProperty('listeners');
  });
});
