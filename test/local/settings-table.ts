// README's tables of settings: every one that the schemas take, with its default as they have it.
import { configSchema } from '../../lib/config/pools.js';
import { frontendSettings } from '../../lib/render/settings.js';
import { MEANINGS } from './setting-meanings.js';

/** What the walk needs to know of a valibot schema. */
interface Schema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly getter?: (input: unknown) => Schema;
}

export interface Setting {
  /** `pools[].ranges[].slots`. */
  readonly path: string;
  /** As the table prints it. */
  readonly standard: string;
}

/** What LB_CONFIG takes, but for what is under `haproxy`. */
export const configSettings = (): Setting[] =>
  settingsOf(configSchema as unknown as Schema).filter(({ path }) => !path.startsWith('haproxy'));

/** What is under `haproxy`. */
export const haproxySettings = (): Setting[] => settingsOf(frontendSettings as unknown as Schema);

function settingsOf({ entries = {} }: Schema): Setting[] {
  return Object.entries(entries).flatMap(([name, schema]) => settingAt(name, schema));
}

/** A setting, and those in it; an object that is there anyway has no row of its own. */
function settingAt(path: string, schema: Schema): Setting[] {
  const { inner, standard, isOff } = unwrapped(schema);
  if (inner.entries) {
    const isThere = standard !== undefined && !isOff;
    const own = isThere ? [] : [{ path, standard: standard === undefined ? '–' : 'on' }];
    return [...own, ...inside(path, inner)];
  }
  const item = inner.item && unwrapped(inner.item).inner;
  const isOptional = schema.type === 'optional';
  const printed = standard === undefined ? (isOptional ? '–' : 'needed') : `\`${JSON.stringify(standard)}\``;
  return [{ path, standard: printed }, ...(item?.entries ? inside(`${path}[]`, item) : [])];
}

const inside = (path: string, { entries = {} }: Schema): Setting[] =>
  Object.entries(entries).flatMap(([name, schema]) => settingAt(`${path}.${name}`, schema));

interface Unwrapped {
  readonly inner: Schema;
  readonly standard: unknown;
  /** `false` turns it off. */
  readonly isOff: boolean;
}

function unwrapped(schema: Schema): Unwrapped {
  let inner = schema;
  let standard: unknown;
  let isOff = false;
  for (;;) {
    if (inner.default !== undefined) standard = inner.default;
    if (inner.type === 'lazy' && inner.getter) {
      isOff = true;
      inner = inner.getter({});
    } else if (inner.wrapped) inner = inner.wrapped;
    else return { inner, standard, isOff };
  }
}

/** The rows, each with its meaning. Throws for a setting that has none. */
export function settingsTable(settings: readonly Setting[], prefix = ''): string {
  const rows = settings.map(({ path, standard }) => {
    const meaning = MEANINGS[`${prefix}${path}`];
    if (meaning === undefined)
      throw new Error(`test/local/setting-meanings.ts says nothing of ${prefix}${path}`);
    return `| \`${path}\` | ${meaning} | ${standard.replaceAll('|', '\\|')} |`;
  });
  return ['| setting | meaning | default |', '|---|---|---|', ...rows].join('\n');
}
