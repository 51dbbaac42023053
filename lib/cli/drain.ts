// `iri-lb drain`: takes an instance out of rotation by hand on every load balancer, and waits until its requests are over.
import type { Command } from 'commander';
import { parseDuration } from '../model/duration.js';
import { isServing, type Observed } from '../model/server.js';
import { quote } from '../model/text.js';
import { type Drained, drainSlots, type HandSlot, slotsToDrain } from '../run/drain.js';
import { type WaitEnd, waitUntilIdle } from '../run/drain-wait.js';
import type { FleetLook } from '../run/look.js';
import { makeRunner, type Runner } from '../run/runner.js';
import { systemClock } from '../run/system-clock.js';
import type { Target } from '../run/targets.js';
import type { Confirm } from './confirm.js';
import { drainedLines, loadsText, printLoads, waitLines } from './drain-text.js';
import { EXIT } from './exit-status.js';
import { nameOf, oneTarget, slotsText, unreadIn } from './hand-target.js';
import { isLargeLoss, type Loss, lossText } from './losses.js';
import { guarded, outJson, settingsOf, type Terminal } from './output.js';
import { registerUndrain } from './undrain.js';
import { usageError } from './usage.js';
import { wrapped } from './wrap.js';

/** How long `--wait` waits where nothing is said, in milliseconds. */
const DEFAULT_WAIT_MS = 300_000;

