// Where serve and run listen, and who may ask: what is refused, and what is said of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../infra/local/stand-in-tls.js';
import { type ListenFlags, readListen } from '../../lib/cli/listen-options.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iri-lb-listen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(flags: ListenFlags) {
  const told: string[] = [];
  const listen = readListen(flags, (path, message) => told.push(`${path} ${message}`));
  return { listen, told };
}

describe('--listen', () => {
  it('needs nothing else on loopback', () => {
    for (const listen of ['127.0.0.1:8402', 'localhost:8402', '[::1]:8402'])
      expect(read({ listen }).told).toEqual([]);
    expect(read({ listen: 'off' })).toEqual({ listen: undefined, told: [] });
  });

  it.each(['', '8402', ':8402', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', 'a b:80', '::1:8402'])(
    'is refused where it is no address: %j',
    (listen) => {
      const { told } = read({ listen });
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('is no address');
    },
  );

  it('needs a token and TLS beyond this machine, and names at every address', () => {
    expect(read({ listen: '10.0.0.5:8402' }).told).toEqual([
      '--listen 10.0.0.5:8402 is beyond this machine; name a --token-file (it is made if missing)',
      '--listen 10.0.0.5:8402 is beyond this machine; name --cert and --key, or say --behind-proxy where a proxy speaks TLS',
    ]);
    expect(read({ listen: '0.0.0.0:8402' }).told).toHaveLength(3);
    const proxied = { listen: '0.0.0.0:8402', tokenFile: 't', behindProxy: true };
    expect(read(proxied).told).toEqual([
      '--listen 0.0.0.0:8402 is beyond this machine, at every address; name with --host what browsers ask for',
    ]);
    const { listen, told } = read({ ...proxied, host: ['LB.example.org'] });
    expect(told).toEqual([]);
    expect(listen).toMatchObject({
      host: '0.0.0.0',
      port: 8402,
      tokenFile: 't',
      access: { hosts: ['lb.example.org'], behindProxy: true, tls: false },
    });
  });

  it('may be asked for by the address that it names', () => {
    const { listen } = read({ listen: '10.0.0.5:8402', tokenFile: 't', behindProxy: true });
    expect(listen?.access.hosts).toEqual(['10.0.0.5']);
  });
});

describe('--host', () => {
  it.each(['', 'a b', 'https://x', 'x:8402', '*', '0.0.0.0'])(
    'is refused where it is no host: %j',
    (host) => {
      expect(read({ listen: '127.0.0.1:8402', host: [host] }).told[0]).toContain('is no host');
    },
  );
});

describe('--cert and --key', () => {
  it('go together, are read, and have to fit', async () => {
    const listen = '127.0.0.1:8402';
    const { certFile, keyFile } = await makeCertificate(folder, 'one');
    const other = await makeCertificate(folder, 'two');
    expect(read({ listen, cert: certFile }).told).toEqual([
      '--key is missing; a certificate goes with its key',
    ]);
    expect(read({ listen, key: keyFile }).told).toEqual([
      '--cert is missing; a certificate goes with its key',
    ]);
    expect(read({ listen, cert: certFile, key: keyFile }).listen?.tls?.cert).toContain('BEGIN CERTIFICATE');
    expect(read({ listen, cert: certFile, key: other.keyFile }).told[0]).toContain(
      '--cert cannot be used with --key',
    );
    const nonsense = join(folder, 'nonsense');
    writeFileSync(nonsense, 'nonsense');
    expect(read({ listen, cert: nonsense, key: nonsense }).told[0]).toContain('cannot be used');
    expect(read({ listen, cert: join(folder, 'none'), key: keyFile }).told[0]).toContain(
      'cannot be read (ENOENT)',
    );
  });
});
