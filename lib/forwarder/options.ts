// The forwarder's command line and environment. Reads the files that LB_CONFIG and --token-file name.
import { parseArgs } from 'node:util';
import { readBearerToken } from '../config/bearer-token.js';
import { readLbConfig } from '../config/lb-config.js';
import { configSchema } from '../config/pools.js';
import { withoutUser } from '../config/reading.js';
import { parseAddress, parseIp, parsePort, printHostPort } from '../model/address.js';
import { ConfigError, messageOf, type SettingProblem } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { isServiceName } from '../model/service-name.js';
import { quote } from '../model/text.js';

export const USAGE = `Usage: forwarder [--listen 127.0.0.1:8401] [--service NAME] [--allow-remote [--token-file FILE]]
                 [--function NAME | --target URL [--target-token-file FILE]]

Invokes the watch function when Consul's catalog changes, for the services of LB_CONFIG's pools.
  --listen HOST:PORT  serve Consul's HTTP watch handlers (POST /watch/SERVICE), POST /notify, GET /health;
                      without it: a script handler, one event from stdin and CONSUL_INDEX
  --function NAME     the watch function: name, name:alias or ARN; or WATCH_FUNCTION in the environment
  --target URL        dist/http.mjs in place of Lambda: events are posted to URL/watch
  --target-token-file FILE
                      send "Authorization: Bearer TOKEN" there; read again for each event
  --service NAME      Consul service of the events that name none (default: that of LB_CONFIG's first pool);
                      without LB_CONFIG no other is taken
  --allow-remote      allow --listen on an address that is not loopback
  --token-file FILE   take only requests with "Authorization: Bearer TOKEN"; the file holds TOKEN alone
Region and credentials (without --target): AWS_REGION, and the environment, the container's or the instance's role.
`;

export interface ForwarderOptions {
  readonly to: LambdaFunction | Target;
  /** Of the events that name none. */
  readonly service: string;
  /** All that events may name. */
  readonly services: readonly string[];
  readonly listen?: { readonly host: string; readonly port: number };
  readonly allowRemote: boolean;
  /** What each request has to know. */
  readonly token?: string;
}

export interface LambdaFunction {
  readonly kind: 'lambda';
  readonly functionName: string;
  readonly region: string;
  /** Base URL of the Lambda API. */
  readonly endpoint: string;
}

/** The functions behind HTTP. */
export interface Target {
  readonly kind: 'target';
  readonly url: string;
  readonly tokenFile?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads arguments and environment; 'help' where that was asked for. Throws ConfigError with every problem. */
export function readForwarderOptions(args: readonly string[], env: Environment): ForwarderOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const problems: SettingProblem[] = [];
  const problem = (path: string, message: string): void => void problems.push({ path, message });

  const to =
    values.target === undefined ? readLambda(values, env, problem) : readTarget(values, problem, problems);
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

  const token =
    values['token-file'] === undefined
      ? undefined
      : readToken('--token-file', values['token-file'], problems);

  if (problems.length > 0) throw new ConfigError('forwarder', problems);
  const given = { ...(listen ? { listen } : {}), ...(token === undefined ? {} : { token }) };
  return { to, service, services, allowRemote, ...given };
}

type Values = ReturnType<typeof parse>;
type Tell = (path: string, message: string) => void;

function readLambda(values: Values, env: Environment, problem: Tell): LambdaFunction {
  if (values['target-token-file'] !== undefined) problem('--target-token-file', 'is for --target; give both');
  const functionName = values.function ?? env.WATCH_FUNCTION ?? '';
  if (!/^[A-Za-z0-9:_$-]{1,170}$/.test(functionName))
    problem(
      '--function',
      `${quote(functionName)} is no function; give the watch function's name or ARN, or --target`,
    );
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || functionName.split(':')[3] || '';
  if (!/^[a-z0-9-]{1,32}$/.test(region)) problem('AWS_REGION', `${quote(region)} is no region; set it`);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint =
    env.AWS_ENDPOINT_URL_LAMBDA || env.AWS_ENDPOINT_URL || `https://lambda.${region}.${suffix}`;
  if (!/^https?:$/.test(protocolOf(endpoint)))
    problem('AWS_ENDPOINT_URL_LAMBDA', `${quote(endpoint)} is no URL; use https://host`);
  return { kind: 'lambda', functionName, region, endpoint };
}

function readTarget(values: Values, problem: Tell, problems: SettingProblem[]): Target {
  const { target = '', 'target-token-file': tokenFile } = values;
  if (values.function !== undefined) problem('--function', 'is for Lambda; give either that or --target');
  const { protocol, username, password, search, hash } = URL.canParse(target) ? new URL(target) : noUrl;
  if (!/^https?:$/.test(protocol) || search !== '' || hash !== '')
    problem('--target', `${quote(withoutUser(target))} is no URL of an adapter; use http://host:8080`);
  else if (username !== '' || password !== '')
    problem('--target', 'has a user in it; put a token into a file for --target-token-file');
  if (tokenFile === undefined) return { kind: 'target', url: target };
  readToken('--target-token-file', tokenFile, problems);
  return { kind: 'target', url: target, tokenFile };
}

const noUrl = { protocol: '', username: '', password: '', search: '', hash: '' };

function servicesOf({ LB_CONFIG }: Environment, problems: SettingProblem[]): string[] {
  return readLbConfig(configSchema, LB_CONFIG, problems).pools.map((pool) => pool.service);
}

/** What is in the file is in no message. */
function readToken(option: string, file: string, problems: SettingProblem[]): string {
  const read = readBearerToken(file);
  if ('token' in read) return read.token;
  problems.push({ path: option, message: read.refused });
  return '';
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
        target: { type: 'string' },
        'target-token-file': { type: 'string' },
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
