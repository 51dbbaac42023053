// Proof of work: which pool is for it, and which requests go there. Pure.
import { REQUEST_COMMAND } from './command.js';
import type { Rule } from './request-rules.js';
import type { IriSettings } from './settings.js';

/** Requests that go to a backend of their own. */
export interface Route {
  readonly backend: string;
  readonly balance: 'source' | 'leastconn';
  readonly rules: readonly Rule[];
}

/** Of a pool: its backend, and the values of tags that its instances have; `null` is "the tag is absent". */
export interface PoolRule {
  readonly backend: string;
  readonly select: Readonly<Record<string, readonly (string | null)[]>>;
}

/** Instances without the tag `pow` are not for it: they would be asked for work that they refuse. */
export function isPowPool({ select: { pow } }: PoolRule): boolean {
  return (
    pow !== undefined && !pow.includes(null) && pow.some((value) => value === 'true' || value === 'only')
  );
}

/** Where proof of work goes: the backend that is named, else the first pool for it; undefined where there is none. */
export function powRoute(settings: IriSettings, pools: readonly PoolRule[]): Route | undefined {
  const { powBackend, powBalance: balance, powCommands: values } = settings;
  const backend = powBackend ?? pools.find(isPowPool)?.backend;
  if (backend === undefined) return undefined;
  if (values.length === 0) return { backend, balance, rules: [] };
  return {
    backend,
    balance,
    rules: [
      { acl: { name: 'pow_command', test: `${REQUEST_COMMAND} -m str`, values } },
      { line: `use_backend ${backend} if pow_command` },
    ],
  };
}
