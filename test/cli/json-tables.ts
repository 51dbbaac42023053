// What lib/cli/README.md says that `--json` prints, to be compared with what is printed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Member {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
}

export type JsonTables = ReadonlyMap<string, readonly Member[]>;

/** Member that stands for those that are not listed. */
const OTHERS = '…';

/** The tables whose columns are member, type and meaning, by their headings. */
export function jsonTables(): JsonTables {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'lib', 'cli', 'README.md'), 'utf8');
  const sections = text.split(/^### /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const [, rows] = /^\| member \| type \| meaning \|\n\|[-|]+\|\n((?:\|.*\n)+)/m.exec(section) ?? [];
      return rows === undefined
        ? []
        : [[section.split('\n', 1)[0] ?? '', rows.trimEnd().split('\n').map(memberOf)]];
    }),
  );
}

function memberOf(row: string): Member {
  const [, name = '', type = ''] = row.split('|').map((cell) => cell.trim());
  const plain = name.replaceAll('`', '');
  return { name: plain.replace(/\?$/, ''), isOptional: plain.endsWith('?'), type };
}

/**
 * What of `value` is not as its table says: members that are not documented, that are missing, or of another type.
 * What was met of the tables is added to `seen`, as `server.weight`.
 */
export function unlike(
  tables: JsonTables,
  type: string,
  value: unknown,
  path: string,
  seen: Set<string>,
): string[] {
  if (type.endsWith(' or null'))
    return value === null ? [] : unlike(tables, type.slice(0, -8), value, path, seen);
  const [, list] = /^list of (.+)$/.exec(type) ?? [];
  if (list !== undefined)
    return Array.isArray(value)
      ? value.flatMap((entry) => unlike(tables, list, entry, `${path}[]`, seen))
      : [`${path}: no list`];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [, map] = /^map of (.+)$/.exec(type) ?? [];
    if (map !== undefined)
      return Object.values(value).flatMap((entry) => unlike(tables, map, entry, `${path}.*`, seen));
    if (type === 'object') return [];
    return unlikeTable(tables, type, value as Readonly<Record<string, unknown>>, path, seen);
  }
  return typeof value === type ? [] : [`${path}: ${JSON.stringify(value)} is no ${type}`];
}

function unlikeTable(
  tables: JsonTables,
  type: string,
  value: Readonly<Record<string, unknown>>,
  path: string,
  seen: Set<string>,
): string[] {
  const members = tables.get(type);
  if (!members) return [`${path}: there is no table "${type}"`];
  const others = members.some(({ name }) => name === OTHERS);
  const known = members.filter(({ name }) => name !== OTHERS);
  const unknown = Object.keys(value).filter((name) => !known.some((member) => member.name === name));
  return [
    ...(others ? [] : unknown.map((name) => `${path}.${name}: not documented`)),
    ...known.flatMap(({ name, isOptional, type: of }) => {
      const member = value[name];
      if (member === undefined) return isOptional ? [] : [`${path}.${name}: missing`];
      seen.add(`${type}.${name}`);
      return unlike(tables, of, member, `${path}.${name}`, seen);
    }),
  ];
}
