// What is said of a certificate that is not trusted, whatever Node runs us.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { connectionWords } from '../../lib/model/tls-words.js';

/** As Node 24.21 says it. */
const ADVICE =
  'unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca';

test("Node's advice to trust the system's authorities is left out", () => {
  const error = Object.assign(new Error(ADVICE), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  expect(connectionWords(error)).toBe('unable to verify the first certificate');
});

test('what else went wrong keeps its words', () => {
  const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  expect(connectionWords(error)).toBe('connect ECONNREFUSED 127.0.0.1:1');
  expect(connectionWords('boom')).toBe('boom');
});

test('the Node that runs this says no more of a self-signed certificate', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'iri-lb-words-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 2 -keyout ${key} -out ${cert}`;
    execFileSync('openssl', made.split(' '), { stdio: 'ignore' });
    const server = tls.createServer({ key: readFileSync(key), cert: readFileSync(cert) });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const error = await new Promise((resolve) =>
      tls.connect({ port, host: '127.0.0.1' }).on('error', resolve),
    );
    await new Promise((resolve) => server.close(resolve));
    expect(connectionWords(error)).toBe('self-signed certificate');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
