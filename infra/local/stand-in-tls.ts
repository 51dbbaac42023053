// Makes certificates for stand-in nodes, self-signed or signed by another one, with the openssl command.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** PEM text. */
  readonly cert: string;
  readonly key: string;
  /** The same in files: HAProxy's `ca-file` takes `certFile` of one that signs itself. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateOptions {
  /** Names and IP literals it is good for. */
  readonly names?: readonly string[];
  /** Negative: it has expired, and that needs `signedBy`. */
  readonly days?: number;
  /** Signs itself by default. */
  readonly signedBy?: Certificate;
}

const execute = promisify(execFile);

/**
 * Writes `<name>.crt` and `<name>.key` (P-256, mode 600) into `dir` and returns them. node:crypto reads
 * certificates but makes none; openssl is on every host that has HAProxy's TLS. Rejects when it is not.
 */
export async function makeCertificate(
  dir: string,
  name: string,
  { names = ['localhost', '127.0.0.1', '::1'], days = 30, signedBy }: CertificateOptions = {},
): Promise<Certificate> {
  const certFile = join(dir, `${name}.crt`);
  const keyFile = join(dir, `${name}.key`);
  const subjects = names.map((entry) => `${/^[\d.]+$|:/.test(entry) ? 'IP' : 'DNS'}:${entry}`).join(',');
  const request = [
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subjects}`],
  ];
  const valid = ['-days', String(days), '-out', certFile];
  if (signedBy) {
    const requestFile = join(dir, `${name}.csr`);
    const authority = ['-CA', signedBy.certFile, '-CAkey', signedBy.keyFile, '-copy_extensions', 'copy'];
    await execute('openssl', ['req', ...request, '-out', requestFile]);
    await execute('openssl', ['x509', '-req', '-in', requestFile, ...authority, ...valid]);
  } else await execute('openssl', ['req', '-x509', ...request, ...valid]);
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key, certFile, keyFile };
}
