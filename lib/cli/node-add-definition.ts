// What `iri-lb node add` was told, by flags or in a file, as one definition and one check. Reads the file.
import { readFileSync } from 'node:fs';
import type { Config } from '../config/pools.js';
import { messageOf, type SettingProblem } from '../model/errors.js';
import type { Registration, ServiceDefinition } from '../model/registration.js';
import { quote } from '../model/text.js';
import { splitWords } from './node-check-arguments.js';
import type { CheckSettings } from './node-default-check.js';
import { parseServiceFile } from './node-file.js';
import { completeRegistration } from './node-registration.js';

/** The flags that say what to register. */
export interface DefinitionFlags {
  readonly file?: string;
  readonly address?: string;
  readonly port?: string;
  readonly service?: string;
  readonly id?: string;
  readonly tag?: readonly string[];
  readonly weight?: string;
  readonly maxconn?: string;
  readonly maxconnpow?: string;
  readonly pow?: string;
  readonly scheme?: string;
  readonly sslverify?: string;
  readonly check: boolean;
  readonly checkCommand: string;
  readonly checkArgs: string;
  readonly checkInterval: string;
  readonly checkTimeout: string;
  readonly deregisterAfter: string;
}

/** Flags that become tags, under the configuration's prefix. */
const TAG_FLAGS = ['weight', 'maxconn', 'maxconnpow', 'pow', 'scheme', 'sslverify'] as const;
const OWN_FLAGS = ['address', 'port', 'service', 'id', 'tag', ...TAG_FLAGS] as const;
const CHECK_FLAGS = {
  checkCommand: '--check-command',
  checkArgs: '--check-args',
  checkInterval: '--check-interval',
  checkTimeout: '--check-timeout',
  deregisterAfter: '--deregister-after',
} as const;

type Tell = (problem: SettingProblem) => void;

/**
 * Completes and validates it. `isSaid` knows the flags that somebody gave, as opposed to defaults. Throws
 * ConfigError with every problem at once. `token` is that of the file.
 */
export function readDefinition(
  flags: DefinitionFlags,
  isSaid: (flag: string) => boolean,
  config: Config,
): { readonly registration: Registration; readonly token: string | undefined } {
  const problems: SettingProblem[] = [];
  const tell: Tell = (problem) => void problems.push(problem);
  const service = flags.file === undefined ? fromFlags(flags, config) : fromFile(flags, tell);
  const hasOwn = service.Check !== undefined || service.Checks !== undefined;
  if (hasOwn && !flags.check)
    tell({ path: '--no-check', message: 'the file has a check; leave one of them out' });
  for (const [flag, shown] of Object.entries(CHECK_FLAGS)) {
    if (!isSaid(flag)) continue;
    if (hasOwn) tell({ path: shown, message: 'the file has its own check; leave one of them out' });
    else if (!flags.check) tell({ path: shown, message: 'there is no check with --no-check' });
  }
  const check = flags.check ? checkFrom(flags, tell) : undefined;
  const registration = completeRegistration(service, config, check, problems);
  return { registration, token: service.Token === undefined ? undefined : String(service.Token) };
}

function checkFrom(flags: DefinitionFlags, tell: Tell): CheckSettings {
  const args = splitWords(flags.checkArgs);
  if (!args) tell({ path: '--check-args', message: 'a quote is not closed' });
  return {
    command: flags.checkCommand,
    args: args ?? [],
    interval: flags.checkInterval,
    timeout: flags.checkTimeout,
    deregisterAfter: flags.deregisterAfter,
  };
}

function fromFlags(flags: DefinitionFlags, { tagPrefix }: Config): ServiceDefinition {
  const tags = [
    ...(flags.tag ?? []),
    ...TAG_FLAGS.flatMap((key) => (flags[key] === undefined ? [] : [`${tagPrefix}.${key}=${flags[key]}`])),
  ];
  return {
    ...(flags.id === undefined ? {} : { ID: flags.id }),
    ...(flags.service === undefined ? {} : { Name: flags.service }),
    ...(flags.address === undefined ? {} : { Address: flags.address }),
    ...(flags.port === undefined ? {} : { Port: flags.port }),
    ...(tags.length === 0 ? {} : { Tags: tags }),
  };
}

function fromFile(flags: DefinitionFlags, tell: Tell): ServiceDefinition {
  for (const flag of OWN_FLAGS) {
    if (flags[flag] !== undefined)
      tell({ path: `--${flag}`, message: 'say it in the file, or leave --file out' });
  }
  const file = flags.file === '-' ? 0 : (flags.file ?? '');
  try {
    return parseServiceFile(readFileSync(file, 'utf8'), tell);
  } catch (error) {
    tell({ path: '--file', message: `cannot read ${quote(flags.file)} (${messageOf(error)})` });
    return {};
  }
}
