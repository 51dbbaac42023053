// The environment variables of the functions, from the stack's settings. Pure.
import { listenersOf } from './listeners.js';
import type { StackSettings } from './settings.js';

/** As both functions read them; a secret is only ever named. */
export function environmentOf(settings: StackSettings): Record<string, string> {
  const { consul, haproxy, config } = settings;
  const { tls } = haproxy;
  return {
    CONSUL_HTTP_ADDR: consul.addresses.join(','),
    CONSUL_HTTP_TOKEN_PARAMETER: consul.tokenParameter,
    HAPROXY_ADDRESSES: haproxy.addresses.join(','),
    LB_CONFIG: JSON.stringify({
      ...config,
      ...withListeners(config),
      haproxy: readByRuns(config),
      hosts: undefined,
    }),
    NODE_OPTIONS: heapOptions(settings.memoryMb),
    METRICS_NAMESPACE: namespaceOf(settings),
    ...(consul.caParameter ? { CONSUL_CACERT: `ssm:${consul.caParameter}` } : {}),
    ...(tls
      ? {
          HAPROXY_CACERT: `ssm:${tls.caParameter}`,
          HAPROXY_CLIENT_CERT: `ssm:${tls.certParameter}`,
          HAPROXY_CLIENT_KEY: `ssm:${tls.keyParameter}`,
        }
      : {}),
  };
}

/**
 * Node's heap within the memory that a function has, in megabytes: half of it for what lives long, up to three
 * semi spaces for what does not, the rest for answers, which are no heap, and for Node itself. By its own
 * defaults Node may fill more than there is, and is killed without a word. Runs make many short-lived objects:
 * with semi spaces of 32 MB one that filled 4,000 slots took 287 ms and not 358.
 */
export function heapOptions(memoryMb: number): string {
  const semiMb = Math.max(1, Math.min(32, Math.floor(memoryMb / 16)));
  return `--max-old-space-size=${Math.floor(memoryMb / 2)} --max-semi-space-size=${semiMb}`;
}

/** With what is rendered from the same settings; only where the functions know `listeners`. */
function withListeners(config: StackSettings['config'] & { readonly listeners?: readonly string[] }): object {
  if (config.listeners === undefined) return {};
  return { listeners: [...new Set([...config.listeners, ...listenersOf(config)])] };
}

/** Of HAProxy's own settings the functions read two; the others would take the room that pools need. */
function readByRuns({ haproxy: { iri, stateFile } }: StackSettings['config']): object | undefined {
  const read = { ...(iri === false ? { iri } : {}), ...(stateFile === undefined ? {} : { stateFile }) };
  return Object.keys(read).length === 0 ? undefined : read;
}

/** CloudWatch namespace of this deployment's metrics. */
export function namespaceOf({ name }: StackSettings): string {
  return `IriLb/${name}`;
}

/** Every parameter that the functions read, each once. */
export function parametersOf({ consul, haproxy }: StackSettings): string[] {
  const { tls } = haproxy;
  const names = [
    consul.tokenParameter,
    consul.caParameter,
    tls?.caParameter,
    tls?.certParameter,
    tls?.keyParameter,
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}
