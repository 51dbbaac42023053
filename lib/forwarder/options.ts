// The forwarder's command line and environment. Reads the file that LB_CONFIG names, where it is needed.
import { parseArgs } from 'node:util';
import { readLbConfig } from '../config/lb-config.js';
import { configSchema } from '../config/pools.js';
import { parseAddress, parseIp, parsePort, printHostPort } from '../model/address.js';
import { ConfigError, messageOf, type SettingProblem } from '../model/errors.js';
import { isLoopback } from '../model/loopback.js';
import { isServiceName } from '../model/service-name.js';
import { quote } from '../model/text.js';

export const USAGE = `Usage: forwarder [--listen 127.0.0.1:8401] [--function NAME] [--service NAME] [--allow-remote]

Invokes the watch function when Consul's catalog changes.
  --listen HOST:PORT  serve Consul's HTTP watch handlers (POST /watch/SERVICE), POST /notify, GET /health;
                      without it: a script handler, one event from stdin and CONSUL_INDEX
  --function NAME     the watch function: name, name:alias or ARN; or WATCH_FUNCTION in the environment
  --service NAME      Consul service of the events that name none (default: that of LB_CONFIG's first pool)
  --allow-remote      allow --listen on an address that is not loopback; there is no authentication
Region and credentials: AWS_REGION, and the environment, the container's or the instance's role.
`;

export interface ForwarderOptions {
  readonly functionName: string;
  readonly service: string;
  readonly listen?: { readonly host: string; readonly port: number };
  readonly allowRemote: boolean;
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
  const service =
    values.service ?? readLbConfig(configSchema, env.LB_CONFIG, problems).pools[0]?.service ?? '';
  if (!isServiceName(service)) problem('--service', `${quote(service)} is no Consul service name`);

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

  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || functionName.split(':')[3] || '';
  if (!/^[a-z0-9-]{1,32}$/.test(region)) problem('AWS_REGION', `${quote(region)} is no region; set it`);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint =
    env.AWS_ENDPOINT_URL_LAMBDA || env.AWS_ENDPOINT_URL || `https://lambda.${region}.${suffix}`;
  if (!/^https?:$/.test(protocolOf(endpoint)))
    problem('AWS_ENDPOINT_URL_LAMBDA', `${quote(endpoint)} is no URL; use https://host`);
  if (problems.length > 0) throw new ConfigError('forwarder', problems);
  return { functionName, service, allowRemote, region, endpoint, ...(listen ? { listen } : {}) };
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
