// What `iri-lb node check` asks: what somebody says, else what the node's check in Consul asks. Pure.
import type { Config } from '../config/pools.js';
import { tagTableOf } from '../config/tag-keys.js';
import { ownCheckOf } from '../consul/own-check.js';
import { iriIsOn } from '../iri/layout.js';
import { argumentsOf } from '../iri/node-check/arguments.js';
import { parseAddress, parsePort } from '../model/address.js';
import { labelOf } from '../model/instance.js';
import { textOf } from '../model/problem.js';
import { parseTags, type TagValues } from '../model/tag-values.js';
import { quote, showName } from '../model/text.js';
import { urlOf } from './node-checks.js';
import type { RegisteredNode } from './node-find.js';
import { usageError } from './usage.js';

/** What somebody says is to be asked. */
export type Asked = { readonly kind: 'http'; readonly path: string } | { readonly kind: 'tcp' };

/** What is asked: a GET, a connection, or what the node check asks with these arguments. */
export type Question =
  | { readonly kind: 'http'; readonly url: URL; readonly verifyTls: boolean }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'iri'; readonly args: readonly string[] };

/** A URL as it may be shown: without the name and password in it. */
export const withoutUser = (url: string): string => url.replace(/^(https?:\/\/).*@/s, '$1…@');

/** To whom the URL leads, who need not be in Consul. Throws where it is none. */
export function questionToUrl(text: string, asked: Asked | undefined, config: Config): Question {
  if (asked === undefined && iriIsOn(config)) return { kind: 'iri', args: ['-a', text] };
  if (!URL.canParse(text))
    throw usageError(`${quote(withoutUser(text))} is no URL; give http://host:port or https://host:port`);
  const url = new URL(text);
  if (asked?.kind === 'http') {
    const { pathname, search } = new URL(`http://path${asked.path}`);
    Object.assign(url, { pathname, search });
  }
  if (asked?.kind !== 'tcp') return { kind: 'http', url, verifyTls: true };
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/**
 * To a registered node, of whose service Consul gives these rows. One without a check is asked for a connection.
 * Throws where the question cannot be known or asked. `warn` is told of tags that are not used.
 */
export function questionToNode(
  node: RegisteredNode,
  asked: Asked | undefined,
  rows: readonly unknown[],
  config: Config,
  warn: (text: string) => void,
): Question {
  const label = labelOf(node);
  const said = parseTags({ ...node, label }, config.tagPrefix, tagTableOf(config, node.service), (problem) =>
    warn(textOf(problem)),
  );
  const own = asked ?? ownCheckOf(rows, node);
  if (own?.kind === 'http') {
    if (own.path === undefined)
      throw new Error(`${label}: Consul does not tell the path of its check; say --http PATH`);
    return httpQuestion(node, said, own.path);
  }
  // Consul does not tell a check's arguments, so they are those that `node add` would give.
  if (own?.kind !== 'tcp' && iriIsOn(config, node.service))
    return { kind: 'iri', args: argumentsOf(node.hostPort, said) };
  if (own?.kind === 'other') {
    const type = showName(own.type || 'unknown');
    throw new Error(`${label}: only its agent can run its check, of type ${type}; say --http PATH or --tcp`);
  }
  return tcpQuestion(node);
}

function httpQuestion(node: RegisteredNode, said: TagValues, path: string): Question {
  const { url, verifyTls } = urlOf(node.hostPort, said, path);
  if (!URL.canParse(url)) throw unusable(node);
  return { kind: 'http', url: new URL(url), verifyTls };
}

function tcpQuestion(node: RegisteredNode): Question {
  const address = parseAddress(node.address);
  const port = parsePort(node.port);
  if (!address || !port) throw unusable(node);
  return { kind: 'tcp', host: address.text, port };
}

function unusable(node: RegisteredNode): Error {
  return new Error(`${labelOf(node)}: its address ${node.hostPort} is unusable`);
}
