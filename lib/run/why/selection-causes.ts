// Why nobody is to be served: not registered, unusable, not for us, or nowhere that is allowed. Pure.
import type { Config, Pool } from '../../config/pools.js';
import { parseAddress, parsePort } from '../../model/address.js';
import { judgeOf } from '../../model/networks.js';
import { nextStepOf, textOf } from '../../model/problem.js';
import { quote, showName } from '../../model/text.js';
import type { Cause } from '../../model/why-causes.js';
import type { Exclusion } from '../../plan/selection.js';
import type { View } from '../../plan/view.js';
import type { WhyQuestion, Wish } from './question.js';
import type { TagsOf } from './tags.js';

/** Of slots at which nobody in Consul is; `service`: that of their pool. */
export function absenceCauses(view: View, service: string): Cause[] {
  const absence = view.absences.get(service);
  if (absence?.believed !== 'no') return [{ code: 'not-registered' }];
  return [{ code: 'absence-doubted', detail: textOf(absence.why), nextStep: nextStepOf(absence.why) }];
}

/** Of a registration that no pool can use at all. */
export function unusableCauses({ target: { instance, located } }: WhyQuestion): Cause[] {
  if (!instance || located) return [];
  const { address, port } = instance;
  return [
    ...(parseAddress(address) ? [] : [{ code: 'address-unusable', value: address } as const]),
    ...(parsePort(port) ? [] : [{ code: 'port-unusable', value: port } as const]),
  ];
}

/** Of an instance that none of the pools selects; those that are at fault for it first. */
export function unselectedCauses(
  { config }: WhyQuestion,
  pools: readonly Pool[],
  wishes: readonly Wish[],
  bad: TagsOf['bad'],
): Cause[] {
  const found = pools.flatMap((pool, at) => {
    const exclusion = wishes[at]?.exclusion;
    return exclusion ? [{ pool, exclusion }] : [];
  });
  const [first] = found;
  if (!first || found.length < pools.length) return [];
  if (first.exclusion.by === 'kind') return [{ code: 'kind-left-out', kind: first.exclusion.kind }];
  const keys = new Set(found.map(({ exclusion }) => (exclusion.by === 'select' ? exclusion.key : '')));
  return [
    ...bad.filter(({ key }) => key !== undefined && keys.has(key)).map(({ cause }) => cause),
    notSelected(found, config, false),
  ];
}

/** Of an instance that this pool does not select, and another one does. */
export function elsewhereCauses({ config }: WhyQuestion, pool: Pool, { exclusion }: Wish): Cause[] {
  return exclusion ? [notSelected([{ pool, exclusion }], config, true)] : [];
}

interface Excluding {
  readonly pool: Pool;
  readonly exclusion: Exclusion;
}

const notSelected = (found: readonly Excluding[], config: Config, byAny: boolean): Cause => ({
  code: 'not-selected',
  why: found.map(({ pool, exclusion }) => `${pool.backend} ${exclusionText(exclusion, config)}`),
  would: [...new Set(found.map(({ exclusion }) => remedyOf(exclusion, config)))],
  byAny,
});

/** Of an instance that pools select, at addresses that no server may have. */
export function refusedCauses({ target, look, config }: WhyQuestion): Cause[] {
  const { label, located } = target;
  if (!located?.addresses) return [];
  for (const problem of look.catalogView?.view.problems ?? [])
    if (problem.code === 'address-refused' && problem.instance === label && problem.leftOut)
      return [{ code: 'address-refused', hostPort: problem.hostPort, why: problem.why }];
  // Problems are bounded: it may be one that was only counted.
  const judge = judgeOf(config);
  const [address = ''] = located.addresses;
  const why = judge(address, located.port) ?? 'listener';
  return [{ code: 'address-refused', hostPort: located.registered, why }];
}

/** Why a pool leaves it out, in words that follow the pool's name. */
export function exclusionText(exclusion: Exclusion, { tagPrefix }: Pick<Config, 'tagPrefix'>): string {
  switch (exclusion.by) {
    case 'kind':
      return `takes no ${showName(exclusion.kind)}`;
    case 'tags':
      return `wants tag ${quote(exclusion.lacks, 40)}`;
    case 'notTags':
      return `refuses tag ${quote(exclusion.has, 40)}`;
    case 'requireCheck':
      return 'wants a check of its own';
    case 'select': {
      const values = exclusion.wanted.flatMap((value) => value ?? []);
      const name = `${tagPrefix}.${exclusion.key}`;
      return values.length === 0 ? `wants no tag ${name}` : `wants ${name}=${values.join('|')}`;
    }
  }
}

/** What would have it selected, in words that follow "register it with". */
function remedyOf(exclusion: Exclusion, { tagPrefix }: Pick<Config, 'tagPrefix'>): string {
  switch (exclusion.by) {
    case 'kind':
      return 'a name of its own';
    case 'tags':
      return `the tag ${quote(exclusion.lacks, 40)}`;
    case 'notTags':
      return `no tag ${quote(exclusion.has, 40)}`;
    case 'requireCheck':
      return 'a check';
    case 'select': {
      const name = `${tagPrefix}.${exclusion.key}`;
      const value = exclusion.wanted.find((one) => one !== null);
      return value === undefined || value === null ? `no tag ${name}` : `the tag ${name}=${value}`;
    }
  }
}
