// What `npm start` prints: where things are, what to paste, and who serves at its end. Pure.
import pc from 'picocolors';
import { iriIsOn } from '../../lib/iri/layout.js';
import type { Report } from '../../lib/model/report.js';
import type { LocalBalancer } from './load-balancers.js';
import type { LocalSetup } from './local-setup.js';
import { shellWord } from './shell-env.js';

const API_BODY = `  -H 'Content-Type: application/json' -d '{"command":"getNodeInfo"}'`;

interface Introduced {
  /** Who is shown in the demonstration; without one, somebody who serves. */
  readonly demo: boolean;
}

/** The head of the terminal: addresses, and commands that work as they are. */
export function introduction(setup: LocalSetup, { demo }: Introduced): string {
  return [...places(setup), '', ...looking(setup, demo), ...acting(setup), ''].join('\n');
}

/** A line each, with a column for each load balancer. */
function places({ consul, loadBalancers, pageUrl }: LocalSetup): string[] {
  const row = (name: string, cells: readonly string[], note = ''): string =>
    `${pc.bold(name)}${' '.repeat(12 - name.length)}${cells.map((cell) => cell.padEnd(24)).join('')}${note}`.trimEnd();
  const each = (of: (one: LocalBalancer) => string | undefined): string[] =>
    loadBalancers.flatMap((one) => of(one) ?? []);
  const names = each(({ name }) => name);
  const apis = each(({ apiUrl }) => apiUrl);
  const stats = each(({ statsUrl }) => statsUrl);
  const admins = each(({ haproxy }) => haproxy.admin);
  return [
    `${names.length} load balancers, kept equal to what one Consul knows, until Ctrl-C`,
    row('Page', [pageUrl], '(who is in which slot, and why)'),
    row('', names),
    row('API', apis),
    ...(stats.length > 0 ? [row('Stats page', stats)] : []),
    row('HAProxy', admins, '(admin)'),
    row('Consul', [`${consul.url}/ui`]),
    row('', [`token ${consul.token} (good until this ends)`]),
  ];
}

const command = (what: string, ...lines: readonly string[]): string[] => [pc.dim(`# ${what}`), ...lines];

/** The questions of who is on call. */
function looking({ nodes, envFile }: LocalSetup, demo: boolean): string[] {
  const [first, second = first] = nodes.registered;
  const who = demo ? nodes.demonstration.name : first?.name;
  return [
    ...command('in another terminal: from here on iri-lb asks this set-up', `. ${shellWord(envFile)}`),
    ...command(
      'what needs a look, why, what would the next run do, what happened',
      'iri-lb status',
      `iri-lb why ${who}`,
      'iri-lb plan',
      'iri-lb changes',
      'iri-lb doctor',
    ),
    ...command(
      'let one finish its requests and get no new ones; take it back',
      `iri-lb drain ${second?.name} --wait`,
      `iri-lb undrain ${second?.name}`,
    ),
  ];
}

/** As a client of the API, as a node, and as who registers one. */
function acting({ consul, loadBalancers, nodes, config }: LocalSetup): string[] {
  const { name, standIn, trouble } = nodes.spare;
  const header = `-H 'X-Consul-Token: ${consul.token}'`;
  const agent = `${consul.url}/v1/agent/service`;
  const isIri = iriIsOn({ pools: config.pools, haproxy: config.haproxy });
  const { auth, tls } = config.haproxy.frontend;
  const user = auth ? ` -u ${auth.users[0]?.name}` : '';
  const ask = `curl -s${tls ? 'k' : ''}${user} ${loadBalancers[0]?.apiUrl}`;
  const fault = (fault: string): string => `curl -sk -X POST '${standIn.url}/_fault?name=${fault}'`;
  return [
    ...(isIri
      ? command('ask the API', `${ask} -H 'X-IOTA-API-Version: 1' \\`, API_BODY)
      : command('ask whoever serves', ask)),
    ...command(
      `register ${name}`,
      `curl -X PUT ${agent}/register \\`,
      `  ${header} \\`,
      `  -d @${shellWord(nodes.spareFile)}`,
    ),
    ...command('fail it, then let it pass again', fault(trouble.fault), fault('healthy')),
    ...command('remove it', `curl -X PUT ${agent}/deregister/${name} \\`, `  ${header}`),
  ];
}

/** Pools in one line for all load balancers that agree, for the end. */
export function poolsLines({ loadBalancers }: Report, nameOf: (address: string) => string): string[] {
  const lines = new Map<string, string[]>();
  for (const { address, pools } of loadBalancers) {
    const line = pools.map(({ backend, ready, slots }) => `${backend}: ${ready} of ${slots} slots ready`);
    const on = lines.get(line.join(', ')) ?? [];
    lines.set(line.join(', '), [...on, nameOf(address)]);
  }
  return [...lines].map(([line, on]) => `${on.join(' and ')}: ${line}`);
}
