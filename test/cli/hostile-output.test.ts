// What Consul says of a node reaches no terminal as it is: not in tables, not in JSON, and JSON still says the same.
import http from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../infra/local/http-server.js';
import { row } from '../simulation/row.js';
import { runProgram } from './run-program.js';

const TAG = 'x\u001b[2J\u009b31m\u202eevil\u200b\u0007';
const ID = 'a\u009b1m\u2066';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

let server: http.Server;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    response.writeHead(200, {
      ...{ 'Content-Type': 'application/json', 'X-Consul-Index': '7', 'X-Consul-KnownLeader': 'true' },
    });
    const rights = [{ Allow: true }, { Allow: true }];
    const hostile = row({ id: ID, tags: [TAG], node: `n${ID}`, meta: { [`k${TAG}`]: TAG } });
    response.end(JSON.stringify(request.url?.includes('authorize') ? rights : [hostile]));
  });
  const url = await listenOnLoopback(server, 0);
  // Nobody listens at the load balancer's.
  env = { CONSUL_HTTP_ADDR: url, HAPROXY_ADDRESSES: 'tcp://127.0.0.1:1' };
});
afterAll(() => closeServer(server));

it.each(['node list', 'node list --json', 'status', 'status --json', 'plan', 'plan --json', 'doctor --json'])(
  'iri-lb %s shows nothing that a terminal acts on',
  async (command) => {
    const { out, err } = await runProgram(command.split(' '), env);
    expect(out + err).not.toBe('');
    expect(out).not.toMatch(UNSAFE);
    expect(err).not.toMatch(UNSAFE);
  },
);

it('node list --json gives programs what Consul has', async () => {
  const { out } = await runProgram(['node', 'list', '--json'], env);
  expect(JSON.parse(out).nodes).toMatchObject([{ id: ID, node: `n${ID}`, tags: [TAG] }]);
});

it.each([
  ['node', 'remove', ID],
  ['node', 'remove', '--id', 'nobody\u009b1m'],
  ['node', 'check', ID],
  ['drain', ID],
  ['drain', `${ID}x`],
  ['undrain', ID],
  ['maint', ID, '--reason', TAG],
  ['node', 'maint', `n${ID}x`],
])('%s %s shows nothing of it either', async (...args) => {
  const { out, err } = await runProgram(args, env);
  expect(out + err).not.toMatch(UNSAFE);
});
