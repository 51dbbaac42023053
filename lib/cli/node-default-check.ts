// The check that a registration gets when it brings none: the node check, told what the tags say. Pure.

import { parseDuration } from '../model/duration.js';
import type { CheckDefinition } from '../model/registration.js';
import type { TagValues } from '../model/tag-values.js';
import { quote } from '../model/text.js';
import { argumentsOf, joinArguments } from './node-check-arguments.js';

/** The check that a registration gets when it brings none. */
export interface CheckSettings {
  /** The node check's file, as the agent's host has it. */
  readonly command: string;
  /** More options for it. */
  readonly args: readonly string[];
  /** Times as Consul reads them. */
  readonly interval: string;
  readonly timeout: string;
  readonly deregisterAfter: string;
}

/** Told of a problem, with where it is. */
export type Tell = (path: string, message: string) => void;

/** The check of the node at `target` (`address:port`); `problem` is told what cannot work. */
export function makeCheck(
  target: string,
  said: TagValues,
  settings: CheckSettings,
  problem: Tell,
): CheckDefinition {
  const joined = joinArguments(argumentsOf(target, said), settings.args);
  if (joined.kind === 'problem') problem('--check-args', joined.message);
  const timeoutMs = parseDuration(settings.timeout);
  if (timeoutMs === undefined) problem('--check-timeout', `${quote(settings.timeout)}; give a time like 5s`);
  else if (joined.kind === 'check' && joined.options.budgetMs >= timeoutMs) {
    const needs = joined.options.budgetMs / 1000;
    problem('--check-timeout', `${settings.timeout} is too short for a check that may take ${needs} s`);
  }
  const intervalMs = parseDuration(settings.interval);
  if (intervalMs === undefined || intervalMs === 0)
    problem('--check-interval', `${quote(settings.interval)}; give a time above 0, like 30s or 1m30s`);
  if (parseDuration(settings.deregisterAfter) === undefined)
    problem('--deregister-after', `${quote(settings.deregisterAfter)}; give a time like 10m or 24h`);
  return {
    Name: `IRI API ${target}`,
    Args: ['node', settings.command, ...(joined.kind === 'check' ? joined.args : [])],
    Interval: settings.interval,
    Timeout: settings.timeout,
    DeregisterCriticalServiceAfter: settings.deregisterAfter,
  };
}
