// Judges whether anybody of a pool is served, and who is DOWN for HAProxy though Consul says passing. Pure.
import { isHealthy } from '../model/instance.js';
import { isServing, type ObservedServer } from '../model/server.js';
import { quote } from '../model/text.js';
import { drainedIn } from '../plan/states.js';
import type { PoolHere } from './desired.js';
import type { BackendFacts } from './facts.js';
import { error, type Finding, ok, warning } from './finding.js';
import { counted, someOf } from './names.js';

const CHECK =
  "correct HAProxy's own check of these servers (its port, path and what it expects), or the nodes";

/** Slots that hold a placeholder are ready, too, where they are declared so; nobody is behind them. */
export function judgeServing(subject: string, backend: BackendFacts, here: PoolHere): Finding[] {
  const ready = here.groups.flatMap(({ transport, places }) =>
    places
      .filter(({ server, hostPort }) => server.state === 'ready' && hostPort !== undefined)
      .map((place) => ({ ...place, transport })),
  );
  if (ready.length === 0) return judgeNobodyReady(subject, backend, here);
  const servers = ready.map(({ server }) => server);
  const minconn = judgeMinconn(subject, backend, servers);
  const serving = servers.filter(isServing);
  if (serving.length === 0) {
    const finding = `nobody is served: ${counted(ready.length, 'server')} ready, ${whyNot(servers, backend)}`;
    const isChecked = servers.some(isDown);
    const todo = isChecked ? CHECK : 'give some of them a weight above 0 (tags, Weights in Consul)';
    return [error('haproxy', subject, finding, todo), ...minconn];
  }
  const down = ready.filter(({ server, hostPort, transport }) => {
    const wanted = here.servers?.find((one) => one.hostPort === hostPort && one.transport === transport);
    return isDown(server) && wanted !== undefined && isHealthy(wanted.health);
  });
  if (down.length > 0) {
    const finding = `${whyNot(
      down.map(({ server }) => server),
      backend,
    )}, though Consul says passing`;
    return [warning('haproxy', subject, finding, CHECK), ...minconn];
  }
  return [ok('haproxy', subject, `${serving.length} of ${ready.length} ready servers serve`), ...minconn];
}

/** Nobody is ready, and no run would change that, though Consul lists somebody for the pool. */
function judgeNobodyReady(
  subject: string,
  backend: BackendFacts,
  { groups, servers = [], unresolved }: PoolHere,
): Finding[] {
  if (servers.length + unresolved.length === 0 || backend.servers.some(isServing)) return [];
  const drained = drainedIn(groups);
  const healthy = servers.filter(({ health }) => isHealthy(health));
  if (healthy.some(({ hostPort, weight }) => weight > 0 && !drained.has(hostPort))) return [];
  const held = healthy.filter(({ hostPort }) => drained.has(hostPort)).length;
  const why = [
    [held, 'in drain'],
    [servers.length - healthy.length, 'critical or in maintenance in Consul'],
    [healthy.length - held, 'of weight 0'],
    [unresolved.length, 'at names that do not resolve'],
  ] as const;
  const counts = why.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const finding = `nobody is served: none is ready, ${counts.join(', ')}`;
  return [
    warning('haproxy', subject, finding, 'bring one of them back: iri-lb why says what keeps each out'),
  ];
}

const isDown = ({ status }: ObservedServer): boolean => /^(?:DOWN|NOLB)/.test(status);

/** `2 are DOWN (web1, web2; L4CON Connection refused), 1 has weight 0 (web3)`. */
function whyNot(servers: readonly ObservedServer[], { declared }: BackendFacts): string {
  const down = servers.filter(isDown);
  const idle = servers.filter((server) => !isDown(server) && !isServing(server));
  const names = (list: readonly ObservedServer[]): string => someOf(list.map(({ slot }) => slot));
  const [first] = down;
  const said = first ? (declared.get(first.slot)?.lastCheck ?? '') : '';
  const isAre = (list: readonly ObservedServer[]): string =>
    `${list.length} ${list.length === 1 ? 'is' : 'are'}`;
  return [
    first && `${isAre(down)} DOWN (${names(down)}${said === '' ? '' : `; its check says ${quote(said)}`})`,
    idle.length > 0 && `${idle.length} with weight 0 (${names(idle)})`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** With `minconn` HAProxy lets more through than the maxconn that a run sets; it does not tell of `minconn`. */
function judgeMinconn(
  subject: string,
  { declared }: BackendFacts,
  ready: readonly ObservedServer[],
): Finding[] {
  const over = ready.filter(
    ({ slot, maxconn }) => maxconn > 0 && (declared.get(slot)?.running ?? 0) > maxconn,
  );
  const [first] = over;
  if (!first) return [];
  const finding = `${someOf(over.map(({ slot }) => slot))}: ${declared.get(first.slot)?.running} requests at a time, where maxconn is ${first.maxconn}`;
  const todo = 'take minconn out of the configuration; without it, maxconn was lowered just now';
  return [warning('haproxy', subject, finding, todo)];
}
