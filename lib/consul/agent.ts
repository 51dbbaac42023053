// Writes to one Consul agent: registers and deregisters services, and looks one up.
import http from 'node:http';
import https from 'node:https';
import type { ConsulSettings, Settings } from '../config/environment.js';
import type { DeadlineClock } from '../model/clock.js';
import type { Registration } from '../model/registration.js';
import { quote, showMs, showName } from '../model/text.js';
import { makeTokenSource, type TokenSource } from './token.js';

/** The agent refused, or could not be asked. Holds its address, status and words, and never the token. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
}

/** The agent at the first of Consul's addresses: a registration belongs to the agent it was made at. */
export interface Agent {
  readonly address: string;
  /** `token` is used in place of the settings' own. */
  register(service: Registration, token?: Pick<TokenSource, 'name' | 'get'>): Promise<void>;
  /** Whether this agent, and not another one, has the service. */
  has(id: string, service: string): Promise<boolean>;
  deregister(id: string, service: string): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

const MAX_ANSWER_BYTES = 65_536;

/** The agent that the settings name. */
export function agentOf({ consul, config }: Settings, clock: DeadlineClock): Agent {
  return makeAgent(consul, makeTokenSource(consul, { clock }), config.consulTimeoutMs);
}

/** `timeoutMs` bounds each request. All methods throw AgentError. */
export function makeAgent(settings: ConsulSettings, token: TokenSource, timeoutMs: number): Agent {
  const address = settings.addresses[0] ?? '';
  const ask = async (
    method: string,
    path: string,
    service: string,
    { body, using = token }: { body?: object; using?: Pick<TokenSource, 'name' | 'get'> | undefined } = {},
  ): Promise<Reply> => {
    const secret = await using.get();
    const fail = (text: string): AgentError => {
      const shown = secret ? text.replaceAll(secret, '(token)') : text;
      return new AgentError(`consul ${address}: ${shown}`);
    };
    const headers = {
      ...(secret === undefined ? {} : { 'X-Consul-Token': secret }),
      ...(settings.namespace === undefined ? {} : { 'X-Consul-Namespace': settings.namespace }),
    };
    const reply = await send(
      new URL(path, address),
      { method, headers, ...tlsOptions(settings) },
      body,
      timeoutMs,
    ).catch((error: Error) => {
      throw fail(`${error.message}; is it up, and is CONSUL_HTTP_ADDR right?`);
    });
    if (reply.status === 200 || reply.status === 404) return reply;
    throw fail(
      `answered ${reply.status} ${quote(reply.text.trim(), 200)}${nextStep(reply, using.name, service)}`,
    );
  };
  const path = (what: string, id: string): string => `/v1/agent/service/${what}${encodeURIComponent(id)}`;
  return {
    address,
    async register(service, using) {
      const { status } = await ask('PUT', '/v1/agent/service/register', service.Name, {
        body: service,
        using,
      });
      if (status === 404)
        throw new AgentError(`consul ${address}: is no Consul agent; check CONSUL_HTTP_ADDR`);
    },
    has: async (id, service) => (await ask('GET', path('', id), service)).status === 200,
    async deregister(id, service) {
      const { status } = await ask('PUT', path('deregister/', id), service);
      if (status === 404) throw new AgentError(`consul ${address}: service ${showName(id)} is gone already`);
    },
  };
}

function nextStep({ status, text }: Reply, tokenName: string, service: string): string {
  if (status === 403) return `; the token in ${tokenName} needs service:write on ${showName(service)}`;
  if (!text.includes('Scripts are disabled')) return '';
  return (
    '; let it take script checks (enable_script_checks, with ACLs on), or put what --print gives into ' +
    'its configuration directory (enable_local_script_checks), or register with --no-check'
  );
}

function tlsOptions({ tls: { ca, cert, key, serverName } }: ConsulSettings): https.RequestOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

function send(
  url: URL,
  options: https.RequestOptions,
  body: object | undefined,
  timeoutMs: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const fail = (text: string): void => {
      reject(new Error(text));
      sent.destroy();
    };
    const sent = request(url, options, (reply) => {
      const chunks: Buffer[] = [];
      let size = 0;
      reply.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) fail('the answer is too large');
        else chunks.push(chunk);
      });
      reply.on('error', () => fail('the answer was cut off'));
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    const timer = setTimeout(() => fail(`no answer within ${showMs(timeoutMs)}`), timeoutMs);
    sent.on('error', (error) => fail(error.message || 'no connection'));
    sent.once('close', () => clearTimeout(timer));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
