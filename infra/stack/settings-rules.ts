// What the stack's settings must be together, beyond each on its own. Pure.
import { parseAdminAddress } from '../../lib/model/admin-address.js';
import type { SettingProblem } from '../../lib/model/errors.js';
import { environmentOf } from './environment.js';
import type { StackSettings } from './settings.js';

/** Lambda's quota for all environment variables of a function together. */
const MAX_ENVIRONMENT_BYTES = 4_096;

interface Rule {
  /** Paths of what it looks at. */
  readonly on: readonly string[];
  readonly check: (settings: StackSettings) => readonly (SettingProblem | false)[];
}

const RULES: readonly Rule[] = [
  {
    on: ['haproxy.addresses', 'haproxy.ports'],
    check: ({ haproxy }) => [
      kindsOf(haproxy.addresses).has('consul') &&
        haproxy.ports === undefined && {
          path: 'haproxy.ports',
          message: 'name the admin ports of the load balancers that consul:SERVICE finds',
        },
    ],
  },
  {
    on: ['haproxy.addresses', 'haproxy.tls'],
    check: ({ haproxy }) => [
      kindsOf(haproxy.addresses).has('tls') &&
        haproxy.tls === undefined && {
          path: 'haproxy.tls',
          message: 'name the parameters with caParameter, certParameter and keyParameter that tls:// needs',
        },
    ],
  },
  {
    on: ['haproxy.addresses', 'haproxy.tls', 'haproxy.allowPlainText'],
    check: ({ haproxy: { addresses, tls, allowPlainText } }) => [
      kindsOf(addresses).has('tcp') &&
        !allowPlainText && {
          path: 'haproxy.addresses',
          message:
            'tcp:// lets whoever reaches the port control HAProxy; use tls://, or set haproxy.allowPlainText',
        },
      kindsOf(addresses).has('consul') &&
        !tls &&
        !allowPlainText && {
          path: 'haproxy.addresses',
          message:
            'what consul:SERVICE finds is plain text unless registered with the tag tls; ' +
            'name haproxy.tls, or set haproxy.allowPlainText',
        },
    ],
  },
  {
    on: ['consul.addresses', 'consul.allowPlainText'],
    check: ({ consul: { addresses, allowPlainText } }) => [
      addresses.some((address) => address.startsWith('http://')) &&
        !allowPlainText && {
          path: 'consul.addresses',
          message:
            'http:// shows the token to whoever is on the way, who may also answer in place of Consul; ' +
            'use https://, or set consul.allowPlainText',
        },
    ],
  },
  {
    on: ['region', 'consul.tokenKeyArn'],
    check: ({ region, consul }) => [inRegion(region, 'consul.tokenKeyArn', consul.tokenKeyArn, 'parameter')],
  },
  {
    on: ['region', 'alarms.urgentTopicArn'],
    check: ({ region, alarms }) => [
      inRegion(region, 'alarms.urgentTopicArn', alarms.urgentTopicArn, 'alarm'),
    ],
  },
  {
    on: ['region', 'alarms.otherTopicArn'],
    check: ({ region, alarms }) => [inRegion(region, 'alarms.otherTopicArn', alarms.otherTopicArn, 'alarm')],
  },
  {
    on: ['region', 'vpc.availabilityZones'],
    check: ({ region, vpc }) =>
      vpc.availabilityZones.map(
        (name, index) =>
          !name.startsWith(region) && {
            path: `vpc.availabilityZones.${index}`,
            message: `${name} is not in ${region}`,
          },
      ),
  },
  {
    on: ['vpc.availabilityZones', 'vpc.privateSubnetIds'],
    check: ({ vpc }) => [
      vpc.availabilityZones.length !== vpc.privateSubnetIds.length && {
        path: 'vpc.privateSubnetIds',
        message: 'name one subnet for each availability zone, in the same order',
      },
    ],
  },
  {
    on: ['config', 'alarms.minFreeSlots'],
    check: ({ config, alarms }) =>
      config.pools.flatMap(({ ranges }, pool) =>
        ranges.map(
          ({ slots }, range) =>
            slots < alarms.minFreeSlots && {
              path: `config.pools.${pool}.ranges.${range}.slots`,
              message: `is below alarms.minFreeSlots (${alarms.minFreeSlots}): slots-low would never end`,
            },
        ),
      ),
  },
  {
    on: ['name', 'consul', 'haproxy', 'config'],
    check: (settings) => {
      const size = Object.entries(environmentOf(settings)).reduce(
        (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
        0,
      );
      return [
        size > MAX_ENVIRONMENT_BYTES && {
          path: 'config',
          message: `makes the functions' environment ${size} bytes; Lambda takes ${MAX_ENVIRONMENT_BYTES}`,
        },
      ];
    },
  },
];

/**
 * Every contradiction, with its path. `broken` has the paths of what is wrong on its own: a rule that
 * looks at any of it is left out, so the rest of `settings` may be anything there.
 */
export function crossProblems(settings: StackSettings, broken: readonly string[]): SettingProblem[] {
  const touches = (path: string): boolean =>
    broken.some((at) => at === path || at === '' || at.startsWith(`${path}.`) || path.startsWith(`${at}.`));
  return RULES.filter(({ on }) => !on.some(touches))
    .flatMap(({ check }) => check(settings))
    .filter((problem) => problem !== false);
}

function kindsOf(addresses: readonly string[]): ReadonlySet<string | undefined> {
  return new Set(addresses.map((text) => parseAdminAddress(text)?.kind));
}

/** `arn` (of `path`) has to be where the `what` is that uses it. */
function inRegion(region: string, path: string, arn: string, what: string): SettingProblem | false {
  return arn.split(':')[3] !== region && { path, message: `is not in ${region}, where the ${what} is` };
}
