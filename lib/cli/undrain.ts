// `iri-lb undrain`: ends a drain by hand, on every load balancer, as Consul says by now.
import type { Command } from 'commander';
import { showName } from '../model/text.js';
import type { FleetLook } from '../run/look.js';
import { makeRunner, type Runner } from '../run/runner.js';
import { targetsIn } from '../run/targets.js';
import { doubtOf, drainedSlots, staleSlots, type Undrained, undrainSlots, viewIn } from '../run/undrain.js';
import { EXIT } from './exit-status.js';
import { oneTarget, slotsText, unreadIn } from './hand-target.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { allPlaces, folded } from './places.js';
import { usageError } from './usage.js';
import { wrapped } from './wrap.js';

interface Flags {
  readonly stale?: boolean;
  readonly json?: boolean;
}

export function registerUndrain(program: Command, terminal: Terminal): void {
  program
    .command('undrain [instance]')
    .description(
      'end a drain on every load balancer: who passes in Consul is ready again, who is critical stays out, the slot ' +
        'of who is gone becomes free; exit 0, 1 a slot is drained still, or Consul or a load balancer was not read',
    )
    .option(
      '--stale',
      'only slots at which Consul, as far as it can be believed, lists nobody; of all where nobody is named',
    )
    .option('--json', 'print what was done as JSON')
    .action((name: string | undefined, flags: Flags) =>
      guarded(terminal, () => undrain(name, flags, terminal)),
    );
}

async function undrain(name: string | undefined, flags: Flags, terminal: Terminal): Promise<void> {
  const { stale = false, json = false } = flags;
  if (name === undefined && !stale)
    throw usageError('name an instance: by id, node/id, address:port or backend/slot; or say --stale');
  const runner = makeRunner(settingsOf(terminal), terminal.err, terminal);
  const look = await runner.look();
  const { slots, doubts } = chosen(name, stale, look, runner);
  const all = look.loadBalancers.length;
  const unread = unreadIn(look);
  for (const doubt of doubts) terminal.err(`iri-lb: nothing was undrained in ${doubt}`);
  for (const { why } of unread) terminal.err(`iri-lb: ${why}; what is drained there stays so`);
  if (slots.length > 0) (json ? terminal.err : terminal.out)(`undrain ${slotsText(slots, all)}`);
  const done = slots.length === 0 ? [] : await undrainSlots(runner, slots);
  if (json) outJson(terminal, { version: 1, slots: done.map(jsonOf), unread, doubts });
  else
    for (const line of undrainedLines(done, all).flatMap((one) => wrapped(one, terminal.screen?.columns)))
      terminal.out(line);
  if (slots.length + doubts.length === 0 && !json) terminal.out(nothingText(name, unread.length > 0));
  const failed = done.filter(({ result }) => result === 'failed');
  for (const { backend, slot, address, reason } of failed)
    terminal.err(`iri-lb: ${backend}/${slot} on ${address}: ${reason}`);
  terminal.exit(failed.length + doubts.length + unread.length > 0 ? EXIT.failed : EXIT.ok);
}

function nothingText(name: string | undefined, isPartial: boolean): string {
  const where = isPartial ? ' that could be read' : '';
  return name === undefined
    ? `no slot${where} is held for nobody`
    : `${showName(name)} is in DRAIN in no slot${where}`;
}

/** The slots in DRAIN that are meant. Throws where Consul, who decides, could not be read. */
function chosen(name: string | undefined, stale: boolean, look: FleetLook, { settings }: Runner) {
  const view = viewIn(look);
  const { config } = settings;
  const targets = name === undefined ? targetsIn(look, config) : [oneTarget(look, config, name)];
  if (stale) return staleSlots(targets, config, view);
  const slots = targets.flatMap(drainedSlots);
  const [target] = targets;
  if (!target || target.label !== null) return { slots, doubts: [] };
  // Nobody is listed there: freeing the slot needs that to be believed.
  const pools = config.pools.filter((pool) => slots.some(({ backend }) => backend === pool.backend));
  const doubts = pools.flatMap((pool) => doubtOf(pool, view) ?? []);
  return doubts.length > 0 ? { slots: [], doubts } : { slots, doubts };
}

const BECAME = {
  ready: 'is ready again',
  maintenance: 'is in maintenance',
  free: 'is free',
  given: "is somebody else's",
  failed: 'stays out of rotation',
} as const;

/** What became of them, what is the same on several once. */
function undrainedLines(done: readonly Undrained[], all: number): string[] {
  const entries = done.map((slot): readonly [string, string] => {
    const { backend, result, reason } = slot;
    const why = reason === undefined || result === 'failed' ? '' : `: ${reason}`;
    return [slot.address, `${backend}/${slot.slot} ${BECAME[result]}${why}`];
  });
  return folded(entries, (text) => text).map(({ entry, names }) => {
    const where = allPlaces(names, all).trimStart();
    return where === '' ? entry : `${where}: ${entry}`;
  });
}

const jsonOf = ({ address, backend, slot, hostPort, result, reason }: Undrained) => ({
  ...{ address, backend, slot, at: hostPort, result },
  ...(reason === undefined ? {} : { reason }),
});
