// What reading settings from variables shares: lists, PEM files, and problems that are all told at once. Reads files it is pointed to.
import { readFileSync } from 'node:fs';
import { codeOf, type SettingProblem } from '../model/errors.js';
import { quote } from '../model/text.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Certificates as PEM text. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface SettingReader {
  /** Notes what is wrong with a variable. */
  problem(path: string, message: string, nextStep: string): undefined;
  /** The PEM texts that these variables name: an authority, and a certificate with its key. */
  tlsFiles(ca: string, cert: string, key: string): TlsFiles;
}

/** Problems are added to `problems`. */
export function settingReader(env: Environment, problems: SettingProblem[]): SettingReader {
  const problem = (path: string, message: string, nextStep: string): undefined => {
    problems.push({ path, message, nextStep });
    return undefined;
  };
  const file = (name: string): string | undefined => {
    const value = env[name];
    if (!value) return undefined;
    if (value.startsWith('-----BEGIN ')) return value;
    const path = value.replace(/^file:(?:\/\/(?=\/))?/, '');
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return problem(name, `cannot read ${quote(path)} (${codeOf(error)})`, 'name a PEM file');
    }
  };
  return {
    problem,
    tlsFiles(ca, cert, key) {
      for (const [has, lacks] of [
        [cert, key],
        [key, cert],
      ] as const)
        if (env[has] && !env[lacks])
          problem(has, `is set, and ${lacks} is not`, `a certificate goes with its key: set ${lacks}, too`);
      return optional({ ca: file(ca), cert: file(cert), key: file(key) });
    },
  };
}

/** An address as it may be shown: a password in it is no business of logs. */
export function withoutUser(address: string): string {
  return address.replace(/^(\w+:\/\/)?.*@/s, '$1…@');
}

export function list(value: string | undefined, fallback: string): string[] {
  return (value || fallback)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Drops undefined members, so that optional properties are absent rather than undefined. */
export function optional<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}
