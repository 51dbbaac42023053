// What `iri-lb node add` was told, by flags or in a file, as one definition. Reads the file.
import { readFileSync } from 'node:fs';
import type { Config } from '../config/pools.js';
import { tagRowsOf } from '../config/tag-keys.js';
import { messageOf, type SettingProblem } from '../model/errors.js';
import type { IpPort } from '../model/networks.js';
import type { Registration, ServiceDefinition } from '../model/registration.js';
import { quote } from '../model/text.js';
import { type CheckFlags, readCheckFlags } from './node-add-check.js';
import { parseServiceFile } from './node-file.js';
import { completeRegistration, nameOf } from './node-registration.js';

/** The flags that say what to register. */
export interface DefinitionFlags extends CheckFlags {
  readonly file?: string;
  readonly address?: string;
  readonly port?: string;
  readonly service?: string;
  readonly id?: string;
  readonly tag?: readonly string[];
  /** By key: flags that become tags, under the configuration's prefix. */
  readonly tags: Readonly<Record<string, string>>;
}

const OWN_FLAGS = ['address', 'port', 'service', 'id', 'tag'] as const;

type Tell = (problem: SettingProblem) => void;

/**
 * Completes and validates it. `admins` are the load balancers' admin sockets. `isSaid` knows the flags that somebody gave, as opposed to defaults. Throws
 * ConfigError with every problem at once. `token` is that of the file.
 */
export function readDefinition(
  flags: DefinitionFlags,
  isSaid: (flag: string) => boolean,
  config: Config,
  admins: readonly IpPort[],
): { readonly registration: Registration; readonly token: string | undefined } {
  const problems: SettingProblem[] = [];
  const tell: Tell = (problem) => void problems.push(problem);
  const service =
    flags.file === undefined ? fromFlags(flags, tagsFrom(flags, config, tell)) : fromFile(flags, tell);
  const hasOwn = service.Check !== undefined || service.Checks !== undefined;
  const check = readCheckFlags(flags, { isSaid, hasOwn, service: nameOf(service, config), config, tell });
  const registration = completeRegistration(service, config, check, problems, admins);
  return { registration, token: service.Token === undefined ? undefined : String(service.Token) };
}

/** Flags of keys that nobody has here are as unknown as any other. */
function tagsFrom(flags: DefinitionFlags, config: Config, tell: Tell): string[] {
  const known = new Set(tagRowsOf(config).map(({ key }) => key));
  return Object.entries(flags.tags).flatMap(([key, value]) => {
    if (known.has(key)) return [`${config.tagPrefix}.${key}=${value}`];
    tell({ path: '', message: `unknown option '--${key}'` });
    return [];
  });
}

function fromFlags(flags: DefinitionFlags, made: readonly string[]): ServiceDefinition {
  const tags = [...(flags.tag ?? []), ...made];
  return {
    ...(flags.id === undefined ? {} : { ID: flags.id }),
    ...(flags.service === undefined ? {} : { Name: flags.service }),
    ...(flags.address === undefined ? {} : { Address: flags.address }),
    ...(flags.port === undefined ? {} : { Port: flags.port }),
    ...(tags.length === 0 ? {} : { Tags: tags }),
  };
}

function fromFile(flags: DefinitionFlags, tell: Tell): ServiceDefinition {
  const said = [...OWN_FLAGS.filter((flag) => flags[flag] !== undefined), ...Object.keys(flags.tags)];
  for (const flag of said) tell({ path: `--${flag}`, message: 'say it in the file, or leave --file out' });
  const file = flags.file === '-' ? 0 : (flags.file ?? '');
  try {
    return parseServiceFile(readFileSync(file, 'utf8'), tell);
  } catch (error) {
    tell({ path: '--file', message: `cannot read ${quote(flags.file)} (${messageOf(error)})` });
    return {};
  }
}
