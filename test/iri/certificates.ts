// The certificates that stand-in nodes have in the cases of the node check, and the CA that is trusted.
import { type Certificate, makeCertificate } from '../../infra/local/stand-in-tls.js';

/** All but `trusted` are refused where certificates are verified. */
export type CertificateKind = 'trusted' | 'self-signed' | 'unknown-ca' | 'other-name' | 'expired';

export interface Certificates {
  /** The CA to be trusted. */
  readonly authority: Certificate;
  readonly of: Readonly<Record<CertificateKind, Certificate>>;
}

export async function makeCertificates(dir: string): Promise<Certificates> {
  const authority = await makeCertificate(dir, 'authority');
  const stranger = await makeCertificate(dir, 'stranger');
  return {
    authority,
    of: {
      trusted: await makeCertificate(dir, 'trusted', { signedBy: authority }),
      'self-signed': await makeCertificate(dir, 'self-signed'),
      'unknown-ca': await makeCertificate(dir, 'unknown-ca', { signedBy: stranger }),
      'other-name': await makeCertificate(dir, 'other', { signedBy: authority, names: ['other.test'] }),
      expired: await makeCertificate(dir, 'expired', { signedBy: authority, days: -1 }),
    },
  };
}
