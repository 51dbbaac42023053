// Knows when Consul's index moved, to say how long a change took from Consul to HAProxy.
import type { ConsulApi } from './consul-api.js';

export interface Stopwatch {
  /**
   * Milliseconds from the first change that no earlier report covered to `doneAt`, for a report that read
   * Consul at `index`; undefined where no change is known. From then on these changes are covered.
   */
  covered(index: string, doneAt: number): number | undefined;
  close(): void;
}

/** Watches a service with a blocking query of its own: it returns the moment that the index moves. */
export function watchIndex(
  consul: ConsulApi & { readonly url: string; readonly token: string },
  service: string,
) {
  const abort = new AbortController();
  let seen: { readonly index: bigint; readonly at: number }[] = [];

  const follow = async (): Promise<void> => {
    let index = 0n;
    while (!abort.signal.aborted) {
      try {
        const response = await fetch(`${consul.url}/v1/health/service/${service}?index=${index}&wait=60s`, {
          headers: { 'X-Consul-Token': consul.token },
          signal: abort.signal,
        });
        const at = Date.now();
        await response.arrayBuffer();
        const next = BigInt(response.headers.get('x-consul-index') ?? 0);
        if (index > 0n && next > index) seen.push({ index: next, at });
        index = next >= index ? next : 0n;
      } catch {
        // Consul is being restarted or we are: an unknown time is shown as none.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  void follow();

  return {
    covered: (text, doneAt) => {
      const index = BigInt(text);
      const first = seen.find((entry) => entry.index <= index);
      seen = seen.filter((entry) => entry.index > index);
      return first && doneAt - first.at;
    },
    close: () => abort.abort(),
  } satisfies Stopwatch;
}
