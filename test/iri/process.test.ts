// dist/node-check.mjs as a Consul agent runs it: a process with an exit status and one line.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../infra/local/harness.js';
import type { StandIn } from '../../infra/local/stand-in.js';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { NODE_CHECK, startNode } from '../cli/rig.js';

let harness: Harness;
let node: StandIn;

beforeAll(async () => {
  harness = await startHarness();
  node = await startNode(harness, { name: 'n' });
});
afterAll(() => harness.close());

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    const child = execFile(process.execPath, [NODE_CHECK, ...args], options, (_error, out, err) =>
      resolve({ status: child.exitCode, out, err }),
    );
  });
}

describe('dist/node-check.mjs', () => {
  it('exits 0 with one line when the node may serve', async () => {
    expect(await run(['-a', node.url])).toEqual({
      status: 0,
      out: `${node.url}: ok, IRI 1.5.6, milestone 426549, 5 neighbors, 0 ms\n`,
      err: '',
    });
  });

  it('exits 2 with one line when it may not', async () => {
    expect(await run(['-n', '6', '-a', node.url])).toEqual({
      status: 2,
      out: `${node.url}: too few neighbors: 5, fewer than 6\n`,
      err: '',
    });
  });

  it('exits 3 with one line on stderr for wrong usage', async () => {
    expect(await run(['-a', '-k', node.url])).toEqual({
      status: 3,
      out: '',
      err: 'node-check: -a needs a value after it; -h helps\n',
    });
  });

  it('prints its help with -h and names every option in it', async () => {
    const { status, out } = await run(['-h']);
    expect(status).toBe(0);
    const named = [...out.matchAll(/^ {2}-([a-z])/gm)].map(([, letter]) => letter);
    expect(named.join('')).toBe('atnmwrpkiuh');
  });

  it('trusts the CA in NODE_EXTRA_CA_CERTS, for its own names only', async () => {
    const mine = await makeCertificate(harness.dir, 'mine');
    const other = await makeCertificate(harness.dir, 'other', { names: ['other.example.org'] });
    for (const [tls, status, said] of [
      [mine, 0, ': ok, IRI'],
      [other, 2, 'TLS: the certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)'],
    ] as const) {
      const secure = await startNode(harness, { name: 's', tls });
      const ended = await run(['-a', secure.url], { NODE_EXTRA_CA_CERTS: tls.certFile });
      expect(ended).toMatchObject({ status, out: expect.stringContaining(said) });
    }
  });

  it('is at most 30 kB, of nothing but Node itself', async () => {
    expect(statSync(NODE_CHECK).size).toBeLessThanOrEqual(30_000);
  });
});
