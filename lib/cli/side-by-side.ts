// Puts what several load balancers say beside one another, and says it once where they agree. Pure.

/** The short names of load balancers: what all their addresses have in common is left out. */
export function shortNames(addresses: readonly string[]): ReadonlyMap<string, string> {
  const parts = addresses.map((address) => {
    const [, scheme = '', host = address, port = ''] = /^(\w+:\/\/)(.*?)(:\d+)$/.exec(address) ?? [];
    return { address, scheme, host, port };
  });
  const isOne = (values: readonly string[]): boolean => new Set(values).size === 1;
  const [schemes, hosts, ports] = [
    parts.map(({ scheme }) => scheme),
    parts.map(({ host }) => host),
    parts.map(({ port }) => port),
  ];
  if (parts.length < 2 || !isOne(schemes) || schemes[0] === '')
    return new Map(addresses.map((address) => [address, address]));
  const nameOf = ({ host, port }: (typeof parts)[number]): string => {
    if (isOne(ports) && !isOne(hosts)) return host;
    return isOne(hosts) ? port : `${host}${port}`;
  };
  return new Map(parts.map((part) => [part.address, nameOf(part)]));
}

export interface Said {
  /** The load balancer's short name. */
  readonly name: string;
  /** Undefined: it is not known there. */
  readonly text: string | undefined;
}

/** `serving` where all who know say the same; else `drain on 10.0.0.6, 10.0.0.7 | serving on 10.0.0.5`. */
export function sideBySide(said: readonly Said[]): string {
  const groups = new Map<string, string[]>();
  for (const { name, text } of said) {
    if (text === undefined) continue;
    const names = groups.get(text);
    if (names) names.push(name);
    else groups.set(text, [name]);
  }
  const [only, ...others] = groups.keys();
  if (only === undefined) return '?';
  if (others.length === 0) return only;
  return [...groups].map(([text, names]) => `${text} on ${names.join(', ')}`).join(' | ');
}
