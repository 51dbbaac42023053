// Checks one node: getNodeInfo first, then, if that is well, what it allows to strangers.
import { quote } from '../../model/text.js';
import { describeNode, judgeNodeInfo, LIMITED_COMMANDS, POW_COMMANDS, parseNodeInfo } from './findings.js';
import type { CheckOptions } from './options.js';
import { connectNode, type NodeConnection, type Reply, RequestFailure } from './request.js';

/** What a check found; `message` is one line, with the node's address. */
export interface Finding {
  readonly ok: boolean;
  readonly message: string;
}

/** Runs the check. Never throws: whatever happens is a finding. */
export async function checkNode(options: CheckOptions): Promise<Finding> {
  const http = options.url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const node = connectNode(http, options);
  const finding = (ok: boolean, text: string): Finding => ({ ok, message: `${options.url.origin}: ${text}` });
  try {
    const info = readNodeInfo(await node.ask('getNodeInfo'));
    const against = judgeNodeInfo(info, options);
    if (against.length === 0) against.push(...(await judgeCommands(node, options)));
    return against.length === 0 ? finding(true, describeNode(info)) : finding(false, against.join('; '));
  } catch (error) {
    if (error instanceof RequestFailure) return finding(false, error.message);
    return finding(false, quote(error instanceof Error ? error.message : error));
  } finally {
    node.close();
  }
}

function readNodeInfo(reply: Reply): Readonly<Record<string, unknown>> {
  refuseRedirect('getNodeInfo', reply);
  if (reply.status !== 200) {
    const said = reply.body === '' ? '' : `: ${quote(reply.body, 120)}`;
    throw new RequestFailure(`getNodeInfo: answered ${reply.status}${said}`);
  }
  const info = parseNodeInfo(reply.body);
  if (typeof info === 'string') throw new RequestFailure(info);
  return info;
}

async function judgeCommands(node: NodeConnection, options: CheckOptions): Promise<string[]> {
  const ask = async (command: string): Promise<number> => {
    const reply = await node.ask(command);
    refuseRedirect(command, reply);
    return reply.status;
  };
  if (options.powRequired && (await ask('attachToTangle')) === 401) {
    return ['PoW is not allowed: attachToTangle answered 401'];
  }
  if (!options.limitsRequired) return [];
  const open: string[] = [];
  for (const command of options.powRequired ? LIMITED_COMMANDS : [...LIMITED_COMMANDS, ...POW_COMMANDS]) {
    const status = await ask(command);
    if (status !== 401) open.push(`${command} answered ${status}`);
  }
  return open.length === 0 ? [] : [`not blocked with 401: ${open.join(', ')}`];
}

function refuseRedirect(command: string, { status, location }: Reply): void {
  if (status < 300 || status > 399) return;
  const where = location === undefined ? '' : ` to ${quote(location)}`;
  throw new RequestFailure(`${command}: redirected (${status})${where}, which is not followed`);
}
