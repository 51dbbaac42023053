// Writes to one Consul agent: registers and deregisters services, and says who it is and what it has.
import type { ConsulSettings } from '../config/consul-environment.js';
import type { Settings } from '../config/environment.js';
import type { DeadlineClock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';
import type { Registration } from '../model/registration.js';
import { showName } from '../model/text.js';
import {
  type AgentIdentity,
  type AgentService,
  identityIn,
  nodeInChecks,
  serviceIn,
} from './agent-answers.js';
import { type HttpReply, type HttpRequest, makeHttpClient } from './http.js';
import { secretsOf, toRefusal } from './request-failure.js';
import { makeTokenSource, type TokenSource } from './token.js';

/** The agent refused, or could not be asked. Holds its address, status and words, and never the token. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
}

type Token = Pick<TokenSource, 'name' | 'get'>;

/**
 * The agent at the first of Consul's addresses: a registration belongs to the agent it was made at, and its id
 * says nothing elsewhere. All methods throw AgentError, and what the source of the token throws.
 */
export interface Agent {
  readonly address: string;
  /** Which node it is. Takes `agent:read`, or a check of its own that the token may read. */
  identity(): Promise<AgentIdentity>;
  /** What it has under this id, whatever its name; `service` is the one that the token is for. */
  find(id: string, service: string, token?: Token): Promise<AgentService | undefined>;
  /** `token` is used in place of the settings' own. */
  register(service: Registration, token?: Token): Promise<void>;
  deregister(id: string, service: string): Promise<void>;
  /** Puts one of its services into maintenance, for a reason that Consul shows with it ('': its own), or ends that. */
  maintain(id: string, service: string, on: boolean, reason: string): Promise<void>;
  /** The same with the whole node; `node` is its name. */
  maintainNode(node: string, on: boolean, reason: string): Promise<void>;
}

/** Longest answer on one service, and on all that an agent says of itself or its checks. */
const MAX_ANSWER_BYTES = 65_536;
const MAX_LISTING_BYTES = 16_777_216;

/** The agent that the settings name. */
export function agentOf({ consul, config }: Settings, clock: DeadlineClock): Agent {
  return makeAgent(consul, makeTokenSource(consul, { clock }), config.consulTimeoutMs);
}

/** `timeoutMs` bounds each request. */
export function makeAgent(settings: ConsulSettings, token: TokenSource, timeoutMs: number): Agent {
  const address = settings.addresses[0] ?? '';
  const client = makeHttpClient(address, settings);
  const failure = (text: string): AgentError => new AgentError(`consul ${address}: ${text}`);

  /** The answer, whatever its status; `refusal` says what was wrong with it. */
  const send = async (
    request: Pick<HttpRequest, 'method' | 'path' | 'body'>,
    maxBytes: number,
    using: Token,
  ) => {
    const secret = await using.get();
    const reply = await client
      .request({ ...request, timeoutMs, maxBytes, secret })
      .catch((error: unknown) => {
        throw failure(`${messageOf(error)}; is it up, and is CONSUL_HTTP_ADDR right?`);
      });
    const refusal = (step: string): AgentError =>
      failure(`answered ${toRefusal(reply, secretsOf(secret, settings.auth)).message}${step}`);
    return { reply, refusal };
  };

  /** The answer once it is done; undefined: there is no such thing. `service` is the one that it is about. */
  const ask = async (
    request: Pick<HttpRequest, 'method' | 'path' | 'body'>,
    service: string,
    using: Token = token,
  ): Promise<HttpReply | undefined> => {
    const { reply, refusal } = await send(request, MAX_ANSWER_BYTES, using);
    if (reply.status === 200) return reply;
    if (reply.status === 404 || isUnknown(reply)) return undefined;
    throw refusal(nextStep(reply, using.name, service));
  };
  const pathTo = (what: string, id: string): string => `/v1/agent/service/${what}${encodeURIComponent(id)}`;
  const noAgent = (): AgentError => failure('is no Consul agent; check CONSUL_HTTP_ADDR');

  return {
    address,
    async identity() {
      const self = await send({ method: 'GET', path: '/v1/agent/self' }, MAX_LISTING_BYTES, token);
      if (self.reply.status === 200) {
        const identity = identityIn(self.reply.body);
        if (!identity) throw noAgent();
        return identity;
      }
      if (self.reply.status !== 403) throw self.refusal('; does CONSUL_HTTP_ADDR name a Consul agent?');
      // Each check names its node, and reading those of a service takes no right on the agent.
      const checks = await send({ method: 'GET', path: '/v1/agent/checks' }, MAX_LISTING_BYTES, token);
      const node = checks.reply.status === 200 ? nodeInChecks(checks.reply.body) : undefined;
      if (node === undefined)
        throw self.refusal(
          `; the token in ${token.name} needs agent:read, by which it says which node it is`,
        );
      return { node };
    },
    async find(id, service, using) {
      const reply = await ask({ method: 'GET', path: pathTo('', id) }, service, using);
      if (!reply) return undefined;
      const found = serviceIn(reply.body);
      if (!found) throw noAgent();
      return found;
    },
    async register(service, using) {
      const request = { method: 'PUT', path: '/v1/agent/service/register', body: service };
      if (!(await ask(request, service.Name, using))) throw noAgent();
    },
    async deregister(id, service) {
      if (!(await ask({ method: 'PUT', path: pathTo('deregister/', id) }, service)))
        throw failure(`service ${showName(id)} is gone already`);
    },
    async maintain(id, service, on, reason) {
      const path = `${pathTo('maintenance/', id)}${maintenanceQuery(on, reason)}`;
      if (!(await ask({ method: 'PUT', path }, service)))
        throw failure(`service ${showName(id)} is gone by now`);
    },
    async maintainNode(node, on, reason) {
      const path = `/v1/agent/maintenance${maintenanceQuery(on, reason)}`;
      const { reply, refusal } = await send({ method: 'PUT', path }, MAX_ANSWER_BYTES, token);
      if (reply.status === 404) throw noAgent();
      if (reply.status !== 200)
        throw refusal(
          reply.status === 403 ? `; the token in ${token.name} needs node:write on ${showName(node)}` : '',
        );
    },
  };
}

function maintenanceQuery(on: boolean, reason: string): string {
  return `?enable=${on}${on && reason !== '' ? `&reason=${encodeURIComponent(reason)}` : ''}`;
}

/** What 1.8.7 answers to the deregistration of what it does not have; later ones answer 404. */
const isUnknown = ({ status, body }: HttpReply): boolean =>
  status === 500 && body.includes('Unknown service');

function nextStep({ status, body }: HttpReply, tokenName: string, service: string): string {
  if (status === 403) return `; the token in ${tokenName} needs service:write on ${showName(service)}`;
  if (!body.includes('Scripts are disabled')) return '';
  return (
    '; let it take script checks by its API (enable_script_checks, with ACLs on), or put what --print gives ' +
    'into its configuration directory (enable_local_script_checks), or register with --no-check'
  );
}
