// What `npm start` prints: where things are, what to paste, one line per change. Pure.
import pc from 'picocolors';
import type { Report, ReportedChange } from '../../lib/report.js';
import type { LocalSetup } from './local-setup.js';

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
    command(
      'ask the API',
      `curl -s ${apiUrl} -H 'X-IOTA-API-Version: 1' -H 'Content-Type: application/json' -d '{"command":"getNodeInfo"}'`,
    ),
    command(`register ${name}`, `curl -X PUT ${agent}/register ${header} -d '${body}'`),
    command('fail it, then let it pass again', `curl -X POST '${standIn.url}/_fault?name=unsynced'`),
    `curl -X POST '${standIn.url}/_fault?name=healthy'`,
    command('remove it', `curl -X PUT ${agent}/deregister/${name} ${header}`),
    '',
  ].join('\n');
}

const WORDS: Readonly<Record<ReportedChange['action'], string>> = {
  add: pc.green('in rotation'),
  enable: pc.green('in rotation again'),
  update: pc.yellow('changed'),
  disable: pc.red('out of rotation'),
  remove: pc.red('gone'),
};

/** One line per change of a report; `lagMs` is the time from Consul to HAProxy. */
export function changeLines({ loadBalancers }: Report, lagMs: number | undefined): string[] {
  return loadBalancers.flatMap(({ changes }) =>
    changes.map(({ action, instance, before, after, backend, slot, reason }) => {
      const id = instance?.split('/').at(-1) ?? `${before.address}:${before.port}`;
      const where = `${backend}/${slot}`.padEnd(24);
      const settings = `weight ${after.weight}, maxconn ${after.maxconn || 'none'}`;
      const detail = action === 'remove' || action === 'disable' ? reason : settings;
      const lag = lagMs === undefined ? '' : pc.bold(`  ${lagMs} ms`);
      return [`${id} ${WORDS[action]}`.padEnd(38), where, `${detail}${lag}`].join(' ');
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
