// `iri-lb changes`: what happened to the fleet, when, why and where, from whoever kept it.
import type { Command } from 'commander';
import type { HistoryEvent, Page } from '../model/history.js';
import { HISTORY_VERSION, isoOf } from '../model/history.js';
import { nearNames } from '../model/nearest.js';
import { jsonText, quote, showName } from '../model/text.js';
import { isAbout, namesIn } from './changes-about.js';
import { openSource } from './changes-open.js';
import { coverLines, eventLines, isComplete } from './changes-page.js';
import type { OpenSource } from './changes-source.js';
import { eventLine, type Style } from './changes-text.js';
import { guarded, outJson, type Terminal } from './output.js';
import { fitLine, paintFor } from './screen.js';
import { parseSince } from './since.js';

interface Flags {
  readonly since: string;
  readonly instance?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly utc?: boolean;
  readonly from?: string;
}

export interface ChangesOptions {
  readonly nowMs: () => number;
  /** Aborted when somebody has seen enough. */
  readonly untilStopped: () => AbortSignal;
  /** Where a history is looked for when nobody says where. */
  readonly places?: { readonly run: string; readonly file: string };
  /** How often it is asked for more, in milliseconds. */
  readonly pollMs?: number;
}

export function registerChanges(program: Command, terminal: Terminal, options = processOptions): void {
  program
    .command('changes')
    .description(
      'tell what happened, when, why, on which load balancer and with what result: changes, drains, restarts, DOWN ' +
        'and UP, failing runs, what somebody else changed; exit 0, also when that is nothing, 1 without a source',
    )
    .option('--since <when>', 'a duration (10m), a time of day (03:00, the last one), or RFC 3339', '10m')
    .option('--instance <name>', 'only of this one: id, node/id, address:port or backend/slot')
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--from <source>', 'a file, a URL (of iri-lb run) or aws:STACK; IRI_LB_HISTORY names one, too')
    .option('--utc', 'times in UTC')
    .option('--json', 'print it as JSON; with --follow one object a line')
    .addHelpText(
      'after',
      '\nWithout --from: the iri-lb run of this machine, else its file. The first line says what the source covers;\n' +
        'what it does not cover is not known.',
    )
    .action((flags: Flags) => guarded(terminal, () => changes(flags, terminal, options)));
}

async function changes(flags: Flags, terminal: Terminal, options: ChangesOptions): Promise<void> {
  const { json = false, follow = false, utc = false, instance } = flags;
  const nowMs = options.nowMs();
  const sinceMs = parseSince(flags.since, nowMs, { utc });
  const { places, pollMs } = options;
  // Before anything is printed: whoever has read it may stop us.
  const stopped = follow ? options.untilStopped() : undefined;
  const source = await openSource(flags.from, {
    sinceMs,
    env: terminal.env,
    ...(places ? { places } : {}),
    ...(pollMs === undefined ? {} : { pollMs }),
  });
  try {
    const page = pageAbout(source.page, instance);
    const shown = { ...source, page };
    if (json) printJson(shown, { sinceMs, nowMs, follow }, terminal);
    else printText(shown, sinceMs, styleOf(terminal, utc, nowMs), terminal);
    const { skipped = 0 } = source;
    if (skipped > 0)
      terminal.err(
        `warning: ${skipped} lines of ${source.name} are cut off or not ours; they were passed over`,
      );
    if (instance !== undefined && page.events.length === 0) hintAt(instance, source.page, terminal);
    if (stopped) await printMore(source, flags, terminal, { nowMs: options.nowMs, stopped });
  } finally {
    await source.close();
  }
}

const styleOf = (terminal: Terminal, utc: boolean, nowMs: number): Style => ({
  zone: { utc },
  nowMs,
  paint: paintFor(terminal),
});

const pageAbout = (page: Page, instance: string | undefined): Page =>
  instance === undefined
    ? page
    : { ...page, events: page.events.filter((event) => isAbout(event, instance)) };

function printText(
  { name, page, limits }: OpenSource,
  sinceMs: number,
  style: Style,
  terminal: Terminal,
): void {
  const lines = [
    ...coverLines(name, page, sinceMs, style),
    ...(limits === undefined ? [] : [style.paint.dim(limits)]),
    ...eventLines(page, sinceMs, style),
  ];
  for (const line of lines) terminal.out(fitLine(line, terminal.screen?.columns));
}

function printJson(
  { name, page, limits }: OpenSource,
  { sinceMs, nowMs, follow }: { readonly sinceMs: number; readonly nowMs: number; readonly follow: boolean },
  terminal: Terminal,
): void {
  const head = {
    version: HISTORY_VERSION,
    source: name,
    since: isoOf(sinceMs),
    complete: isComplete(page, sinceMs, nowMs),
    cover: page.cover,
    ...(limits === undefined ? {} : { limits }),
  };
  if (!follow) outJson(terminal, { ...head, events: page.events });
  else for (const line of [{ kind: 'cover', ...head }, ...page.events]) terminal.out(jsonText(line));
}

async function printMore(
  source: OpenSource,
  { json = false, utc = false, instance }: Flags,
  terminal: Terminal,
  { nowMs, stopped }: Pick<ChangesOptions, 'nowMs'> & { readonly stopped: AbortSignal },
): Promise<void> {
  const print = (event: HistoryEvent): void =>
    json
      ? terminal.out(jsonText(event))
      : terminal.out(fitLine(eventLine(event, styleOf(terminal, utc, nowMs())), terminal.screen?.columns));
  for await (const events of source.more(stopped))
    for (const event of events) if (instance === undefined || isAbout(event, instance)) print(event);
}

/** Names that are in the history, where nobody is called so. */
function hintAt(instance: string, page: Page, terminal: Terminal): void {
  const near = nearNames(instance, namesIn(page.events)).slice(0, 5);
  if (near.length > 0)
    terminal.err(
      `iri-lb: nothing of ${quote(instance)} there; near: ${near.map((name) => showName(name)).join(', ')}`,
    );
}

/** Ctrl-C, or whoever reads our output went away. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.stdout.once('error', () => stop.abort());
  return stop.signal;
}

const processOptions: ChangesOptions = { nowMs: () => Date.now(), untilStopped };