interface Flags {
  readonly wait?: string | true;
  readonly now?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `confirm` is undefined where there is nobody to ask. */
export function registerDrain(program: Command, terminal: Terminal, confirm?: Confirm): void {
  program
    .command('drain [instance]')
    .description(
      'let an instance (id, node/id, address:port or backend/slot) finish its requests and get no new ones, on every ' +
        'load balancer, until undrain; asks before a pool loses half or its last; exit 0, 1 a slot was not drained ' +
        'or a load balancer not read, 3 requests are left after --wait, or it may come into rotation elsewhere',
    )
    .option('--wait [time]', 'wait until its requests are over, 5m where no time is given')
    .option('--now', 'end its requests at once, those in flight included')
    .option('--yes', 'do not ask')
    .option('--json', 'print what was done as JSON')
    .action((name: string | undefined, flags: Flags) =>
      guarded(terminal, () => drain(namedBy(name, flags), flags, terminal, confirm)),
    );
  registerUndrain(program, terminal);
}

interface Named {
  readonly name: string;
  /** Undefined: nobody waits. */
  readonly waitMs: number | undefined;
}

/** `--wait X` is X waited for, where X is no time. */
function namedBy(name: string | undefined, { wait }: Flags): Named {
  const time = typeof wait === 'string' ? parseDuration(wait) : undefined;
  const who = name ?? (typeof wait === 'string' && time === undefined ? wait : undefined);
  if (who === undefined) throw usageError('name an instance: by id, node/id, address:port or backend/slot');
  if (name !== undefined && typeof wait === 'string' && time === undefined)
    throw usageError(`--wait ${quote(wait)} is no time; say --wait=5m, or --wait alone`);
  return { name: who, waitMs: wait === undefined ? undefined : (time ?? DEFAULT_WAIT_MS) };
}

async function drain(
  { name, waitMs }: Named,
  { now = false, yes = false, json = false }: Flags,
  terminal: Terminal,
  confirm: Confirm | undefined,
): Promise<void> {
  const runner = makeRunner(settingsOf(terminal), terminal.err, terminal);
  const look = await runner.look();
  const { config } = runner.settings;
  const target = oneTarget(look, config, name);
  const { slots, out, without } = slotsToDrain(target, look);
  const all = look.loadBalancers.length;
  const who = nameOf(target);
  if (slots.length === 0) throw new Error(whyNothing(target, out, all));
  const tell = json ? terminal.err : terminal.out;
  tell(`drain ${who}: ${slotsText(slots, all)}`);
  const agreed = !yes && confirm ? await ask(slots, look, confirm) : undefined;
  const hand = { connect: runner.deps.connect, budgetMs: config.loadBalancerTimeoutMs };
  const done = await drainSlots(hand, slots, {
    cut: now,
    refuse: (address, own, observed) => agreed && unagreed(lossesOf(address, own, observed), agreed),
  });
  const unread = unreadIn(look);
  if (!json) sayAll(drainedLines(who, done, all), terminal);
  for (const { why } of unread) terminal.err(`iri-lb: ${why}; ${who} may be in rotation there`);
  for (const slot of out) terminal.err(`warning: ${slotsText([slot], all)} ${MAINTENANCE}`);
  for (const address of without)
    terminal.err(`warning: ${who} has no slot on ${address}: a run that places it there makes it ready`);
  for (const { slot, backend, address, result, error } of done)
    if (result === 'failed')
      terminal.err(`iri-lb: ${backend}/${slot} on ${address} was not drained: ${error}`);
  const drained = done.filter(({ result }) => result !== 'failed');
  const end =
    waitMs === undefined || drained.length === 0 ? undefined : await wait(runner, drained, waitMs, terminal);
  if (json) outJson(terminal, jsonOf(target, look, done, end));
  else if (end) sayAll(waitLines(who, end), terminal);
  const isWhole = unread.length === 0 && drained.length === done.length && end?.is !== 'broken';
  const isLeft = end?.is === 'late' || out.length + without.length > 0;
  terminal.exit(!isWhole ? EXIT.failed : isLeft ? EXIT.look : EXIT.ok);
}

function sayAll(lines: readonly string[], { out, screen }: Terminal): void {
  for (const line of lines.flatMap((one) => wrapped(one, screen?.columns))) out(line);
}

const MAINTENANCE = 'is in maintenance, as Consul says, and not drained: a run makes it ready once it passes';

function whyNothing(target: Target, out: readonly HandSlot[], all: number): string {
  const who = nameOf(target);
  if (target.label === null)
    return `${who} is free already: its slot is in maintenance, and nobody in Consul is there`;
  return out.length > 0
    ? `${who}: ${slotsText(out, all)} is in maintenance already, as Consul says; iri-lb maint keeps it out for good`
    : `${who} has no slot, so there is nothing to drain; iri-lb maint keeps it out for good`;
}

/** Asks where a pool would lose half, or its last. Gives what was agreed to; throws where the answer is no. */
async function ask(slots: readonly HandSlot[], look: FleetLook, confirm: Confirm): Promise<readonly Loss[]> {
  const large = look.loadBalancers
    .flatMap(({ address, observed }) => {
      const own = slots.filter((slot) => slot.address === address);
      return observed ? lossesOf(address, own, observed) : [];
    })
    .filter(isLargeLoss);
  if (large.length === 0 || (await confirm(`Take away ${lossText(large, look.loadBalancers.length)}?`)))
    return large;
  throw new Error('nothing was drained');
}

/** Of the pools, how many of those that serve now are among the slots. */
function lossesOf(
  address: string,
  slots: readonly HandSlot[],
  { backends }: Pick<Observed, 'backends'>,
): Loss[] {
  return [...backends].flatMap(([backend, servers]): Loss[] => {
    const names = new Set(slots.filter((slot) => slot.backend === backend).map(({ slot }) => slot));
    const serving = servers.filter(isServing);
    const takes = serving.filter(({ slot }) => names.has(slot)).map(({ slot }) => `${backend}/${slot}`);
    return takes.length === 0 ? [] : [{ address, backend, takes, serving: serving.length }];
  });
}

/** Why a pool's loss is not one that was agreed to. */
function unagreed(losses: readonly Loss[], agreed: readonly Loss[]): string | undefined {
  const isAgreed = (loss: Loss): boolean =>
    agreed.some(({ address, backend }) => address === loss.address && backend === loss.backend);
  const more = losses.filter((loss) => isLargeLoss(loss) && !isAgreed(loss));
  return more.length === 0
    ? undefined
    : `by now it would take away ${lossText(more, 1)}; drain it again to be asked`;
}

function wait(
  { connectToLook, settings }: Runner,
  slots: readonly Drained[],
  timeoutMs: number,
  { err }: Terminal,
): Promise<WaitEnd> {
  let told = '';
  const deps = {
    ...{ connect: connectToLook, budgetMs: settings.config.loadBalancerTimeoutMs, clock: systemClock },
    onLook: (loads: Parameters<typeof loadsText>[0]) => {
      const text = loadsText(loads);
      if (text !== told) err(`waiting: ${text}`);
      told = text;
    },
  };
  return waitUntilIdle(deps, slots, timeoutMs);
}

function jsonOf(target: Target, look: FleetLook, done: readonly Drained[], end: WaitEnd | undefined): object {
  const { label, hostPorts } = target;
  return {
    ...{ version: 1, instance: label, at: hostPorts },
    slots: done.map(({ address, backend, slot, hostPort, state, result, error, requests }) => ({
      ...{ address, backend, slot, at: hostPort, before: state, result },
      ...(requests === undefined ? {} : { requests }),
      ...(error === undefined ? {} : { error }),
    })),
    unread: unreadIn(look).map(({ address, state, why }) => ({ address, state, error: why })),
    ...(end ? { wait: printLoads(end) } : {}),
  };
}
