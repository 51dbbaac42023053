// The kinds of field that the settings of more than one folder have. Pure.
import * as v from 'valibot';

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
