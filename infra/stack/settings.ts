// The settings of a deployment: one JSON file, every problem of it reported at once. Pure but for reading it.
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { problemOf } from '../../lib/config/issues.js';
import { iriLayout } from '../../lib/iri/layout.js';
import { parseAddress, parsePort } from '../../lib/model/address.js';
import { type AdminAddress, parseAdminAddress } from '../../lib/model/admin-address.js';
import { ConfigError, messageOf } from '../../lib/model/errors.js';
import { strict } from '../../lib/model/fields.js';
import { renderConfigSchema } from '../../lib/render/config.js';
import * as f from './fields.js';
import { crossProblems } from './settings-rules.js';

const unique = 'is named twice';
const listOf = <T extends v.GenericSchema>(entry: T, max: number) =>
  v.pipe(
    v.array(entry),
    v.minLength(1, 'name at least one'),
    v.maxLength(max, `name at most ${max}`),
    v.checkItems((item, index, all) => all.indexOf(item) === index, unique),
  );

/** Says why, where `hostOf` finds a host that the functions cannot reach. */
const reachable = (hostOf: (text: string) => string | undefined) =>
  v.check<string, (issue: { readonly input: string }) => string>(
    (text) => f.unreachable(hostOf(text) ?? '') === undefined,
    ({ input }) => f.unreachable(hostOf(input) ?? '') ?? '',
  );
const consulAddress = v.pipe(
  v.string(),
  v.check((text) => {
    const [, host = '', port] = /^https?:\/\/([A-Za-z0-9.-]+):(\d+)$/.exec(text) ?? [];
    return parseAddress(host) !== undefined && parsePort(port) !== undefined;
  }, 'use https://host:port or http://host:port, with a port from 1 to 65535'),
  reachable((text) => /^https?:\/\/(.*):\d+$/.exec(text)?.[1]),
);
const adminAddress = v.pipe(
  v.string(),
  v.check(
    (text) => parseAdminAddress(text) !== undefined,
    'use tls://host:port, tcp://host:port or consul:SERVICE',
  ),
  v.check((text) => !text.startsWith('unix:'), 'a function cannot reach a unix socket; use tls://host:port'),
  reachable((text) => {
    const address = parseAdminAddress(text);
    return address && 'host' in address ? address.host : undefined;
  }),
);

export const stackSettings = strict({
  /** Name of the stack, and what the names of everything in it begin with. */
  name: f.stackName,
  /**
   * The schedule is off and alarms tell nobody: for the first deployment, until Consul and the load
   * balancers let the functions' security group in, which is not there before.
   */
  paused: v.optional(v.boolean(), false),
  account: f.account,
  region: f.region,
  /** An existing VPC; the functions live in these private subnets. */
  vpc: strict({
    id: f.vpcId,
    availabilityZones: listOf(f.zone, 6),
    privateSubnetIds: listOf(f.subnetId, 6),
  }),
  consul: strict({
    addresses: listOf(consulAddress, 10),
    /** Security groups or networks of the Consul servers or agents. */
    peers: listOf(f.peer, 10),
    /** SecureString with the token's SecretID. It is made by hand, never by the stack. */
    tokenParameter: f.parameterName,
    /** The key that encrypts the parameter. */
    tokenKeyArn: f.keyArn,
    /** Parameter with the authority of Consul's certificates (PEM). */
    caParameter: v.optional(f.parameterName),
    /** Says that whoever is on the way to Consul may read the token and answer in its place, and that this is meant. */
    allowPlainText: v.optional(v.boolean(), false),
  }),
  haproxy: strict({
    addresses: listOf(adminAddress, 50),
    /** Security groups or networks of the load balancers. */
    peers: listOf(f.peer, 10),
    /** Admin ports of load balancers found in Consul; those of addresses are known. */
    ports: v.optional(listOf(f.whole(1, 65_535), 10)),
    /** Parameters (PEM) for `tls://`. */
    tls: v.optional(
      strict({
        caParameter: f.parameterName,
        certParameter: f.parameterName,
        keyParameter: f.parameterName,
      }),
    ),
    /** Says that everybody who reaches the plain admin port may control HAProxy, and that this is meant. */
    allowPlainText: v.optional(v.boolean(), false),
  }),
  /** How the functions reach SSM without the internet: an endpoint that is there, or one to be made. */
  ssmEndpoint: v.union(
    [
      strict({ securityGroupId: f.securityGroupId }),
      strict({ prefixListId: f.prefixListId }),
      strict({ create: v.literal(true) }),
    ],
    'give one of {"securityGroupId": "sg-…"}, {"prefixListId": "pl-…"} and {"create": true}',
  ),
  /** Roles of the Consul hosts, which get the forwarder's policy; or attach it by hand. */
  forwarderRoleNames: v.optional(listOf(f.roleName, 20)),
  /** Pools and rules, as LB_CONFIG; the IRI layout by default. */
  config: v.optional(renderConfigSchema, iriLayout),
  memoryMb: v.optional(f.whole(128, 10_240), 512),
  /** Of both functions. Below the schedule's minute, so that resyncs do not pile up. */
  timeoutSeconds: v.optional(f.whole(10, 55), 45),
  logRetentionDays: v.optional(
    v.picklist([1, 3, 5, 7, 14, 30, 60, 90, 180, 365], 'is no retention of CloudWatch'),
    30,
  ),
  alarms: strict({
    /** Somebody has to look now. */
    urgentTopicArn: f.topicArn,
    /** Somebody has to look tomorrow. */
    otherTopicArn: f.topicArn,
    /** Where infra/runbook.md can be read; alarms link to its entries. */
    runbookUrl: f.pageUrl,
    /** Fewer free slots than this in any range of a pool is an alarm, before there are none. */
    minFreeSlots: v.optional(f.whole(1, 20_000), 5),
  }),
});

export type StackSettings = v.InferOutput<typeof stackSettings>;

/** Reads and checks a settings file. Throws ConfigError with every problem and its path. */
export function readStackSettings(file: string): StackSettings {
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const message = `cannot be read (${messageOf(error)}); start from infra/example.settings.json`;
    throw new ConfigError(file, [{ path: '', message }]);
  }
  return parseStackSettings(input, file);
}

/** Checks settings that were read from `source`. Throws ConfigError with every problem and its path. */
export function parseStackSettings(input: unknown, source: string): StackSettings {
  const result = v.safeParse(stackSettings, input);
  const problems = (result.issues ?? []).map((issue) => problemOf(issue));
  // What is sound is checked for contradictions whatever else is broken.
  const broken = problems.map(({ path }) => path);
  problems.push(...crossProblems(result.output as StackSettings, broken));
  if (!result.success || problems.length > 0) throw new ConfigError(source, problems);
  return result.output;
}

/** The load balancers' addresses, parsed. */
export function adminAddressesOf(settings: StackSettings): AdminAddress[] {
  return settings.haproxy.addresses.flatMap((text) => parseAdminAddress(text) ?? []);
}
