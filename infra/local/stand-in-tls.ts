// Makes a self-signed certificate for stand-in nodes, with the openssl command.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** PEM text. */
  readonly cert: string;
  readonly key: string;
  /** The same in files: HAProxy's `ca-file` takes `certFile`, as the certificate signs itself. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateOptions {
  /** Names and IP literals it is good for. */
  readonly names?: readonly string[];
  readonly days?: number;
}

/**
 * Writes `<name>.crt` and `<name>.key` (P-256, mode 600) into `dir` and returns them. node:crypto reads
 * certificates but makes none; openssl is on every host that has HAProxy's TLS. Rejects when it is not.
 */
export async function makeCertificate(
  dir: string,
  name: string,
  { names = ['localhost', '127.0.0.1', '::1'], days = 30 }: CertificateOptions = {},
): Promise<Certificate> {
  const certFile = join(dir, `${name}.crt`);
  const keyFile = join(dir, `${name}.key`);
  const subjects = names.map((entry) => `${/^[\d.]+$|:/.test(entry) ? 'IP' : 'DNS'}:${entry}`).join(',');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subjects}`, '-days', String(days)],
    ...['-keyout', keyFile, '-out', certFile],
  ]);
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key, certFile, keyFile };
}
