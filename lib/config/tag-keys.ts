// The tag keys that a configuration knows, and what its pools may not do with them. Pure.
import { iriIsOn, type Services } from '../iri/layout.js';
import { IRI_TAGS } from '../iri/tags.js';
import { type PoolKeys, TAG_EFFECTS, TAGS, type TagRow, type TagTable, tagTable } from '../model/tags.js';
import { quote, showName } from '../model/text.js';

/** A configuration as far as its tag keys go. */
export interface KeysConfig extends Services {
  readonly pools: readonly (PoolKeys & { readonly backend: string; readonly service: string })[];
}

/** The rows of the keys that instances may say: of any service, or of `service`. */
export function tagRowsOf(config: Services, service?: string): readonly TagRow[] {
  return iriIsOn(config, service) ? [...TAGS, ...IRI_TAGS] : TAGS;
}

/** The keys that instances of the service may say to the pools that serve it. */
export function tagTableOf(config: KeysConfig, service: string): TagTable {
  const pools = config.pools.filter((pool) => pool.service === service);
  return tagTable(pools, tagRowsOf(config, service));
}

/** One sentence for each key that a pool cannot use as it does: for maxconn, or to select by. */
export function misusedKeys(config: KeysConfig): string[] {
  return config.pools.flatMap((pool, index) => {
    const rows = new Map(tagRowsOf(config, pool.service).map((row) => [row.key, row]));
    return [
      ...pool.maxconnKeys.map((key) => notForMaxconn(key, pool.backend, rows.get(key))),
      ...Object.keys(pool.select).map((key) => notToSelectBy(key, pool, rows.get(key), config)),
    ].flatMap((text) => (text === undefined ? [] : [`pools.${index}.${text}`]));
  });
}

function notForMaxconn(key: string, backend: string, row: TagRow | undefined): string | undefined {
  if (row === undefined || row.effect === 'maxconn') return undefined;
  const effect = TAG_EFFECTS[row.effect];
  return `maxconnKeys: ${key} means something else: it ${effect}; give backend ${showName(backend)} another key, such as maxconn`;
}

function notToSelectBy(
  key: string,
  { backend, select }: KeysConfig['pools'][number],
  row: TagRow | undefined,
  { pools }: KeysConfig,
): string | undefined {
  const setting = (why: string): string =>
    `select: ${key} is a setting, ${why}; have backend ${showName(backend)} select by another key`;
  if (row !== undefined && row.effect !== 'select') return setting(`it ${TAG_EFFECTS[row.effect]}`);
  const user = pools.find(({ maxconnKeys }) => maxconnKeys.includes(key));
  if (user) return setting(`it is in maxconnKeys of backend ${showName(user.backend)}`);
  const wrong = (select[key] ?? []).find((value) => value !== null && row?.parse(value) === undefined);
  if (row === undefined || wrong === undefined) return undefined;
  return `select: ${key} is never ${quote(wrong)}; have backend ${showName(backend)} select by ${row.expects}`;
}
