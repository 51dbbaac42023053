// `iri-lb status`: what is pending, who serves, what needs a look, and what every load balancer does with whom.
import { type Command, Option } from 'commander';
import { parseDuration } from '../model/duration.js';
import type { Status } from '../model/status.js';
import { quote } from '../model/text.js';
import { makeRunner } from '../run/runner.js';
import { statusOf, type WhoRunsSource } from '../run/status.js';
import { fleetStatus } from './exit-status.js';
import { type Live, processLive } from './live.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { paintFor } from './screen.js';
import { checkFilter, inState, narrow, STATE_NAMES, type StatusFilter, unknown } from './status-filter.js';
import { SORT_KEYS } from './status-sort.js';
import { type StatusView, statusLines } from './status-text.js';
import { watchJson, watchStatus } from './status-watch.js';
import { usageError } from './usage.js';

interface Flags extends StatusFilter {
  readonly json?: true;
  readonly all?: true;
  readonly wide?: true;
  readonly utc?: true;
  readonly sort?: string;
  /** True: as often as it is by default. */
  readonly watch?: string | true;
}

export interface StatusDeps {
  readonly live?: Live;
  /** Who knows when a run last succeeded, and how runs go; nobody by default. */
  readonly whoRuns?: WhoRunsSource;
}

/** Between two looks of `--watch`, in milliseconds. */
const WATCH_MS = 2_000;
const LEAST_WATCH_MS = 100;

export function registerStatus(program: Command, terminal: Terminal, deps: StatusDeps = {}): void {
  program
    .command('status')
    .description(
      'show what is pending, who serves on every load balancer, and what needs a look; exit 0, 1 when something ' +
        'cannot be read or is held back, 3 when somebody should look: left out, held for nobody, nobody serves, ' +
        'load balancers differ',
    )
    .option('--instance <name>', 'only this one: its id, node/id, address:port or backend/slot')
    .option('--backend <name>', 'only this pool')
    .option('--lb <address>', 'only this load balancer')
    .option('--state <state>', `only who is, on some load balancer: ${STATE_NAMES.join(', ')}`)
    .option('--all', 'also those of whom all is well')
    .option(
      '--wide',
      'more columns: address, queue, rate, errors, weight, maxconn, check, and times by the clock',
    )
    .option('--sort <key>', `by ${SORT_KEYS.join(', ')}`)
    .option('--utc', 'times in UTC')
    .addOption(new Option('--watch [interval]', 'look again and again, every 2s by default, until Ctrl-C'))
    .option('--json', 'print it as JSON; with --watch one object a line')
    .action((flags: Flags) => guarded(terminal, () => run(flags, terminal, deps)));
}

async function run(
  flags: Flags,
  terminal: Terminal,
  { live = processLive, whoRuns }: StatusDeps,
): Promise<void> {
  const { json, watch, sort, state } = flags;
  if (sort !== undefined && !SORT_KEYS.includes(sort)) throw unknown('--sort', sort, SORT_KEYS);
  const intervalMs = watch === undefined ? undefined : intervalOf(watch);
  const settings = settingsOf(terminal);
  checkFilter(flags, settings.config);
  // Lines of log would stand in the middle of a screen that is redrawn.
  const isDrawn = watch !== undefined && !json;
  const runner = makeRunner(settings, isDrawn ? undefined : terminal.err, isDrawn ? {} : terminal);
  const look = async (): Promise<Status> => {
    const [looked, who] = await Promise.all([runner.look({ details: 'all' }), whoRuns?.()]);
    const status = narrow(statusOf(looked, settings.config, who), looked, settings.config, flags);
    return json ? inState(status, state) : status;
  };
  const viewOf = (): StatusView => viewFor(flags, terminal);
  if (intervalMs !== undefined)
    return json
      ? watchJson(terminal, live, intervalMs, look)
      : watchStatus(terminal, live, intervalMs, look, viewOf);
  const status = await look();
  if (json) outJson(terminal, status);
  // In one: a write for each of 2,000 lines takes longer than making them.
  else terminal.out(statusLines(status, viewOf()).join('\n'));
  // A terminal has shown them already, and would show them again below.
  if (!terminal.screen || json)
    for (const { error } of [status.consul, ...status.loadBalancers])
      if (error !== undefined) terminal.err(`iri-lb: ${error}`);
  terminal.exit(fleetStatus(status));
}

/** Made anew each time: people resize. */
function viewFor({ all, wide, utc, sort, state, instance }: Flags, terminal: Terminal): StatusView {
  return {
    // A terminal that does not know its size says 0.
    columns: terminal.screen?.columns || undefined,
    paint: paintFor(terminal),
    all: all === true,
    wide: wide === true,
    zone: { utc: utc === true },
    sort,
    state,
    named: instance !== undefined,
  };
}

/** In milliseconds. Throws a usage error for what is no duration, or a shorter one than anybody can read. */
function intervalOf(watch: string | true): number {
  const ms = watch === true ? WATCH_MS : parseDuration(watch);
  if (ms !== undefined && ms >= LEAST_WATCH_MS) return ms;
  throw usageError(`--watch: ${quote(watch)} is no duration of at least 100ms; write it as 2s, 500ms or 1m`);
}
