// `iri-lb node add` with flags: what it fills in and what it refuses before Consul sees it.
import { describe, expect, it } from 'vitest';
import { iriLayout } from '../../lib/iri/layout.js';
import { IRI_TAGS } from '../../lib/iri/tags.js';
import { TAGS } from '../../lib/model/tags.js';
import { commandLine } from './command-line.js';

/** No Consul is there: what gets that far fails. */
const { run } = commandLine({ env: { CONSUL_HTTP_ADDR: '127.0.0.1:1' } });

async function printed(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { out, err, status } = await run('add', ...args, '--print');
  expect([status, err]).toEqual([0, '']);
  return JSON.parse(out).service;
}

describe('iri-lb node add', () => {
  it('fills id, name and check', async () => {
    expect(await printed('--address', '10.0.0.5', '--port', '14265')).toEqual({
      id: '10.0.0.5:14265',
      name: 'iri',
      address: '10.0.0.5',
      port: 14265,
      check: {
        name: 'IRI API 10.0.0.5:14265',
        args: ['node', '/opt/node-check.mjs', '-a', 'http://10.0.0.5:14265'],
        interval: '30s',
        timeout: '5s',
        deregister_critical_service_after: '24h',
      },
    });
  });

  it('names the node check where the guide puts it for an agent on another host, and what is said anywhere', async () => {
    const { run: away } = commandLine({ env: { CONSUL_HTTP_ADDR: 'http://10.0.3.7:8500' } });
    const print = ['add', '--address', '10.0.0.5', '--port', '14265', '--print'];
    const args = async (...more: string[]): Promise<readonly string[]> =>
      JSON.parse((await away(...print, ...more)).out).service.check.args;
    expect((await args())[1]).toBe('/opt/iri-lb/node-check.mjs');
    expect((await args('--check-command', '/srv/check.mjs'))[1]).toBe('/srv/check.mjs');
  });

  it('makes tags of flags, and has the check do what they say', async () => {
    const service = await printed(
      ...['--address', 'Node.Example.org', '--port', '443', '--scheme', 'https', '--sslverify', '0'],
      ...['--pow', 'only', '--maxconnpow', '2', '--weight', '5', '--tag', 'mine', '--check-args', '-n 4'],
    );
    expect(service).toMatchObject({
      id: 'node.example.org:443',
      tags: [
        ...[
          'mine',
          'haproxy.weight=5',
          'haproxy.scheme=https',
          'haproxy.sslverify=0',
          'haproxy.maxconnpow=2',
        ],
        'haproxy.pow=only',
      ],
      check: { args: expect.arrayContaining(['https://node.example.org:443', '-k', '-p', '-u', '-n', '4']) },
    });
  });

  it('writes IPv6 addresses bare, and in brackets where a port follows', async () => {
    expect(await printed('--address', '[2001:DB8::5]', '--port', '1', '--no-check')).toEqual({
      id: '[2001:db8::5]:1',
      name: 'iri',
      address: '2001:db8::5',
      port: 1,
    });
  });

  it('keeps the words of a quoted argument together', async () => {
    const at = ['--address', '10.0.0.5', '--port', '1'];
    const { check } = await printed(...at, '--check-args', `-r "IRI Testnet" -n'4' -m "1.5.0"`);
    expect(check).toMatchObject({
      args: expect.arrayContaining(['-r', 'IRI Testnet', '-n4', '-m', '1.5.0']),
    });
  });

  it('names every problem at once, and asks Consul nothing', async () => {
    const { status, out, err } = await run(
      ...['add', '--address', '0.0.0.0', '--port', '99999', '--service', 'web', '--id', 'a b'],
      ...['--weight', '1;shutdown sessions', '--maxconn', '3'],
    );
    expect([status, out]).toEqual([64, '']);
    expect(err.split('\n')).toEqual([
      'iri-lb: address: 0.0.0.0 is unusable; give an IPv4 or IPv6 address or a host name',
      'iri-lb: port: 99999 is unusable; give 1 to 65535',
      'iri-lb: name: no pool serves web; use iri, or add a pool in LB_CONFIG',
      'iri-lb: id: "a b" is unusable; use up to 128 of A-Z a-z 0-9 _ . : @ [ ] -',
      'iri-lb: tags: tag "haproxy.weight=1;shutdown sessions" is not a whole number from 0 to 256',
    ]);
  });

  it.each([
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-args', '-t 9'],
      '--check-timeout: 5s is too short for a check that may take 10.5 s',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-args', '-x'],
      "--check-args: Unknown option '-x'; -h helps",
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-interval', 'often'],
      '--check-interval: "often"; give a time above 0, like 30s or 1m30s',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-interval', '0s'],
      '--check-interval: "0s"; give a time above 0, like 30s or 1m30s',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-args', '-k -a http://10.0.0.2:1'],
      '--check-args: -a is the address of the node itself; leave it out',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--check-args', '-r "IRI Testnet'],
      '--check-args: a quote is not closed',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--no-check', '--check-interval', '9s'],
      '--check-interval: there is no check with --no-check',
    ],
    [
      ['--address', '10.0.0.1', '--port', '1', '--tag', 'haproxy.wieght=1'],
      `tags: tag "haproxy.wieght=1": unknown key, known are ${[...TAGS, ...IRI_TAGS].map(({ key }) => key).join(', ')}`,
    ],
    [[], 'address: missing; give an IPv4 or IPv6 address or a host name'],
  ])('refuses %j', async (args, message) => {
    const { status, err } = await run('add', ...args);
    expect([status, err]).toEqual([64, expect.stringContaining(`iri-lb: ${message}`)]);
  });

  it('says which agent it could not reach', async () => {
    const { status, err } = await run('add', '--address', '10.0.0.1', '--port', '1');
    expect([status, err]).toEqual([
      1,
      'iri-lb: consul http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; is it up, and is CONSUL_HTTP_ADDR right?',
    ]);
  });

  it.each([
    ['127.0.0.5', '80', 'is loopback, of which networks in LB_CONFIG lists nothing'],
    ['::1', '80', 'is loopback'],
    ['169.254.169.254', '80', "is a cloud's metadata service"],
    ['::ffff:169.254.169.254', '80', "is a cloud's metadata service"],
    ['224.0.0.1', '80', 'is multicast'],
    ['10.0.0.9', '9999', 'is where a load balancer itself listens'],
    ['10.0.0.9', '80', undefined],
    ['node.example.org', '9999', undefined],
  ])('refuses an address that runs would leave out: %s, port %s', async (address, port, words) => {
    const env = { CONSUL_HTTP_ADDR: '127.0.0.1:1', HAPROXY_ADDRESSES: 'tcp://10.0.0.9:9999,tcp://lb:9999' };
    const { status, err } = await commandLine({ env }).run(
      ...['add', '--address', address, '--port', port, '--print'],
    );
    expect([status, err]).toEqual(
      words === undefined ? [0, ''] : [64, expect.stringMatching(new RegExp(`^iri-lb: address: .*${words}`))],
    );
  });

  it('refuses an address outside of networks, and takes loopback where that is listed', async () => {
    const LB_CONFIG = JSON.stringify({ ...iriLayout, networks: ['10.0.0.0/8', '127.0.0.0/8'] });
    const { run: listed } = commandLine({ env: { CONSUL_HTTP_ADDR: '127.0.0.1:1', LB_CONFIG } });
    const add = (address: string) => listed('add', '--address', address, '--port', '1', '--print');
    expect(await add('192.168.0.1')).toMatchObject({
      status: 64,
      err: 'iri-lb: address: 192.168.0.1:1 is in none of the networks in LB_CONFIG, so runs would leave it out; list its range in networks of LB_CONFIG, or give another one',
    });
    for (const address of ['10.1.2.3', '127.0.0.1']) expect((await add(address)).status).toBe(0);
  });
});
