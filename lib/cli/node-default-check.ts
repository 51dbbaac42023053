// The check that a registration gets when it brings none: the node check, told what the tags say. Pure.
import type { TagValues } from '../catalog/tags.js';
import { parseArguments } from '../node-check/options.js';
import { quote } from '../text.js';
import type { CheckDefinition } from './node-file.js';

/** The check that a registration gets when it brings none. */
export interface CheckSettings {
  /** The node check's file, as the agent's host has it. */
  readonly command: string;
  /** More options for it. */
  readonly args: readonly string[];
  readonly interval: string;
  readonly timeout: string;
  readonly deregisterAfter: string;
}

/** Told of a problem, with where it is. */
export type Tell = (path: string, message: string) => void;

/** The node check's arguments for a node that says this of itself in its tags. */
export function checkArguments(target: string, said: TagValues): string[] {
  const url = `${said.text('scheme') ?? 'http'}://${target}`;
  const pow = said.text('pow');
  return [
    ...['-a', url],
    ...(said.text('sslverify') === '0' ? ['-k'] : []),
    ...(pow === 'true' || pow === 'only' ? ['-p'] : []),
    // A node that does nothing but PoW needs no milestones.
    ...(pow === 'only' ? ['-u'] : []),
  ];
}

/** The check of the node at `target` (`address:port`); `problem` is told what cannot work. */
export function makeCheck(
  target: string,
  said: TagValues,
  settings: CheckSettings,
  problem: Tell,
): CheckDefinition {
  const args = [...checkArguments(target, said), ...settings.args];
  const parsed = parseArguments(args);
  if (parsed.kind !== 'check')
    problem('--check-args', parsed.kind === 'usage' ? parsed.message : '-h is no check');
  const timeoutMs = parseDuration(settings.timeout);
  if (timeoutMs === undefined) problem('--check-timeout', `${quote(settings.timeout)}; give a time like 5s`);
  else if (parsed.kind === 'check' && parsed.options.budgetMs >= timeoutMs) {
    const needs = parsed.options.budgetMs / 1000;
    problem('--check-timeout', `${settings.timeout} is too short for a check that may take ${needs} s`);
  }
  for (const [flag, text] of [
    ['--check-interval', settings.interval],
    ['--deregister-after', settings.deregisterAfter],
  ] as const) {
    if (parseDuration(text) === undefined) problem(flag, `${quote(text)}; give a time like 30s, 10m or 24h`);
  }
  return {
    Name: `IRI API ${target}`,
    Args: ['node', settings.command, ...args],
    Interval: settings.interval,
    Timeout: settings.timeout,
    DeregisterCriticalServiceAfter: settings.deregisterAfter,
  };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Consul writes it, with one unit, in milliseconds. */
function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  return match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0) : undefined;
}
