// What HAProxy has to hold, worked out from Consul's own answer and apart from the code under test.
import type { ConsulApi } from '../../infra/local/consul-api.js';

interface Row {
  readonly Service: {
    readonly Address: string;
    readonly Port: number;
    readonly Tags: readonly string[];
  };
  readonly Checks: readonly { readonly Status: string }[];
}

/**
 * The servers of one backend of the IRI layout as `readyServers` prints them: every instance of `iri`
 * that is not critical, by a quorum's word. For instances that are reached in plain.
 */
export async function wantedServers(consul: ConsulApi, backend: string): Promise<string[]> {
  const rows = (await consul.request('GET', '/v1/health/service/iri?consistent')) as readonly Row[];
  const pools = backend === 'iri_pow_back' ? ['true', 'only'] : [undefined, 'false', 'true'];
  const lowest = backend === 'iri_pow_back' ? '1' : '0';
  return rows
    .filter(({ Checks }) => Checks.every(({ Status }) => Status !== 'critical'))
    .map(({ Service: { Address, Port, Tags } }) => {
      const tags = new Map(Tags.map((tag) => tag.split('=') as [string, string]));
      const {
        weight = '1',
        maxconn = lowest,
        pow,
      } = Object.fromEntries([...tags].map(([key, value]) => [key.replace('haproxy.', ''), value]));
      return { pow, text: `irisrv ${Address}:${Port} w${weight} m${maxconn}` };
    })
    .filter(({ pow }) => pools.includes(pow))
    .map(({ text }) => text)
    .sort();
}
