// What `npm start` prints: where things are, what to paste, one line per change. Pure.
import pc from 'picocolors';
import type { Action } from '../../lib/model/change.js';
import type { Report } from '../../lib/model/report.js';
import type { LocalSetup } from './local-setup.js';

const API_HEADERS = "-H 'X-IOTA-API-Version: 1' -H 'Content-Type: application/json'";

/** The head of the terminal: addresses, and commands that work as they are. */
export function introduction({ consul, haproxy, nodes, apiUrl, statsUrl }: LocalSetup): string {
  const { name, standIn, registration } = nodes.spare;
  const header = `-H 'X-Consul-Token: ${consul.token}'`;
  const agent = `${consul.url}/v1/agent/service`;
  // Passing until its first check says otherwise, so that it serves at once.
  const body = JSON.stringify({ ...registration, Check: { ...registration.Check, Status: 'passing' } });
  const command = (what: string, text: string): string => `${pc.dim(`# ${what}`)}\n${text}`;
  return [
    `${pc.bold('API')}         ${apiUrl}`,
    `${pc.bold('Stats page')}  ${statsUrl}`,
    `${pc.bold('Consul')}      ${consul.url}/ui  (ACL token, good until this ends: ${consul.token})`,
    `${pc.bold('HAProxy')}     ${haproxy.admin}  (admin socket)`,
    '',
    command('ask the API', `curl -s ${apiUrl} ${API_HEADERS} -d '{"command":"getNodeInfo"}'`),
    command(`register ${name}`, `curl -X PUT ${agent}/register ${header} -d '${body}'`),
    command('fail it, then let it pass again', `curl -X POST '${standIn.url}/_fault?name=unsynced'`),
    `curl -X POST '${standIn.url}/_fault?name=healthy'`,
    command('remove it', `curl -X PUT ${agent}/deregister/${name} ${header}`),
    '',
  ].join('\n');
}

const WORDS: Readonly<Record<Action, string>> = {
  add: 'in rotation',
  enable: 'in rotation again',
  update: 'changed',
  disable: 'out of rotation',
  remove: 'gone',
};

const COLOURS: Readonly<Record<Action, (text: string) => string>> = {
  add: pc.green,
  enable: pc.green,
  update: pc.yellow,
  disable: pc.red,
  remove: pc.red,
};

/**
 * Returns what makes one line per change of a report; `lagMs` is the time from Consul to HAProxy. It
 * remembers who was in which slot, since a report cannot name an instance that is gone.
 */
export function makeChangeLines(): (report: Report, lagMs: number | undefined) => string[] {
  const names = new Map<string, string>();
  return ({ loadBalancers }, lagMs) =>
    loadBalancers.flatMap(({ changes }) =>
      changes.map(({ action, instance, before, after, backend, slot, reason }) => {
        const where = `${backend}/${slot}`;
        const known = instance?.split('/').at(-1) ?? names.get(where);
        if (known !== undefined) names.set(where, known);
        const settings = `weight ${after.weight}, maxconn ${after.maxconn || 'none'}`;
        const detail = action === 'remove' || action === 'disable' ? reason : settings;
        const lag = lagMs === undefined ? '' : `  ${pc.bold(`${lagMs} ms`)}`;
        const who = (known ?? `${before.address}:${before.port}`).padEnd(7);
        return `${who} ${COLOURS[action](WORDS[action].padEnd(18))}  ${where.padEnd(22)}  ${detail}${lag}`;
      }),
    );
}

/** Pools in one line, for the end. */
export function poolsLine({ loadBalancers }: Report): string {
  return loadBalancers
    .flatMap(({ pools }) =>
      pools.map(({ backend, ready, slots }) => `${backend}: ${ready} of ${slots} slots ready`),
    )
    .join(', ');
}
