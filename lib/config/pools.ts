// The configuration that functions, command line and templates share: pools, ranges and rules. Pure.
import * as v from 'valibot';
import { filePath, listener, source, strict } from '../model/fields.js';
import { isServiceName } from '../model/service-name.js';
import { keysWith } from '../model/tags.js';
import { quote } from '../model/text.js';
import { misusedKeys } from './tag-keys.js';

/** HAProxy names that are safe on its command line (`facts`: separators a value must never contain). */
const haproxyName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'use 1 to 64 of A-Z a-z 0-9 _ . : -'),
);
const prefix = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'use a letter or _, then A-Z a-z 0-9 _ . -'),
  v.regex(/\D$/, 'must not end in a digit: slot numbers follow it'),
);
const tagKey = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,31}$/, 'use a lower-case word'));
const plainTags = v.optional(
  v.array(v.pipe(v.string('use a tag'), v.minLength(1, 'use a tag'), v.maxLength(255, 'use a shorter tag'))),
  [],
);
const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

/** How the servers of a range are connected to. Fixed when HAProxy starts; a range per kind. */
const transport = v.picklist(['plain', 'verified', 'unverified']);

const range = strict({
  /** Prefix of the `server-template`; slots are `<prefix>1`, `<prefix>2`, … */
  prefix,
  transport: v.optional(transport, 'plain'),
  /** Slots that `iri-lb render haproxy` declares; a run uses what HAProxy has. */
  slots: v.optional(whole(1, 20_000), 200),
});

const pool = strict({
  backend: haproxyName,
  /** Consul service whose instances this pool serves. */
  service: v.pipe(v.string(), v.check(isServiceName, 'use a Consul service name')),
  /** Tag key (without prefix) to the values selected; `null` stands for "the tag is absent". */
  select: v.optional(v.record(tagKey, v.pipe(v.array(v.nullable(v.string())), v.minLength(1))), {}),
  /** Plain tags that an instance must have, all of them, and that it must not have. */
  tags: plainTags,
  notTags: plainTags,
  /** Serve only who has a check of its own: a service is registered before its check is, and passes until then. */
  requireCheck: v.optional(v.boolean('use true or false'), false),
  /** maxconn of an instance that says nothing; 0 is no limit (HAProxy's `maxconn 0`). */
  maxconn: v.optional(whole(0, 1_000_000), 0),
  /** Tag keys that set maxconn here, the first one present wins. */
  maxconnKeys: v.optional(v.pipe(v.array(tagKey), v.minLength(1)), keysWith('maxconn')),
  ranges: v.pipe(v.array(range), v.minLength(1)),
  /**
   * When Consul lists nobody of the service any more, or the rule selects nobody any more: `keep` those who are
   * ready and fail until forced, or `empty` the pool.
   */
  whenGone: v.optional(v.picklist(['keep', 'empty'], 'use "keep" or "empty"'), 'keep'),
});

/** Whether the nodes are IRI's: on by default, `false` is off. Its rules are read by who renders them. */
const iri = v.optional(
  v.custom<false | object>((input) => input === false || isObject(input), 'use false, or an object'),
  {},
);
const isObject = (input: unknown): boolean => typeof input === 'object' && input !== null;

export const configSchema = v.pipe(
  strict({
    /** Prefix of the tags (`haproxy.weight=2`) and Meta keys (`haproxy-weight`) that concern us. */
    tagPrefix: v.optional(
      v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, 'use a word')),
      'haproxy',
    ),
    pools: v.pipe(v.array(pool), v.minLength(1)),
    /** The ranges that an instance's address has to lie in. */
    networks: v.optional(v.pipe(v.array(source), v.minLength(1, 'name at least one')), ['0.0.0.0/0', '::/0']),
    /** Where load balancers listen, which no instance may have: `address:port`, `*:port`. */
    listeners: v.optional(v.array(listener), []),
    /** Refuse, until forced, to remove more than this share of a pool's ready servers in one run. */
    maxRemovalPercent: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
    /** Load balancers written to at the same time. */
    concurrency: v.optional(whole(1, 256), 16),
    /** Longest wait for the admin socket (another run may hold it), in milliseconds. */
    lockTimeoutMs: v.optional(whole(10, 600_000), 15_000),
    /** Longest wait for one answer of HAProxy, in milliseconds. */
    answerTimeoutMs: v.optional(whole(10, 600_000), 5_000),
    /** Longest time one load balancer may take, in milliseconds. */
    loadBalancerTimeoutMs: v.optional(whole(10, 900_000), 30_000),
    /** Longest time one read of Consul may take, in milliseconds. */
    consulTimeoutMs: v.optional(whole(10, 600_000), 10_000),
    /** The hosts that `render host` is for; runs leave them unread. */
    hosts: v.optional(v.unknown()),
    /** HAProxy's own settings. Runs read these two; the rest, which only rendering reads, goes through unread. */
    haproxy: v.optional(v.looseObject({ iri, stateFile: v.optional(filePath) }, 'use an object')),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const message of misusedKeys(dataset.value)) addIssue({ message });
    const seen = new Set<string>();
    for (const [index, { backend, ranges, tags, notTags }] of dataset.value.pools.entries()) {
      const both = tags.find((tag) => notTags.includes(tag));
      if (both !== undefined)
        addIssue({ message: `pools.${index}.notTags: ${quote(both)} is in tags, too; nobody has both` });
      if (seen.has(backend)) addIssue({ message: `pools.${index}.backend: ${backend} is named twice` });
      seen.add(backend);
      const transports = new Set(ranges.map((entry) => entry.transport));
      if (transports.size < ranges.length)
        addIssue({ message: `pools.${index}.ranges: one range per transport` });
      const prefixes = new Set(ranges.map((entry) => entry.prefix));
      if (prefixes.size < ranges.length) addIssue({ message: `pools.${index}.ranges: one range per prefix` });
    }
  }),
);

export type Config = v.InferOutput<typeof configSchema>;
export type Pool = Config['pools'][number];
export type Range = Pool['ranges'][number];
export type Transport = Range['transport'];
