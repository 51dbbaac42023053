// What the IRI layout asks for, written apart from the code under test.

interface Row {
  readonly Node: { readonly Node: string };
  readonly Service: {
    readonly ID: string;
    readonly Address: string;
    readonly Port: number;
    readonly Tags: readonly string[];
  };
  readonly Checks: readonly { readonly Status: string }[];
}

/** A server that a pool should have. */
export interface Expected {
  /** `address port` of the first answer. */
  readonly at: string;
  /** The same of all answers for all instances there: where it may be. */
  readonly answers: readonly string[];
  /** Of all instances there. */
  readonly labels: readonly string[];
  readonly weight: number;
  readonly maxconn: number;
}

/** The servers that a pool should have ready; names that `known` does not have are left out. */
export function expectedIn(
  rows: readonly unknown[],
  backend: string,
  known: Readonly<Record<string, readonly string[]>>,
): Expected[] {
  const pow = backend === 'iri_pow_back';
  const groups = new Map<string, Row[]>();
  for (const row of rows as readonly Row[]) {
    if (!isSelected(row, backend)) continue;
    const at = answersOf(row, known)[0];
    if (at !== undefined) groups.set(at, [...(groups.get(at) ?? []), row]);
  }
  return [...groups].flatMap(([at, members]) => {
    if (!members.some(isHealthy)) return [];
    // The healthiest decides, by label among equals.
    const [first] = members.sort((a, b) => rankOf(a) - rankOf(b) || (labelOf(a) < labelOf(b) ? -1 : 1));
    if (!first) return [];
    return {
      at,
      answers: members.flatMap((member) => answersOf(member, known)),
      labels: members.map(labelOf),
      weight: numberOf(first, 'weight', 256) ?? 1,
      maxconn: pow ? powMaxconn(first) : (numberOf(first, 'maxconn', 1_000_000) ?? 0),
    };
  });
}

/** How many instances, at whatever address and of whatever health, the pool's rule selects. */
export const selectedIn = (rows: readonly unknown[], backend: string): number =>
  (rows as readonly Row[]).filter((row) => isSelected(row, backend)).length;

function isSelected(row: Row, backend: string): boolean {
  const role = tagOf(row, 'pow', ['true', 'only', 'false']) ?? 'false';
  return backend === 'iri_pow_back' ? role !== 'false' : role !== 'only';
}

/** `maxconnpow` decides where it is there, also with a value that makes no sense; then `maxconn`; else 1. */
function powMaxconn(row: Row): number {
  const key = has(row, 'maxconnpow') ? 'maxconnpow' : 'maxconn';
  return numberOf(row, key, 1_000_000) ?? 1;
}

const labelOf = ({ Node, Service }: Row): string => `${Node.Node}/${Service.ID}`;
const rankOf = ({ Checks }: Row): number =>
  Math.max(...Checks.map(({ Status }) => ['passing', 'warning', 'critical'].indexOf(Status)));
const isHealthy = ({ Checks }: Row): boolean => Checks.every(({ Status }) => Status !== 'critical');

function answersOf({ Service }: Row, known: Readonly<Record<string, readonly string[]>>): string[] {
  const isName = /[g-z]/.test(Service.Address);
  const addresses = isName ? (known[Service.Address] ?? []) : [Service.Address];
  return addresses.map((address) => `${address} ${Service.Port}`);
}

const has = ({ Service }: Row, key: string): boolean =>
  Service.Tags.some((tag) => tag.startsWith(`haproxy.${key}=`));

/** The first tag of a key counts. */
function tagOf({ Service }: Row, key: string, allowed?: readonly string[]): string | undefined {
  const value = Service.Tags.find((tag) => tag.startsWith(`haproxy.${key}=`))?.split('=')[1];
  return value !== undefined && (!allowed || allowed.includes(value)) ? value : undefined;
}

function numberOf(row: Row, key: string, max: number): number | undefined {
  const value = tagOf(row, key) ?? '';
  return /^\d{1,7}$/.test(value) && Number(value) <= max ? Number(value) : undefined;
}
