// Writes to one Consul agent: registers and deregisters services, and looks one up.
import type { ConsulSettings, Settings } from '../config/environment.js';
import type { DeadlineClock } from '../model/clock.js';
import { messageOf } from '../model/errors.js';
import type { Registration } from '../model/registration.js';
import { showName } from '../model/text.js';
import { type HttpReply, type HttpRequest, makeHttpClient } from './http.js';
import { toRefusal } from './request-failure.js';
import { makeTokenSource, type TokenSource } from './token.js';

/** The agent refused, or could not be asked. Holds its address, status and words, and never the token. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
}

type Token = Pick<TokenSource, 'name' | 'get'>;

/**
 * The agent at the first of Consul's addresses: a registration belongs to the agent it was made at. All
 * methods throw AgentError, and what the source of the token throws.
 */
export interface Agent {
  readonly address: string;
  /** `token` is used in place of the settings' own. */
  register(service: Registration, token?: Token): Promise<void>;
  /** Whether this agent, and not another one, has the service. */
  has(id: string, service: string): Promise<boolean>;
  deregister(id: string, service: string): Promise<void>;
}

const MAX_ANSWER_BYTES = 65_536;

/** The agent that the settings name. */
export function agentOf({ consul, config }: Settings, clock: DeadlineClock): Agent {
  return makeAgent(consul, makeTokenSource(consul, { clock }), config.consulTimeoutMs);
}

/** `timeoutMs` bounds each request. */
export function makeAgent(settings: ConsulSettings, token: TokenSource, timeoutMs: number): Agent {
  const address = settings.addresses[0] ?? '';
  const client = makeHttpClient(address, settings);
  const failure = (text: string): AgentError => new AgentError(`consul ${address}: ${text}`);

  /** Whether there is such a thing, once it is done. `service` is the one that it is about. */
  const ask = async (
    request: Pick<HttpRequest, 'method' | 'path' | 'body'>,
    service: string,
    using: Token = token,
  ): Promise<boolean> => {
    const secret = await using.get();
    const limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
    const reply = await client.request({ ...request, ...limits, secret }).catch((error: unknown) => {
      throw failure(`${messageOf(error)}; is it up, and is CONSUL_HTTP_ADDR right?`);
    });
    if (reply.status === 200) return true;
    if (reply.status === 404 || isUnknown(reply)) return false;
    const { message } = toRefusal(reply, secret);
    throw failure(`answered ${message}${nextStep(reply, using.name, service)}`);
  };
  const pathTo = (what: string, id: string): string => `/v1/agent/service/${what}${encodeURIComponent(id)}`;

  return {
    address,
    async register(service, using) {
      const request = { method: 'PUT', path: '/v1/agent/service/register', body: service };
      if (!(await ask(request, service.Name, using)))
        throw failure('is no Consul agent; check CONSUL_HTTP_ADDR');
    },
    has: (id, service) => ask({ method: 'GET', path: pathTo('', id) }, service),
    async deregister(id, service) {
      if (!(await ask({ method: 'PUT', path: pathTo('deregister/', id) }, service)))
        throw failure(`service ${showName(id)} is gone already`);
    },
  };
}

/** What 1.8.7 answers to the deregistration of what it does not have; later ones answer 404. */
const isUnknown = ({ status, body }: HttpReply): boolean =>
  status === 500 && body.includes('Unknown service');

function nextStep({ status, body }: HttpReply, tokenName: string, service: string): string {
  if (status === 403) return `; the token in ${tokenName} needs service:write on ${showName(service)}`;
  if (!body.includes('Scripts are disabled')) return '';
  return (
    '; let it take script checks (enable_script_checks, with ACLs on), or put what --print gives into ' +
    'its configuration directory (enable_local_script_checks), or register with --no-check'
  );
}
