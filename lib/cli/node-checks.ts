// The check that a registration gets when its file brings none, told what the tags say. Pure.
import { notesOf } from '../consul/own-check.js';
import { argumentsOf, joinArguments } from '../iri/node-check/arguments.js';
import { parseDuration } from '../model/duration.js';
import type { CheckDefinition } from '../model/registration.js';
import { type TagValues, textIn } from '../model/tag-values.js';
import { keysWith } from '../model/tags.js';
import { quote } from '../model/text.js';

/** Times as Consul reads them. */
export interface CheckTimes {
  readonly interval: string;
  readonly timeout: string;
  /** How long it may fail before Consul forgets the instance. */
  readonly deregisterAfter: string;
}

/** What is asked of an instance, and how often. */
export type WantedCheck =
  /** As somebody wrote it. */
  | { readonly kind: 'given'; readonly definition: CheckDefinition }
  | ({ readonly kind: 'http'; readonly path: string } & CheckTimes)
  | ({ readonly kind: 'tcp' } & CheckTimes)
  | ({
      readonly kind: 'iri';
      /** The node check's file, as the agent's host has it. */
      readonly command: string;
      /** More options for it. */
      readonly args: readonly string[];
    } & CheckTimes);

/** Told of a problem, with where it is. */
export type Tell = (path: string, message: string) => void;

/** The check of the instance at `hostPort` (`address:port`); `problem` is told what cannot work. */
export function makeCheck(
  hostPort: string,
  said: TagValues,
  wanted: WantedCheck,
  problem: Tell,
): CheckDefinition {
  if (wanted.kind === 'given') return wanted.definition;
  const timeoutMs = validateTimes(wanted, problem);
  const rest = {
    Interval: wanted.interval,
    Timeout: wanted.timeout,
    DeregisterCriticalServiceAfter: wanted.deregisterAfter,
  };
  switch (wanted.kind) {
    case 'http':
      return { Name: `HTTP ${hostPort}`, ...httpCheck(hostPort, said, wanted.path, problem), ...rest };
    case 'tcp':
      return { Name: `TCP ${hostPort}`, TCP: hostPort, ...rest };
    case 'iri': {
      const joined = joinArguments(argumentsOf(hostPort, said), wanted.args);
      if (joined.kind === 'problem') problem('--check-args', joined.message);
      else if (timeoutMs !== undefined && joined.options.budgetMs >= timeoutMs) {
        const needs = joined.options.budgetMs / 1000;
        problem('--check-timeout', `${wanted.timeout} is too short for a check that may take ${needs} s`);
      }
      const args = joined.kind === 'check' ? joined.args : [];
      return { Name: `IRI API ${hostPort}`, Args: ['node', wanted.command, ...args], ...rest };
    }
  }
}

/** A path of a URL as it is sent: absolute, and printable. */
export function isPath(text: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(text) && !text.includes('#');
}

/** The URL of the instance at `hostPort` that its tags and a path make, and whether its certificate counts. */
export function urlOf(
  hostPort: string,
  said: TagValues,
  path: string,
): { readonly url: string; readonly verifyTls: boolean } {
  const scheme = textIn(said, ...keysWith('scheme')) ?? 'http';
  const verifyTls = textIn(said, ...keysWith('sslverify')) !== '0';
  return { url: `${scheme}://${hostPort}${path}`, verifyTls };
}

/** Consul follows redirects, and takes 2xx for passing and 429 for warning. */
function httpCheck(hostPort: string, said: TagValues, path: string, problem: Tell): CheckDefinition {
  if (!isPath(path)) problem('--http', `${quote(path)} is no path; give one like / or /health`);
  const { url, verifyTls } = urlOf(hostPort, said, path);
  const skip = url.startsWith('https:') && !verifyTls ? { TLSSkipVerify: true } : {};
  return { HTTP: url, ...skip, Notes: notesOf(path) };
}

/** The timeout in milliseconds. */
function validateTimes(
  { interval, timeout, deregisterAfter }: CheckTimes,
  problem: Tell,
): number | undefined {
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs === undefined) problem('--check-timeout', `${quote(timeout)}; give a time like 5s`);
  const intervalMs = parseDuration(interval);
  if (intervalMs === undefined || intervalMs === 0)
    problem('--check-interval', `${quote(interval)}; give a time above 0, like 30s or 1m30s`);
  if (parseDuration(deregisterAfter) === undefined)
    problem('--deregister-after', `${quote(deregisterAfter)}; give a time like 10m or 24h`);
  return timeoutMs;
}
