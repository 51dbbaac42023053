// What the IRI API asks of the HAProxy in front of its nodes, as data: rendering prints it. Pure.
import { REQUEST_COMMAND } from './command.js';
import { isPowPool, type PoolRule, powRoute, type Route } from './pow.js';
import { bufferBytes, type Rule, requestRules } from './request-rules.js';
import type { IriSettings } from './settings.js';

export interface Api {
  /** Name of the frontend. */
  readonly frontend: string;
  /** For all who may come in, in this order. They use the frontend's ACLs `preflight` and `whitelisted`. */
  readonly rules: readonly Rule[];
  readonly route: Route | undefined;
  /** Backends whose nodes do not serve every request. */
  readonly limitedBackends: readonly string[];
  /** What a log line says of the request. */
  readonly logFormat: string;
  /** What HAProxy asks a node, and the status by which a node is well. */
  readonly check: { readonly request: string; readonly status: string };
  /** Size of HAProxy's buffers: a request is read in one. */
  readonly bufferBytes: number;
}

export const IRI_FRONTEND = 'iri_front';

const GET_NODE_INFO = `meth POST uri / ver HTTP/1.1 hdr Host localhost hdr X-IOTA-API-Version 1 hdr Content-Type application/json body '{"command":"getNodeInfo"}'`;

/** The API of the nodes in `pools`. */
export function iriApi(settings: IriSettings, pools: readonly PoolRule[]): Api {
  const route = powRoute(settings, pools);
  const powBackends = pools.filter(isPowPool).map(({ backend }) => backend);
  return {
    frontend: IRI_FRONTEND,
    rules: requestRules(settings),
    route,
    limitedBackends: route ? [route.backend, ...powBackends] : powBackends,
    logFormat: `command:%[${REQUEST_COMMAND}]`,
    check: { request: GET_NODE_INFO, status: '200' },
    bufferBytes: bufferBytes(settings.bodyLimitBytes),
  };
}
