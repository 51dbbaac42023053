// The forwarder's command line and environment. Reads the files that LB_CONFIG and --token-file name.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readLbConfig } from '../config/lb-config.js';
import { configSchema } from '../config/pools.js';
import { parseAddress, parseIp, parsePort, printHostPort } from '../model/address.js';
import { ConfigError, codeOf, messageOf, type SettingProblem } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { isServiceName } from '../model/service-name.js';
import { quote } from '../model/text.js';

export const USAGE = `Usage: forwarder [--listen 127.0.0.1:8401] [--function NAME] [--service NAME]
                 [--allow-remote [--token-file FILE]]

Invokes the watch function when Consul's catalog changes, for the services of LB_CONFIG's pools.
  --listen HOST:PORT  serve Consul's HTTP watch handlers (POST /watch/SERVICE), POST /notify, GET /health;
                      without it: a script handler, one event from stdin and CONSUL_INDEX
  --function NAME     the watch function: name, name:alias or ARN; or WATCH_FUNCTION in the environment
  --service NAME      Consul service of the events that name none (default: that of LB_CONFIG's first pool);
                      without LB_CONFIG no other is taken
  --allow-remote      allow --listen on an address that is not loopback
  --token-file FILE   take only requests with "Authorization: Bearer TOKEN"; the file holds TOKEN alone
Region and credentials: AWS_REGION, and the environment, the container's or the instance's role.
`;

export interface ForwarderOptions {
  readonly functionName: string;
  /** Of the events that name none. */
  readonly service: string;
  /** All that events may name. */
  readonly services: readonly string[];
  readonly listen?: { readonly host: string; readonly port: number };
  readonly allowRemote: boolean;
  /** What each request has to know. */
  readonly token?: string;
  readonly region: string;
  /** Base URL of the Lambda API. */
  readonly endpoint: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads arguments and environment; 'help' where that was asked for. Throws ConfigError with every problem. */
export function readForwarderOptions(args: readonly string[], env: Environment): ForwarderOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const problems: SettingProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });

  const functionName = values.function ?? env.WATCH_FUNCTION ?? '';
  if (!/^[A-Za-z0-9:_$-]{1,170}$/.test(functionName))
    problem('--function', `${quote(functionName)} is no function; give the watch function's name or ARN`);
  const pools = env.LB_CONFIG || !values.service ? servicesOf(env, problems) : [];
  const service = values.service ?? pools[0] ?? '';
  if (!isServiceName(service)) problem('--service', `${quote(service)} is no Consul service name`);
  const services = [...new Set([service, ...pools])];

  const allowRemote = values['allow-remote'] ?? false;
  const listen = values.listen === undefined ? undefined : parseListen(values.listen);
  if (values.listen !== undefined && listen === undefined)
    problem('--listen', `${quote(values.listen)} is no address; use 127.0.0.1:8401`);
  if (listen && !allowRemote && !isLoopback(listen.host)) {
    const shown = printHostPort(listen.host, listen.port);
    problem(
      '--listen',
      `${shown} is not loopback; anybody could wake the function (--allow-remote if meant)`,
    );
  }

  const token = values['token-file'] === undefined ? undefined : readToken(values['token-file'], problems);

  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || functionName.split(':')[3] || '';
  if (!/^[a-z0-9-]{1,32}$/.test(region)) problem('AWS_REGION', `${quote(region)} is no region; set it`);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint =
    env.AWS_ENDPOINT_URL_LAMBDA || env.AWS_ENDPOINT_URL || `https://lambda.${region}.${suffix}`;
  if (!/^https?:$/.test(protocolOf(endpoint)))
    problem('AWS_ENDPOINT_URL_LAMBDA', `${quote(endpoint)} is no URL; use https://host`);
  if (problems.length > 0) throw new ConfigError('forwarder', problems);
  const given = { ...(listen ? { listen } : {}), ...(token === undefined ? {} : { token }) };
  return { functionName, service, services, allowRemote, region, endpoint, ...given };
}

function servicesOf({ LB_CONFIG }: Environment, problems: SettingProblem[]): string[] {
  return readLbConfig(configSchema, LB_CONFIG, problems).pools.map((pool) => pool.service);
}

/** The file's one line; what is in it is in no message. */
function readToken(file: string, problems: SettingProblem[]): string {
  const refuse = (message: string): string => {
    problems.push({ path: '--token-file', message: `${quote(file)} ${message}` });
    return '';
  };
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    return refuse(`cannot be read (${codeOf(error)}); name a file that holds the token`);
  }
  // What an Authorization header can carry (RFC 6750, section 2.1); long enough not to be guessed.
  if (/^[A-Za-z0-9._~+/=-]{16,512}$/.test(text)) return text;
  return refuse('holds no token: one line of 16 to 512 of A-Z a-z 0-9 . _ ~ + / = -');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        listen: { type: 'string' },
        function: { type: 'string' },
        service: { type: 'string' },
        'allow-remote': { type: 'boolean' },
        'token-file': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const message = messageOf(error).split('. ')[0] ?? '';
    throw new ConfigError('forwarder', [{ path: '', message: `${message}; see --help` }]);
  }
}

function parseListen(text: string): { host: string; port: number } | undefined {
  const [, host = '', digits] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text) ?? [];
  const address = parseIp(host) ?? parseAddress(host);
  const port = parsePort(digits);
  return address && port ? { host: address.text, port } : undefined;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}
