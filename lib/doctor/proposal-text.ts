// Tells of a proposal: what it rests on, who is not in Consul, what the first run would do, and what to put in. Pure.
import { isHealthy } from '../model/instance.js';
import { nearNames } from '../model/nearest.js';
import { plainText, quote, showName } from '../model/text.js';
import { counted, someOf } from './names.js';
import type { NoCatalog, OwnCatalog, OwnHAProxy } from './own.js';
import type { Proposal, ProposedPool, Serving } from './propose.js';
import { groupsOf } from './propose-ranges.js';

/** `file`: where LB_CONFIG is to be, for the commands to paste. */
export function proposalLines(
  proposal: Proposal,
  own: OwnHAProxy,
  catalog: OwnCatalog | NoCatalog,
  file: string,
): string[] {
  const { pools, lacks, environment } = proposal;
  return [
    ...('failure' in catalog
      ? [`Consul cannot be read (${catalog.failure}), so services are guessed from the names of backends`, '']
      : catalog.unread > 0
        ? [`${counted(catalog.unread, 'service')} of Consul were not looked at: there are too many`, '']
        : []),
    ...own.skipped.map(({ backend, why }) => `backend ${showName(backend)} is left out: ${why}`),
    ...pools.flatMap((pool) => [...poolLines(pool, catalog), '']),
    ...sharedLines(pools),
    ...lackLines(lacks),
    `Save what stdout has as ${shellWord(file)}, and go on with:`,
    `    export ${Object.entries({ LB_CONFIG: file, ...environment })
      .map(([name, value]) => `${name}=${shellWord(value)}`)
      .join(' ')}`,
    '    iri-lb doctor; iri-lb plan',
  ];
}

function poolLines(pool: ProposedPool, catalog: OwnCatalog | NoCatalog): string[] {
  return [headOf(pool, catalog), ...insideLines(pool), ...outsideLines(pool)];
}

function headOf(
  { backend, service, by, inside, outside }: ProposedPool,
  catalog: OwnCatalog | NoCatalog,
): string {
  const head = `backend ${backend}: service ${showName(service)}`;
  const all = [...inside, ...outside];
  const known = all.filter(({ instance }) => instance !== undefined).length;
  if (by === 'addresses') return `${head}, which has ${known} of the ${all.length} servers that serve`;
  if (by === 'name') return `${head}, by its name: nobody of it is where a server is`;
  if ('failure' in catalog) return `${head}, a guess`;
  const names = [...catalog.services.keys()];
  const near = nearNames(service, names);
  const others = near.length > 0 ? near : names;
  return `${head}, a guess: Consul lists nobody of it${others.length > 0 ? `; it lists ${someOf(others)}` : ''}`;
}

/** Slots: what a run would do to them. */
function insideLines(pool: ProposedPool): string[] {
  return [...strangerLines(pool), ...unwellLines(pool)];
}

/** A run stops them at once: Consul's word holds for a slot. */
function unwellLines({ inside }: ProposedPool): string[] {
  const unwell = inside.filter(({ instance }) => instance !== undefined && !isHealthy(instance.health));
  if (unwell.length === 0) return [];
  return [
    `  Consul says critical or maintenance of ${placesOf(unwell)}, which HAProxy serves: the first iri-lb apply takes ${unwell.length === 1 ? 'it' : 'them'} out`,
  ];
}

/** Nobody in Consul is there. */
function strangerLines({ service, there, ranges, inside }: ProposedPool): string[] {
  const prefixes = ranges.filter(({ servers }) => servers.length > 0).map(({ prefix }) => prefix);
  const strangers = inside.filter(({ instance }) => instance === undefined);
  if (strangers.length === 0) return [];
  const then =
    there.size === 0
      ? `keeps them and fails while Consul lists nobody of ${showName(service)}, and takes them out once it lists somebody`
      : `takes ${strangers.length === 1 ? 'it' : 'them'} out`;
  return [
    `  ${counted(strangers.length, 'slot')} of ${prefixes.join(', ')} ${are(strangers)} ready where nobody in Consul is: ${placesOf(strangers)}`,
    `  the first iri-lb apply ${then}; who is to stay is registered before:`,
    ...strangers.map((one) => addLine(service, one)),
    `  or leave ${prefixes.join(', ')} to whoever fills it now, and name a range of its own in LB_CONFIG`,
  ];
}

