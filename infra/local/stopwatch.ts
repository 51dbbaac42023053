// Knows when Consul's index moved, to say how long a change took from Consul to HAProxy.
import { makeHttpClient } from '../../lib/consul/http.js';

export interface Stopwatch {
  /**
   * Milliseconds from the first change that no earlier report covered to `doneAt` (of `performance.now()`), for a
   * report that read Consul at `index` (of one service, or `service=index` of each, comma-separated); undefined where
   * no change is known. From then on these changes are covered.
   */
  covered(index: string, doneAt: number): number | undefined;
  close(): void;
}

/** How long a query blocks; Consul adds up to a sixteenth, and the answer takes its time. */
const WAIT_MS = 60_000;
const TIMEOUT_MS = 70_000;

type Access = { readonly url: string; readonly token: string };

/** Watches each service with a blocking query of its own: it returns the moment that the index moves. */
export function watchIndexes(consul: Access, services: readonly string[]): Stopwatch {
  const watches = services.map((service) => ({ service, watch: watchIndex(consul, service) }));
  return {
    covered: (text, doneAt) => {
      const lags = watches.flatMap(({ service, watch }) => {
        const index = indexOf(service, text, services.length);
        return index === undefined ? [] : (watch.covered(index, doneAt) ?? []);
      });
      return lags.length === 0 ? undefined : Math.max(...lags);
    },
    close: () => {
      for (const { watch } of watches) watch.close();
    },
  };
}

/** Of one service in a report; names may have any letter, so that they are looked for whole. */
function indexOf(service: string, text: string, services: number): bigint | undefined {
  if (services === 1) return /^\d+$/.test(text) ? BigInt(text) : undefined;
  const at = `,${text},`.indexOf(`,${service}=`);
  const digits = at < 0 ? undefined : /^\d+(?=,|$)/.exec(text.slice(at + service.length + 1))?.[0];
  return digits === undefined ? undefined : BigInt(digits);
}

interface IndexWatch {
  covered(index: bigint, doneAt: number): number | undefined;
  close(): void;
}

function watchIndex({ url, token }: Access, service: string): IndexWatch {
  const client = makeHttpClient(url, { tls: {} });
  const path = `/v1/health/service/${encodeURIComponent(service)}`;
  const question = { method: 'GET', path, secret: token, timeoutMs: TIMEOUT_MS };
  let going = true;
  let seen: { readonly index: bigint; readonly at: number }[] = [];

  const follow = async (): Promise<void> => {
    let index = 0n;
    while (going) {
      try {
        const query = index > 0n ? { index: String(index), wait: `${WAIT_MS}ms` } : {};
        const { headers } = await client.request({ ...question, query });
        const at = performance.now();
        const next = BigInt(String(headers['x-consul-index'] ?? 0));
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
    covered: (index, doneAt) => {
      const first = seen.find((entry) => entry.index <= index);
      seen = seen.filter((entry) => entry.index > index);
      return first && Math.round(doneAt - first.at);
    },
    close: () => {
      going = false;
      client.close();
    },
  };
}
