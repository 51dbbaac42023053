// LB_CONFIG as those read it who render: what runs read of it, and all of `haproxy`. Pure.
import * as v from 'valibot';
import { type Config, configSchema } from '../config/pools.js';
import { type FrontendSettings, frontendSettings } from './settings.js';

export interface RenderConfig extends Omit<Config, 'haproxy'> {
  readonly haproxy: FrontendSettings;
}

const allOfHAProxy = v.object({ haproxy: v.optional(frontendSettings, {}) });

/** Tells at once what is wrong with the part that runs read and with what only rendering reads. */
export const renderConfigSchema = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, RenderConfig>(({ dataset: { value }, addIssue, NEVER }) => {
    const config = v.safeParse(configSchema, value);
    const own = v.safeParse(allOfHAProxy, { haproxy: haproxyOf(value) });
    if (config.success && own.success) return { ...config.output, ...own.output };
    // Runs read a part of `haproxy`: what is wrong with that is among the problems of all of it.
    const others = (config.issues ?? []).filter(({ path }) => path?.[0].key !== 'haproxy');
    for (const { message, path } of [...others, ...(own.issues ?? [])])
      addIssue({ message, ...(path ? { path } : {}) });
    return NEVER;
  }),
);

function haproxyOf(config: unknown): unknown {
  return typeof config === 'object' && config !== null && 'haproxy' in config ? config.haproxy : undefined;
}