/** Written by hand: no run touches them. */
function outsideLines({ service, ranges, outside }: ProposedPool): string[] {
  if (outside.length === 0) return [];
  const strangers = outside.filter(({ instance }) => instance === undefined);
  const twice = outside.filter(({ instance }) => instance !== undefined);
  const names = someOf(outside.map(({ server }) => server.slot));
  const prefixes = ranges.map(({ prefix }) => prefix).join(', ');
  return [
    `  ${counted(outside.length, 'server')} (${names}) ${are(outside)} outside the range ${prefixes}: no run touches ${outside.length === 1 ? 'it' : 'them'}`,
    ...(twice.length === 0
      ? []
      : [
          `  Consul lists ${placesOf(twice)}, too: served twice from the first iri-lb apply on, until the server line goes`,
        ]),
    ...(strangers.length === 0
      ? []
      : [
          `  Consul lists nobody at ${placesOf(strangers)}; to have it say who serves there, register them:`,
          ...strangers.map((one) => addLine(service, one)),
          '  their server lines may go at a later reload, once iri-lb status shows them in slots and a state file keeps those',
        ]),
    ...adoptLines(outside, strangers),
  ];
}

/** What people do who know the IRI layout: name the prefix of servers that are there. */
function adoptLines(outside: readonly Serving[], strangers: readonly Serving[]): string[] {
  const lost = new Set(strangers.map(({ server }) => server));
  return [...groupsOf(outside.map(({ server }) => server))].flatMap(([prefix, members]) => {
    const gone = members.filter((server) => lost.has(server));
    if (gone.length === 0) return [];
    const slots = someOf(gone.map(({ slot }) => slot));
    return [
      `  Name no range with the prefix ${quote(prefix)} before that: ${counted(members.length, 'server')} would be its slots, and the first iri-lb apply would take ${slots} out`,
    ];
  });
}

function addLine(service: string, { server, place }: Serving): string {
  const { hostName, weight, maxconn, tls, port } = server;
  const isName = hostName !== null && !hostName.endsWith('.invalid');
  const address = isName ? hostName : place.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return [
    '    iri-lb node add',
    `--service ${shellWord(service)} --address ${shellWord(address)} --port ${port} --tcp`,
    ...(weight === 1 ? [] : [`--weight ${weight}`]),
    ...(maxconn > 0 ? [`--maxconn ${maxconn}`] : []),
    ...(tls ? ['--scheme https'] : []),
  ].join(' ');
}

/** As it is pasted into a shell, whatever it holds. */
function shellWord(text: string): string {
  if (/^[A-Za-z0-9_.:@/-]+$/.test(text)) return text;
  return `'${plainText(text, 512).replaceAll("'", `'\\''`)}'`;
}

const are = (list: readonly unknown[]): string => (list.length === 1 ? 'is' : 'are');

/** `10.0.0.1:80 (web1), …`. */
const placesOf = (list: readonly Serving[]): string => {
  const named = list.slice(0, 5).map(({ place, server }) => `${place} (${showName(server.slot)})`);
  return list.length > named.length
    ? `${named.join(', ')} and ${list.length - named.length} more`
    : named.join(', ');
};

/** Pools of one service without a rule serve the same instances. */
function sharedLines(pools: readonly ProposedPool[]): string[] {
  const byService = new Map<string, string[]>();
  for (const { service, backend } of pools)
    byService.set(service, [...(byService.get(service) ?? []), backend]);
  return [...byService].flatMap(([service, backends]) =>
    backends.length < 2
      ? []
      : [
          `backends ${backends.join(', ')} serve all of service ${showName(service)}, each: say with "tags" or "select" of the pool who is for which`,
          '',
        ],
  );
}

function lackLines(lacks: Proposal['lacks']): string[] {
  if (lacks.length === 0) return ['haproxy.cfg lacks nothing that a run needs', ''];
  return [
    'haproxy.cfg lacks, each in its section, before the reload that has HAProxy read it:',
    ...lacks.flatMap(({ section, lines }) => [section, ...lines.map((line) => `    ${line}`)]),
    '',
    ...(lacks.some(({ section }) => section !== 'global')
      ? [
          'A later reload empties the slots until the next run, unless a state file keeps them: see infra/README.md',
          '',
        ]
      : []),
  ];
}
