// What the frontend does with every kind of request: the backend that serves it, or the status that refuses it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, ask } from './client.js';
import { arrivals, bodyOf, outcome } from './outcome.js';
import { type Rig, startRig } from './rig.js';

const LIMIT = 40_000;
const DEFAULT = 'iri_back-1';
const POW = 'iri_pow_back-1';
const WHITELISTED = '127.0.0.9';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    settings: {
      frontend: { whitelist: [`${WHITELISTED}/32`] },
      iri: { bodyLimitBytes: LIMIT },
      timeouts: { requestSeconds: 1 },
      limits: false,
    },
  });
});
afterAll(() => rig?.harness.close());

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a request', () => {
  type Row = readonly [what: string, request: Ask, expected: string | number];
  const post = (body: string | Buffer, more: Ask = {}): Ask => ({ body, ...more });
  const rows: Row[] = [
    ['an ordinary command', post('{"command":"getNodeInfo"}'), DEFAULT],
    ['a command with blanks around', post(' \r\n\t{ "command" : "getNodeInfo" } \n'), DEFAULT],
    [
      'a command that is not the first key',
      post('{"x":[1,-2.5e3,true,null,{"y":"z"}],"command":"getTips"}'),
      DEFAULT,
    ],
    ['a command in another case', post('{"command":"ATTACHTOTANGLE"}'), DEFAULT],
    ['attachToTangle', post('{"command":"attachToTangle","trytes":[]}'), POW],
    ['interruptAttachingToTangle', post('{"command":"interruptAttachingToTangle"}'), POW],
    ['attachToTangle as the last key', post('{"trytes":["A9"],"command":"attachToTangle"}'), POW],
    [
      'attachToTangle in an unrelated field',
      post('{"command":"getNodeInfo","tag":"attachToTangle"}'),
      DEFAULT,
    ],
    ['attachToTangle as a key', post('{"attachToTangle":"command","command":"getNodeInfo"}'), DEFAULT],
    [
      'attachToTangle as a nested command',
      post('{"a":{"command":"attachToTangle"},"command":"getNodeInfo"}'),
      DEFAULT,
    ],
    [
      'attachToTangle in an array',
      post('{"a":["command","attachToTangle"],"command":"getNodeInfo"}'),
      DEFAULT,
    ],
    [
      'attachToTangle in the path',
      post('{"command":"getNodeInfo"}', { path: '/attachToTangle?command=attachToTangle' }),
      DEFAULT,
    ],
    [
      'a denied command nested beside an allowed one',
      post('{"a":[{"command":"addNeighbors"}],"command":"getTips"}'),
      DEFAULT,
    ],

    ['getNeighbors', post('{"command":"getNeighbors"}'), 403],
    ['addNeighbors', post('{"command":"addNeighbors","uris":["tcp://192.0.2.1:15600"]}'), 403],
    ['removeNeighbors', post('{"command":"removeNeighbors"}'), 403],
    [
      'a denied command from the whitelist',
      post('{"command":"getNeighbors"}', { from: WHITELISTED }),
      DEFAULT,
    ],
    ['a denied command by PUT', post('{"command":"addNeighbors"}', { method: 'PUT' }), 405],

    ['no API header', post('{"command":"getNodeInfo"}', { version: false }), 400],
    [
      'no API header from the whitelist',
      post('{"command":"getNodeInfo"}', { version: false, from: WHITELISTED }),
      400,
    ],
    ['no command', post('{"x":"command"}'), 400],
    ['no command from the whitelist', post('{}', { from: WHITELISTED }), 400],
    ['GET', { method: 'GET' }, 405],
    ['GET with a body', post('{"command":"getNodeInfo"}', { method: 'GET' }), 405],
    ['OPTIONS', { method: 'OPTIONS', version: false }, DEFAULT],
    ['OPTIONS with a body', post('{"command":"addNeighbors"}', { method: 'OPTIONS', version: false }), 400],
    [
      'a body that is gzip by its header',
      post('{"command":"getNodeInfo"}', { headers: { 'Content-Encoding': 'gzip' } }),
      415,
    ],

    ['an empty body', post(''), 400],
    ['no body', {}, 400],
    ['text', post('command=getNodeInfo'), 400],
    ['JSON cut short', post('{"command":"getNodeInfo"'), 400],
    ['an array', post('[{"command":"getNodeInfo"}]'), 400],
    ['a string', post('"command"'), 400],
    ['a byte order mark', post('\ufeff{"command":"getNodeInfo"}'), 400],
    ['UTF-16', post(Buffer.from('{"command":"getNodeInfo"}', 'utf16le')), 400],
    ['a command that is a number', post('{"command":7}'), 400],
    ['a command that is an array', post('{"command":["getNodeInfo"]}'), 400],
    ['a command that is empty', post('{"command":""}'), 400],
    ['a command with other than letters', post('{"command":"getNodeInfo "}'), 400],
    ['a command of 65 letters', post(`{"command":"${'x'.repeat(65)}"}`), 400],
    ['a trailing comma', post('{"command":"getNodeInfo",}'), 400],
    ['a leading zero', post('{"command":"getNodeInfo","x":01}'), 400],
    ['a raw newline in a string', post('{"command":"getNodeInfo","x":"\n"}'), 400],
    ['a bad escape', post('{"command":"getNodeInfo","x":"\\x"}'), 400],

    ['a second, denied command', post('{"command":"getNodeInfo","command":"addNeighbors"}'), 400],
    ['a second, allowed command', post('{"command":"addNeighbors","command":"getNodeInfo"}'), 400],
    [
      'a second command by an escaped key',
      post('{"command":"getNodeInfo","\\u0063ommand":"addNeighbors"}'),
      400,
    ],
    ['a command by an escaped key', post('{"\\u0063ommand":"addNeighbors"}'), 400],
    ['a denied command, escaped', post('{"command":"\\u0061ddNeighbors"}'), 400],
    ['attachToTangle, escaped', post('{"command":"attach\\u0054oTangle"}'), 400],
    ['a key in another case', post('{"command":"getNodeInfo","Command":"addNeighbors"}'), 400],
    ['a second object', post('{"command":"getNodeInfo"}{"command":"addNeighbors"}'), 400],
    ['a second object after NUL', post('{"command":"getNodeInfo"}\0{"command":"addNeighbors"}'), 400],
    ['NUL in a string', post('{"command":"getNodeInfo","x":"\0"}'), 400],
    ['a bare key, as lenient parsers take it', post('{command:"addNeighbors","x":1}'), 400],
    ['a bare key beside a proper one', post('{"command":"getNodeInfo",command:"addNeighbors"}'), 400],
    ['single quotes', post(`{"command":"getNodeInfo",'command':'addNeighbors'}`), 400],
    ['= for :', post('{"command"="addNeighbors"}'), 400],
    ['; for ,', post('{"command":"getNodeInfo";"x":1}'), 400],
    ['a comment', post('{"command":"getNodeInfo"/*","command":"addNeighbors*/}'), 400],
    ['a prefix against script inclusion', post(`)]}'\n{"command":"addNeighbors"}`), 400],

    ['a body at its limit', post(bodyOf(LIMIT)), POW],
    ['a body one byte over its limit', post(bodyOf(LIMIT + 1)), 413],
    ['nested to 18', post(`{"x":${deep(18)},"command":"getNodeInfo"}`), DEFAULT],
    ['nested deeper than can be followed', post(`{"x":${deep(5_000)},"command":"getNodeInfo"}`), 400],
    [
      'hundreds of hashes',
      post(
        `{"hashes":[${Array(400)
          .fill(`"${'A'.repeat(81)}"`)
          .join(', ')}],"command":"getTrytes"}`,
      ),
      DEFAULT,
    ],
    [
      'a head at its limit, nearly',
      post('{"command":"getNodeInfo"}', { headers: { 'X-Long': 'x'.repeat(16_000) } }),
      DEFAULT,
    ],
    ['a URI at its limit', post('{"command":"getNodeInfo"}', { path: `/${'x'.repeat(1_023)}` }), DEFAULT],
    ['a URI over its limit', post('{"command":"getNodeInfo"}', { path: `/${'x'.repeat(1_024)}` }), 414],
    [
      'a head over its limit',
      post('{"command":"getNodeInfo"}', { headers: { 'X-Long': 'x'.repeat(16_384) } }),
      431,
    ],
  ];
  it.each(rows)('%s', async (_what, request, expected) => {
    const before = arrivals(rig);
    expect(outcome(await ask(rig.port, request))).toBe(expected);
    expect(arrivals(rig) - before).toBe(typeof expected === 'string' ? 1 : 0);
  });

  it('that is refused is told why, in JSON', async () => {
    const { body, headers } = await ask(rig.port, { body: '{"command":"addNeighbors"}' });
    expect(JSON.parse(body)).toEqual({ error: 'This command is not available here' });
    expect(headers['content-type']).toBe('application/json');
  });

  it('reaches the node as it was sent, with the address of its client', async () => {
    const body = '{"command":"getNodeInfo","x":"\\u0000é"}';
    await ask(rig.port, { body });
    const arrival = rig.nodes.iri_back?.[0]?.arrivals.at(-1);
    expect(Buffer.from(arrival?.body ?? '', 'latin1').toString('utf8')).toBe(body);
    expect(arrival?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-iota-api-version': '1' });
  });

  it('is from whom its connection is from, whatever it says of itself', async () => {
    const headers = { 'X-Forwarded-For': '127.0.0.9' };
    await ask(rig.port, { body: '{"command":"getNodeInfo"}', headers });
    const arrival = rig.nodes.iri_back?.[0]?.arrivals.at(-1);
    expect(arrival?.headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  it('that is refused may be read by pages of other sites', async () => {
    const { headers } = await ask(rig.port, { body: '{"command":"addNeighbors"}' });
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  it('never upgrades its connection, which would be a way past the rules', async () => {
    const headers = {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQAAP__',
    };
    expect(outcome(await ask(rig.port, { body: '{"command":"getNodeInfo"}', headers }))).toBe(DEFAULT);
    const arrived = rig.nodes.iri_back?.[0]?.arrivals.at(-1)?.headers;
    expect(Object.keys(arrived ?? {})).not.toContain('upgrade');
    expect(Object.keys(arrived ?? {})).not.toContain('http2-settings');
  });
});
