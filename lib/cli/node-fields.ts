// Validates the fields of a service definition as Consul does, before Consul sees them. Pure.
import type { ServiceDefinition } from '../model/registration.js';
import { MAX_CONSUL_WEIGHT } from '../model/server-limits.js';
import { parseTags, type TagProblem, type TagValues } from '../model/tag-values.js';
import type { TagTable } from '../model/tags.js';
import { quote, showName } from '../model/text.js';
import type { Tell } from './node-checks.js';

type Fields = Readonly<Record<string, unknown>>;

/** Tags and Meta; returns what those with the prefix say. */
export function validateTags(
  { Tags: tags = [], Meta: meta = {} }: ServiceDefinition,
  prefix: string,
  table: TagTable,
  problem: Tell,
): TagValues {
  const texts = Array.isArray(tags) && tags.every((tag) => typeof tag === 'string');
  if (!texts) problem('tags', `${show(tags)}; give a list of texts`);
  const fields = isObject(meta);
  if (!fields || !Object.values(meta).every((value) => typeof value === 'string')) {
    problem('meta', `${show(meta)}; give an object of texts`);
  } else validateMeta(meta, problem);
  const instance = { label: '', tags: texts ? tags.map(String) : [], meta: fields ? { ...meta } : {} };
  return parseTags(instance, prefix, table, (found) => problem('tags', refusalOf(found)));
}

/** Here nothing is registered yet: a problem that a run passes over, with the default, is refused. */
function refusalOf(problem: TagProblem): string {
  const subject = `${problem.place} ${quote(problem.said)}`;
  switch (problem.code) {
    case 'tag-unknown':
      return `${subject}: unknown key, known are ${problem.known.join(', ')}`;
    case 'tag-misspelt':
      return `${subject}: did you mean ${problem.meant}?`;
    case 'tag-invalid':
      return `${subject} is not ${problem.expects}`;
    case 'tag-repeated':
      return `${subject}: ${problem.key} was set before`;
  }
}

/** Consul's `ValidateMetadata`. */
function validateMeta(meta: Fields, problem: Tell): void {
  const entries = Object.entries(meta);
  if (entries.length > 64) problem('meta', `has ${entries.length} keys; Consul takes at most 64`);
  for (const [key, value] of entries) {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(key))
      problem('meta', `key ${quote(key)} is unusable; use up to 128 of A-Z a-z 0-9 _ -`);
    else if (key.startsWith('consul-'))
      problem('meta', `key ${quote(key)} is unusable; consul- is Consul's own`);
    if (Buffer.byteLength(String(value)) > 512)
      problem('meta', `the value of ${quote(key)} is longer than 512 bytes`);
  }
}

/** Numbers, not their text: Consul takes no other. */
export function validateWeights(weights: unknown, problem: Tell): void {
  if (weights === undefined) return;
  if (!isObject(weights)) {
    problem('weights', `${show(weights)}; give an object with passing and warning`);
    return;
  }
  for (const [name, value = 1, min] of [
    ['passing', weights.Passing, 1],
    ['warning', weights.Warning, 0],
  ] as const) {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > MAX_CONSUL_WEIGHT)
      problem(`weights.${name}`, `${show(value)}; give a number from ${min} to ${MAX_CONSUL_WEIGHT}`);
  }
}

/** What else Consul wants to be of one type, and leaves to itself to look into. */
export function validateTypes(service: ServiceDefinition, problem: Tell): void {
  const { EnableTagOverride: override, Kind: kind, Token: token } = service;
  if (override !== undefined && typeof override !== 'boolean')
    problem('enable_tag_override', `${show(override)}; give true or false`);
  if (kind !== undefined && typeof kind !== 'string') problem('kind', `${show(kind)}; give a text`);
  for (const [path, value] of [
    ['tagged_addresses', service.TaggedAddresses],
    ['connect', service.Connect],
    ['proxy', service.Proxy],
  ] as const) {
    if (value !== undefined && !isObject(value)) problem(path, `${show(value)}; give an object`);
  }
  // Shown nowhere, also when it is wrong.
  if (token !== undefined && !(typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)))
    problem('token', 'is unusable; give the text of an ACL token');
}

/** `10.0.0.0.1 is unusable`, or `missing`. */
export function show(value: unknown): string {
  return value === undefined ? 'missing' : `${textOf(value)} is unusable`;
}

export function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? showName(value) : quote(value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
