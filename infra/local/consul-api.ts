// Consul's HTTP API as the local set-up, the tests and the bench use it: all that its management token may do.
import { type HttpClient, makeHttpClient } from '../../lib/consul/http.js';
import { toRefusal } from '../../lib/consul/request-failure.js';
import { messageOf } from '../../lib/model/errors.js';
import { noteSecret } from './secrets.js';

/** A service as `PUT /v1/agent/service/register` takes it. */
export interface ServiceRegistration {
  readonly Name: string;
  readonly ID?: string;
  readonly Address?: string;
  readonly Port?: number;
  readonly Tags?: readonly string[];
  readonly Meta?: Readonly<Record<string, string>>;
  readonly Weights?: { readonly Passing: number; readonly Warning: number };
  readonly Check?: Readonly<Record<string, unknown>>;
  readonly Checks?: readonly Readonly<Record<string, unknown>>[];
}

/** An instance written straight into the catalog, on a node of its own or a shared one. */
export interface CatalogInstance {
  readonly node: string;
  readonly nodeAddress?: string;
  readonly service: string;
  readonly id?: string;
  readonly address?: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly weights?: { readonly Passing: number; readonly Warning: number };
  /** `passing` by default; `none` registers no check. */
  readonly status?: CheckStatus | 'none';
}

export type CheckStatus = 'passing' | 'warning' | 'critical';

export interface ConsulApi {
  /** Any request with the management token. Returns the parsed JSON; throws on anything but 2xx. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Registers with the agent. */
  register(service: ServiceRegistration): Promise<void>;
  deregister(id: string): Promise<void>;
  /** Reports a TTL check's state; `id` is the check's (`service:ID` where it was given none). */
  setTtl(checkId: string, status: CheckStatus, output?: string): Promise<void>;
  maintenance(id: string, on: boolean): Promise<void>;
  /** Writes instances into the catalog, many at a time: 2,000 take about a second. */
  catalogRegister(instances: readonly CatalogInstance[]): Promise<void>;
  catalogDeregister(instances: readonly { readonly node: string; readonly id: string }[]): Promise<void>;
  /** A token that has these rules and nothing else. */
  createPolicyToken(rules: string): Promise<string>;
  deleteToken(secret: string): Promise<void>;
}

const AT_ONCE = 16;
/** For one request, in milliseconds; with no leader, Consul takes 7 s to say so. */
const TIMEOUT_MS = 60_000;
let policies = 0;

/** The API at `url` with `token`, which is put into no error. */
export function consulApi(url: () => string, token: string): ConsulApi {
  let client: HttpClient | undefined;
  const request: ConsulApi['request'] = async (method, path, body) => {
    client ??= makeHttpClient(url(), { tls: {} });
    try {
      const reply = await client.request({ method, path, body, secret: token, timeoutMs: TIMEOUT_MS });
      if (reply.status < 200 || reply.status > 299) throw toRefusal(reply, [token]);
      return reply.body.length === 0 ? undefined : JSON.parse(reply.body.toString());
    } catch (error) {
      throw new Error(`consul ${method} ${path.split('?')[0]}: ${messageOf(error)}`);
    }
  };
  const put = async (path: string, body?: unknown): Promise<void> => {
    await request('PUT', path, body);
  };

  return {
    request,
    register: (service) => put('/v1/agent/service/register', service),
    deregister: (id) => put(`/v1/agent/service/deregister/${encodeURIComponent(id)}`),
    setTtl: (checkId, status, output = '') =>
      put(`/v1/agent/check/update/${encodeURIComponent(checkId)}`, { Status: status, Output: output }),
    maintenance: (id, on) => put(`/v1/agent/service/maintenance/${encodeURIComponent(id)}?enable=${on}`),
    catalogRegister: (instances) =>
      eachBounded(instances, (instance) => put('/v1/catalog/register', catalogRow(instance))),
    catalogDeregister: (instances) =>
      eachBounded(instances, ({ node, id }) => put('/v1/catalog/deregister', { Node: node, ServiceID: id })),
    createPolicyToken: async (rules) => {
      const name = `local-${process.pid}-${++policies}`;
      await put('/v1/acl/policy', { Name: name, Rules: rules });
      const created = await request('PUT', '/v1/acl/token', { Policies: [{ Name: name }] });
      const secret = textField(created, 'SecretID');
      noteSecret(secret);
      return secret;
    },
    deleteToken: async (secret) => {
      const self = await consulApi(url, secret).request('GET', '/v1/acl/token/self');
      await request('DELETE', `/v1/acl/token/${textField(self, 'AccessorID')}`);
    },
  };
}

function catalogRow(instance: CatalogInstance): unknown {
  const { node, service, id = service, status = 'passing' } = instance;
  return {
    Node: node,
    Address: instance.nodeAddress ?? '127.0.0.1',
    Service: {
      Service: service,
      ID: id,
      Address: instance.address ?? '',
      Port: instance.port,
      Tags: instance.tags ?? [],
      Meta: instance.meta ?? {},
      ...(instance.weights ? { Weights: instance.weights } : {}),
    },
    ...(status === 'none'
      ? {}
      : { Checks: [{ Node: node, CheckID: `check:${id}`, Name: 'check', Status: status, ServiceID: id }] }),
  };
}

function textField(value: unknown, field: string): string {
  const text = typeof value === 'object' && value !== null && field in value ? Reflect.get(value, field) : '';
  if (typeof text !== 'string' || text === '') throw new Error(`consul: an answer without ${field}`);
  return text;
}

async function eachBounded<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
