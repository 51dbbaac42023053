// `iri-lb why X`: why an instance is in rotation or not, and what the next run would do about it.
import type { Command } from 'commander';
import { checksIn, keepRows } from '../consul/checks.js';
import { makeSource } from '../consul/source.js';
import { plainText } from '../model/text.js';
import type { Why } from '../model/why.js';
import type { CauseCode } from '../model/why-causes.js';
import { makeRunner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import { findTargets, type Target } from '../run/targets.js';
import { explain } from '../run/why/explain.js';
import { type NotFound, notFound } from '../run/why/not-found.js';
import { EXIT } from './exit-status.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { fitLine, paintFor } from './screen.js';
import { whoRunsFor } from './who-runs.js';
import { whyLines } from './why-text.js';
import { wrapped } from './wrap.js';

interface WhyOptions {
  readonly json?: boolean;
  readonly utc?: boolean;
}

export function registerWhy(program: Command, terminal: Terminal): void {
  program
    .command('why')
    .argument('<x>', 'a service id, node/id, address:port or backend/slot')
    .description(
      'say why an instance is in rotation or not, on each load balancer, and what the next run would do; exit 0 ' +
        'where it serves everywhere, 1 when something could not be read or is held back, 3 when it does not, 64 ' +
        'when nobody or several are meant',
    )
    .option('--json', 'print it as JSON')
    .option('--utc', 'tell times in UTC')
    .action((text: string, options: WhyOptions) => guarded(terminal, () => tellWhy(terminal, text, options)));
}

async function tellWhy(terminal: Terminal, asked: string, { json, utc = false }: WhyOptions): Promise<void> {
  const settings = settingsOf(terminal);
  const runner = makeRunner(settings, terminal.err);
  const { client, rowsOf } = keepRows(runner.client);
  const [look, { runs }] = await Promise.all([
    runner.look({ source: makeSource({ client, clock: systemClock }) }),
    whoRunsFor(terminal),
  ]);
  const targets = findTargets(look, settings.config, asked);
  const [target, ...others] = targets.found;
  if (!target || others.length > 0) {
    tellNotFound(terminal, notFound(asked, look, targets, settings.config), json);
    return;
  }
  const { checks, more } = checksOf(target, rowsOf);
  const why = explain({
    ...{ asked, target, look, config: settings.config, checks, moreChecks: more },
    runs,
  });
  if (json) outJson(terminal, why);
  else {
    const options = { columns: terminal.screen?.columns, paint: paintFor(terminal), zone: { utc } };
    for (const line of whyLines(why, options)) terminal.out(line);
  }
  terminal.exit(whyStatus(why));
}

const checksOf = (
  { instance, service }: Target,
  rowsOf: (service: string) => readonly unknown[],
): ReturnType<typeof checksIn> =>
  instance && service !== null ? checksIn(rowsOf(service), instance) : { checks: [], more: 0 };

/** Nobody, or several: on stderr, as wrong usage is, but for programs, who read stdout. */
function tellNotFound(terminal: Terminal, found: NotFound, json = false): void {
  const columns = terminal.screen?.columns;
  if (json) outJson(terminal, found);
  else {
    for (const line of wrapped(found.text, columns)) terminal.err(line);
    for (const { name, at } of found.matches) terminal.err(fitLine(`  ${name}  ${plainText(at)}`, columns));
    for (const name of found.near) terminal.err(fitLine(`  ${name}`, columns));
  }
  terminal.exit(found.isKnown ? EXIT.usage : EXIT.failed);
}

/** What holds back a run. */
const HELD: readonly CauseCode[] = [
  'last-of-service',
  'last-of-pool',
  'removal-held',
  'run-failing',
  'absence-doubted',
];

export function whyStatus({ verdict, loadBalancers }: Why): number {
  const places = loadBalancers.flatMap((balancer) => balancer.places);
  const isHeld = places.some(({ causes: [first] }) => first && HELD.includes(first.code));
  if (verdict.unread || isHeld) return EXIT.failed;
  const isStillIn = places.some(({ standing }) => standing === 'still-in');
  return verdict.serves === 'everywhere' && !isStillIn ? EXIT.ok : EXIT.look;
}
