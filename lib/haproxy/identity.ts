// Which process answers at an address: two of them may share a pid, a host name and a second of birth. Pure.

/** What a process says of itself, at one moment. */
export interface Identity {
  readonly pid: number;
  readonly node: string;
  /** Seconds since 1970, by its own clock; undefined where this version does not say. */
  readonly startedAt: number | undefined;
  readonly uptimeSeconds: number;
  /** It is being replaced, and takes no new connections. */
  readonly stopping: boolean;
  /** Connections that it has taken since it started, ours among them: each read has one more than the last. */
  readonly connections: number;
}

/** A reload leaves two processes for a moment, the new one this young at most, in seconds. */
const YOUNG_SECONDS = 5;

/** Parses `show info`: every second of `iri-lb run`. */
export function parseIdentity(text: string): Identity {
  const value = (name: string): string | undefined => {
    const at = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1;
    if (at === 0 && !text.startsWith(`${name}:`)) return undefined;
    const end = text.indexOf('\n', at);
    return text.slice(at + name.length + 1, end === -1 ? undefined : end).trim();
  };
  const startedAt = Number(value('Start_time_sec'));
  return {
    pid: Number(value('Pid') ?? 0),
    node: value('node') ?? '',
    startedAt: startedAt > 0 ? startedAt : undefined,
    uptimeSeconds: Number(value('Uptime_sec') ?? 0),
    stopping: value('Stopping') === '1',
    connections: Number(value('CumConns') ?? 0),
  };
}

/** Whether two reads may be of one process, by what never changes in a process's life. */
function mayBeSame(one: Identity, other: Identity): boolean {
  return one.pid === other.pid && one.node === other.node && one.startedAt === other.startedAt;
}

/**
 * Whether reads, each made after the one before had ended and in a connection of its own, are all of one
 * process. Two that were started in the same second, each with pid 1 in a container of the same name, differ
 * in how many connections they have taken: in one process that number grows by each read.
 */
export function areOneProcess(reads: readonly Identity[]): boolean {
  return reads.every((read, index) => {
    const before = reads[index - 1];
    return !before || (mayBeSame(before, read) && before.connections < read.connections);
  });
}

/**
 * Whether successive reads at one address were answered by more than one process that is there to stay. A
 * process that stops, or is new and came only once, is a reload.
 */
export function areSeveralProcesses(reads: readonly Identity[]): boolean {
  const staying = reads.filter(({ stopping }) => !stopping);
  const [first] = staying;
  // Versions before 2.6 may not count connections to admin sockets; who counts them does at every read.
  if (first && staying.every((read) => mayBeSame(first, read) && read.connections === first.connections))
    return false;
  if (areOneProcess(staying)) return false;
  const isOld = staying.every(({ uptimeSeconds }) => uptimeSeconds >= YOUNG_SECONDS);
  const changes = staying.filter((read, index) => {
    const before = staying[index - 1];
    return before !== undefined && !areOneProcess([before, read]);
  });
  return isOld || changes.length > 1;
}
