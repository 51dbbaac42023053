// LB_CONFIG as those read it who render: what runs read of it, all of `haproxy`, and `hosts`. Pure.
import * as v from 'valibot';
import { type Config, configSchema } from '../config/pools.js';
import { type Host, hosts } from './hosts.js';
import { type FrontendSettings, frontendSettings } from './settings.js';

export interface RenderConfig extends Omit<Config, 'haproxy' | 'hosts'> {
  readonly haproxy: FrontendSettings;
  readonly hosts: readonly Host[];
}

const rendered = v.object({ haproxy: v.optional(frontendSettings, {}), hosts: v.optional(hosts, []) });

/** Tells at once what is wrong with the part that runs read and with what only rendering reads. */
export const renderConfigSchema = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, RenderConfig>(({ dataset: { value }, addIssue, NEVER }) => {
    const config = v.safeParse(configSchema, value);
    const own = v.safeParse(rendered, {
      haproxy: memberOf(value, 'haproxy'),
      hosts: memberOf(value, 'hosts'),
    });
    if (config.success && own.success) return { ...config.output, ...own.output };
    // Runs read a part of `haproxy`: what is wrong with that is among the problems of all of it.
    const others = (config.issues ?? []).filter(({ path }) => path?.[0].key !== 'haproxy');
    for (const { message, path } of [...others, ...(own.issues ?? [])])
      addIssue({ message, ...(path ? { path } : {}) });
    return NEVER;
  }),
);

function memberOf(config: unknown, name: 'haproxy' | 'hosts'): unknown {
  return typeof config === 'object' && config !== null
    ? (config as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
