// The kinds of field that the settings of more than one folder have. Pure.
import * as v from 'valibot';
import { parseIp, parsePort, printHostPort } from './address.js';
import { parseRange } from './ip-range.js';
import { nearest } from './nearest.js';

/** An object with these settings and no other: an unknown one is named, with the one that was probably meant. */
export const strict = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, ({ expected, input }) => {
    if (expected === 'never') return unknownSetting(String(input), Object.keys(entries));
    return expected === 'Object' ? 'use an object' : 'is missing';
  });

function unknownSetting(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined
    ? `is no setting; use ${known.join(', ')}`
    : `is no setting; did you mean ${near}?`;
}

/** A whole number, given in the unit that the setting's name ends in. */
export const whole = (min: number, max: number) => {
  const range = `use a whole number from ${min} to ${max}`;
  return v.pipe(v.number(range), v.integer(range), v.minValue(min, range), v.maxValue(max, range));
};

/** Something that `false` turns off. Not a union: its problems would all be "no false and no object". */
export const orOff = <T extends v.GenericSchema>(schema: T) =>
  v.lazy((input) => (input === false ? v.literal(false) : schema));

/** A text of this pattern; `message` says which to use. */
export const matching = (pattern: RegExp, message: string) =>
  v.pipe(v.string(message), v.regex(pattern, message));

/** An absolute path with nothing that HAProxy would read as anything else. */
export const filePath = matching(
  /^\/[A-Za-z0-9_.@+,:/-]{1,254}$/,
  'use an absolute path of A-Z a-z 0-9 _ . @ + , : / -',
);

/** `host:port` where the host is an IP literal: `0.0.0.0:14267`, `[::]:14267`. Printed back canonically. */
export const bindAddress = v.pipe(
  v.string('use "address:port"'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const match = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(dataset.value);
    const ip = parseIp(match?.[1] ?? '');
    const port = parsePort(match?.[2]);
    if (ip && port) return printHostPort(ip.text, port);
    addIssue({ message: 'use "address:port" with an IP address and a port from 1 to 65535' });
    return NEVER;
  }),
);

/** An IP address or a CIDR range, printed back canonically. */
export const source = v.pipe(
  v.string('use an IP address or a CIDR range'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const range = parseRange(dataset.value);
    if (range) return range.text;
    addIssue({ message: 'use an IP address or a CIDR range (10.0.0.0/8, 2001:db8::/32)' });
    return NEVER;
  }),
);

/** `address:port`, or `*:port`, which `0.0.0.0` and `[::]` mean, too. */
export const listener = v.pipe(
  v.string('use "address:port" or "*:port"'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const match = /^(\*|\[[^\]]+\]|[^:]+):(\d+)$/.exec(dataset.value);
    const port = parsePort(match?.[2]);
    const ip = parseIp(match?.[1] ?? '')?.text;
    const host = match?.[1] === '*' || ip === '0.0.0.0' || ip === '::' ? '*' : ip;
    if (host !== undefined && port !== undefined) return printHostPort(host, port);
    addIssue({ message: 'use "address:port" or "*:port" with an IP address and a port from 1 to 65535' });
    return NEVER;
  }),
);
