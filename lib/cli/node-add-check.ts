// Which check `iri-lb node add` is to register: what the flags say, or what is usual for the service. Reads --check's file.
import { readFileSync } from 'node:fs';
import type { Config } from '../config/pools.js';
import { iriIsOn } from '../iri/layout.js';
import { messageOf, type SettingProblem } from '../model/errors.js';
import type { CheckDefinition } from '../model/registration.js';
import { quote } from '../model/text.js';
import type { WantedCheck } from './node-checks.js';
import { parseCheckFile } from './node-file.js';
import { splitWords } from './split-words.js';

/** The flags that say how the instance is checked. */
export interface CheckFlags {
  /** The path that is asked for. */
  readonly http?: string;
  readonly tcp?: boolean;
  /** A file with a check; `false` for --no-check. */
  readonly check?: string | false;
  readonly checkCommand: string;
  readonly checkArgs: string;
  readonly checkInterval: string;
  readonly checkTimeout: string;
  readonly deregisterAfter: string;
}

interface Told {
  /** Whether somebody gave the flag, as opposed to its default. */
  readonly isSaid: (flag: string) => boolean;
  /** The service's file has a check. */
  readonly hasOwn: boolean;
  /** The service's name, not yet validated. */
  readonly service: unknown;
  readonly config: Config;
  readonly tell: (problem: SettingProblem) => void;
}

/** Options of the node check, which is IRI's. */
const NODE_CHECK_FLAGS = { checkCommand: '--check-command', checkArgs: '--check-args' } as const;
const TIME_FLAGS = {
  checkInterval: '--check-interval',
  checkTimeout: '--check-timeout',
  deregisterAfter: '--deregister-after',
} as const;

/** The check that the flags ask for; undefined: none. `tell` is told of flags that do not go together. */
export function readCheckFlags(flags: CheckFlags, told: Told): WantedCheck | undefined {
  const { isSaid, hasOwn, tell } = told;
  const kinds = [
    ...(flags.http === undefined ? [] : ['--http']),
    ...(flags.tcp === undefined ? [] : ['--tcp']),
    ...(flags.check === undefined ? [] : [flags.check === false ? '--no-check' : '--check']),
  ];
  if (kinds.length > 1) tell({ path: kinds.join(', '), message: 'say one of them' });
  if (hasOwn) {
    for (const path of kinds) tell({ path, message: 'the file has a check; leave one of them out' });
  }
  const wanted = wantedCheck(flags, told);
  for (const [flag, path] of Object.entries({ ...NODE_CHECK_FLAGS, ...TIME_FLAGS })) {
    if (!isSaid(flag)) continue;
    const message = hasOwn
      ? 'the file has its own check; leave one of them out'
      : against(flag, wanted, flags);
    if (flag in NODE_CHECK_FLAGS && !iriIsOn(told.config))
      tell({ path: '', message: `unknown option '${path}'` });
    else if (message !== undefined) tell({ path, message });
  }
  return hasOwn ? undefined : wanted;
}

/** What speaks against a flag beside that check. */
function against(flag: string, wanted: WantedCheck | undefined, { check }: CheckFlags): string | undefined {
  if (check === false) return 'there is no check with --no-check';
  if (wanted === undefined) return 'there is no check; say --http PATH or --tcp';
  if (wanted.kind === 'given') return 'say it in the file of --check';
  return flag in NODE_CHECK_FLAGS && wanted.kind !== 'iri'
    ? 'is for the node check alone; leave it out'
    : undefined;
}

function wantedCheck(flags: CheckFlags, { config, service, tell }: Told): WantedCheck | undefined {
  const { http, tcp, check, checkArgs, checkCommand: command } = flags;
  const times = {
    interval: flags.checkInterval,
    timeout: flags.checkTimeout,
    deregisterAfter: flags.deregisterAfter,
  };
  if (check === false) return undefined;
  if (check !== undefined) return { kind: 'given', definition: readCheckFile(check, tell) };
  if (http !== undefined) return { kind: 'http', path: http, ...times };
  if (tcp) return { kind: 'tcp', ...times };
  if (typeof service !== 'string' || !iriIsOn(config, service)) return undefined;
  const args = splitWords(checkArgs);
  if (!args) tell({ path: '--check-args', message: 'a quote is not closed' });
  return { kind: 'iri', command, args: args ?? [], ...times };
}

function readCheckFile(file: string, tell: Told['tell']): CheckDefinition {
  try {
    return parseCheckFile(readFileSync(file === '-' ? 0 : file, 'utf8'), tell);
  } catch (error) {
    tell({ path: '--check', message: `cannot read ${quote(file)} (${messageOf(error)})` });
    return {};
  }
}
