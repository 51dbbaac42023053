// `iri-lb init`: reads a HAProxy of somebody's own, and proposes an LB_CONFIG for it.
import type { Command } from 'commander';
import { readSettings } from '../config/environment.js';
import { withParameters } from '../config/pem-parameters.js';
import { examinersOf } from '../doctor/doctor.js';
import { gatherCatalog, gatherOwn } from '../doctor/gather-own.js';
import { proposalLines } from '../doctor/proposal-text.js';
import { propose } from '../doctor/propose.js';
import { isNamedAs } from '../doctor/propose-service.js';
import { parseAdminAddress, printAdminAddress } from '../model/admin-address.js';
import { quote } from '../model/text.js';
import { systemClock } from '../run/system-clock.js';
import { guarded, outJson, type Terminal } from './output.js';
import { usageError } from './usage.js';

interface Flags {
  readonly socket?: string;
  readonly json?: boolean;
}

export function registerInit(program: Command, terminal: Terminal): void {
  program
    .command('init')
    .description('read a HAProxy of your own, and propose an LB_CONFIG (stdout) and what it lacks (stderr)')
    .option('--socket <address>', 'any stats socket of it (default: the first of HAPROXY_ADDRESSES)')
    .option('--json', 'print the proposal with what it rests on as JSON')
    .action((flags: Flags) => guarded(terminal, () => init(flags, terminal)));
}

async function init({ socket, json }: Flags, terminal: Terminal): Promise<void> {
  const { LB_CONFIG: file = 'lb.json', ...others } = terminal.env;
  if (socket !== undefined && !parseAdminAddress(asAddress(socket)))
    throw usageError(`--socket: ${quote(socket)} is no address; use unix:/PATH or tcp://HOST:PORT`);
  const named = socket === undefined ? {} : { HAPROXY_ADDRESSES: asAddress(socket) };
  const env = { ...others, HAPROXY_READ_ADDRESSES: undefined, ...named };
  const settings = readSettings(await withParameters(env, systemClock));
  const [address, ...more] = settings.haproxy.addresses;
  if (!address || address.kind === 'consul')
    throw usageError('init reads one HAProxy: name its socket with --socket unix:/PATH or tcp://HOST:PORT');
  const examiners = examinersOf(settings, systemClock);
  const own = await gatherOwn(examiners, address);
  const isFirst = (service: string): boolean => own.backends.some(({ name }) => isNamedAs(name, service));
  const catalog = await gatherCatalog(examiners, isFirst);
  const where = printAdminAddress(address);
  if (own.backends.length === 0)
    throw new Error(
      `${where} has no backend with servers; declare one (iri-lb render haproxy --only backend)`,
    );
  const proposal = propose(own, catalog);
  const notes = proposalLines(proposal, own, catalog, isJson(file) ? 'lb.json' : file);
  const pools = proposal.pools.map(({ there: _, ...pool }) => pool);
  if (json) outJson(terminal, { version: 1, haproxy: where, ...proposal, pools, notes });
  else outJson(terminal, proposal.config);
  for (const line of notes) terminal.err(line);
  if (more.length > 0)
    terminal.err(`Read was ${where} alone; ${more.length} more of HAPROXY_ADDRESSES need the same lines`);
}

/** A path alone will do. */
const asAddress = (socket: string): string => (socket.startsWith('/') ? `unix:${socket}` : socket);

const isJson = (config: string): boolean => /^\s*[{[]/.test(config);
