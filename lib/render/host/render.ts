// Renders all files of one host, a load balancer or the host of a Consul agent, and says what is missing. Pure.
import { printHostPort } from '../../model/address.js';
import { ConfigError } from '../../model/errors.js';
import { quote } from '../../model/text.js';
import type { RenderConfig } from '../config.js';
import { type AgentOptions, renderConsulAgent } from '../consul/agent.js';
import { forPeer } from '../haproxy/peers.js';
import { renderHAProxy } from '../haproxy/render.js';
import type { Host } from '../hosts.js';
import { agentFiles, type HostFile, loadBalancerFiles } from '../systemd/render.js';

/** What only people have: keys, certificates, and what no setting says. */
export interface ToAdd {
  readonly path: string;
  readonly what: string;
}

export interface HostTree {
  readonly files: readonly HostFile[];
  /** Of what is to be added; closed to all but their owner. */
  readonly folders: readonly string[];
  readonly toAdd: readonly ToAdd[];
}

/** A program of ours as it was built; undefined: it was not. */
export type Programs = (name: 'forwarder.mjs' | 'node-check.mjs') => string | undefined;

/** Throws ConfigError where nobody has the name, or settings do not fit together. */
export function renderHost(
  config: RenderConfig,
  name: string,
  agent: AgentOptions,
  programs: Programs,
): HostTree {
  const entries = config.hosts.filter((host) => host.name === name);
  if (entries.length === 0) {
    const known = [...new Set(config.hosts.map((host) => host.name))].join(', ');
    const message = `${quote(name)} is no host; ${known === '' ? 'LB_CONFIG has no hosts' : `use ${known}`}`;
    throw new ConfigError('arguments', [{ path: 'render host', message }]);
  }
  const trees = entries.map((host) =>
    host.role === 'agent' ? agentTree(config, agent, programs) : balancerTree(config, host, agent),
  );
  return {
    files: trees.flatMap(({ files }) => files),
    folders: trees.flatMap(({ folders }) => folders),
    toAdd: trees.flatMap(({ toAdd }) => toAdd),
  };
}

function balancerTree(config: RenderConfig, host: Host, { forwarderUrl }: AgentOptions): HostTree {
  const own = { ...config, haproxy: ofHost(config.haproxy, host) };
  const { gateway, frontend, servers } = own.haproxy;
  const folder = '/etc/iri-lb/gateway';
  return {
    files: [
      // It may hold hashes of passwords; HAProxy reads it before it gives root up.
      { path: '/etc/haproxy/haproxy.cfg', mode: '600', text: renderHAProxy(own) },
      ...loadBalancerFiles(own, { forwarderUrl }),
    ],
    folders: gateway ? [folder] : [],
    toAdd: [
      ...(gateway
        ? [
            {
              path: `${folder}/server.pem`,
              what: `the gateway's certificate for ${host.address}, and its key`,
            },
            { path: `${folder}/ca.pem`, what: "the authority of the functions' certificates" },
          ]
        : []),
      ...(frontend.tls
        ? [{ path: frontend.tls.certificate, what: 'the certificate of the frontend, and its key' }]
        : []),
      ...(servers.caFile.startsWith('/')
        ? [{ path: servers.caFile, what: "the authority of the servers' certificates" }]
        : []),
    ],
  };
}

/** What differs between load balancers: the gateway's address, and which of the peers it is. */
function ofHost(settings: RenderConfig['haproxy'], { name, address }: Host): RenderConfig['haproxy'] {
  const { gateway, peers } = settings;
  const here = (bind: string): string => printHostPort(address, Number(/\d+$/.exec(bind)?.[0]));
  return {
    ...(peers ? forPeer(settings, name) : settings),
    ...(gateway
      ? {
          gateway: {
            ...gateway,
            bind: here(gateway.bind),
            ...(gateway.readBind ? { readBind: here(gateway.readBind) } : {}),
          },
        }
      : {}),
  };
}

function agentTree(config: RenderConfig, agent: AgentOptions, programs: Programs): HostTree {
  const built = [
    ['/opt/iri-lb/dist/forwarder.mjs', 'forwarder.mjs'],
    ['/opt/iri-lb/node-check.mjs', 'node-check.mjs'],
  ] as const;
  const files: HostFile[] = [];
  const toAdd: ToAdd[] = [];
  for (const [path, name] of built) {
    const text = programs(name);
    if (text === undefined) toAdd.push({ path, what: `dist/${name}, which npm run build makes` });
    else files.push({ path, mode: '755', text });
  }
  return {
    files: [
      ...agentFiles(config, { forwarderUrl: agent.forwarderUrl }),
      { path: '/etc/consul.d/iri-lb.json', mode: '644', text: renderConsulAgent(config, agent) },
      ...files,
    ],
    folders: [],
    toAdd: [
      ...toAdd,
      { path: '/etc/iri-lb/forwarder.env', what: 'WATCH_FUNCTION=NAME-watch and AWS_REGION=REGION' },
    ],
  };
}
