// Bodies of every kind for property tests: proper ones, ones that hide a second command, and broken ones.
import fc from 'fast-check';

export const DENIED = ['getNeighbors', 'addNeighbors', 'removeNeighbors'];
export const POW = ['attachToTangle', 'interruptAttachingToTangle'];

const command = fc.constantFrom(
  'getNodeInfo',
  ...DENIED,
  ...POW,
  'x',
  'Attachtotangle',
  '',
  'a b',
  'add\u0000Neighbors',
);
const key = fc.constantFrom(
  'command',
  'Command',
  'comman',
  'commands',
  ' command',
  'x',
  '',
  'commandé',
  'a"b',
  'trytes',
);
const leaf = fc.oneof(
  command,
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.constant(null),
  fc.boolean(),
);
/** JSON text with keys in any order and number, as no serializer would write it. */
const { value: jsonText } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf.map((entry) => JSON.stringify(entry)),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .array(
      fc.tuple(
        key.map((name) => JSON.stringify(name)),
        fc.constantFrom(':', ' : ', ':\n'),
        tie('value'),
      ),
      { maxLength: 4 },
    )
    .map((members) => `{${members.map((member) => member.join('')).join(',')}}`),
  array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(' ,')}]`),
}));
const member = fc.oneof(
  fc.tuple(key, jsonText).map(([name, value]) => `${JSON.stringify(name)}:${value}`),
  command.map((name) => `"command":${JSON.stringify(name)}`),
  command.map((name) => `"\\u0063ommand":${JSON.stringify(name)}`),
  command.map((name) => `"command" : "${[...name].map(escaped).join('')}"`),
);
const ordinary = fc
  .tuple(fc.constantFrom('x', 'trytes', ' command', 'a9'), jsonText)
  .map(([name, value]) => `${JSON.stringify(name)}:${value}`);
const several = fc.array(member, { minLength: 1, maxLength: 4 });
const one = fc
  .tuple(fc.array(ordinary, { maxLength: 2 }), command, fc.array(ordinary, { maxLength: 2 }))
  .map(([before, name, after]) => [...before, `"command":${JSON.stringify(name)}`, ...after]);
/** An object with one command or several, in plain sight or escaped, at the top or nested. */
export const body = fc.oneof(one, several).map((members) => `{${members.join(',')}}`);

/** Bytes that lenient parsers, decoders and string functions treat each in their own way. */
const odd = fc.constantFrom(
  ...[
    '\0',
    '\n',
    '\t',
    '\v',
    '\f',
    ' ',
    '"',
    "'",
    '\\',
    '/',
    '/*',
    '*/',
    '//',
    '#',
    '=',
    '=>',
    ';',
    ',',
    ':',
    '{',
    '}',
  ],
  ...[
    '[',
    ']',
    '\ufeff',
    '\u00a0',
    '\u2028',
    '\ud800',
    '\x7f',
    ")]}'\n",
    '<!--',
    'NaN',
    '0x1',
    '+1',
    '.5',
    '1.',
    '01',
  ],
  ...[
    '"command":"addNeighbors"',
    ',"command":"attachToTangle"',
    "'command':'addNeighbors'",
    'command:"addNeighbors",',
  ],
);
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  drop: fc.nat(3),
  put: fc.option(odd, { nil: '' }),
});
/** A body with a few bytes put in or taken out. */
export const mutated = fc.tuple(body, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([text, edits]) =>
  edits.reduce((result, { at, drop, put }) => {
    const index = Math.floor(at * (result.length + 1));
    return result.slice(0, index) + put + result.slice(index + drop);
  }, text),
);
/** Tokens in any order. */
export const pieces = fc
  .array(fc.oneof(odd, fc.constantFrom('"command"', '"getNodeInfo"', '"addNeighbors"', '"x"', '1', 'null')))
  .map((parts) => parts.join(''));

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
