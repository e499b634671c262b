// The CA that signs the certificate of a database's server, as a client needs it to check that: from CNPG's Secret, without the key.
import { X509Certificate } from 'node:crypto';
import type { Cluster } from '../../api/cnpg.ts';
import type { Secret } from '../../api/kubernetes.ts';
import { controllerOf } from '../credentials/database-url.ts';
import { authoritySecretName } from '../names.ts';

/** More certificates than CNPG puts there, and more characters than they have. */
const most = { certificates: 8, characters: 32_768 };

/** A name that can be asked for. Anybody who may write the status of a Cluster chooses it. */
const nameOfSecret = /^[a-z0-9][-a-z0-9.]{0,252}$/;

/**
 * The name of CNPG's Secret with the CA of a Cluster: another one if somebody has set `spec.certificates`.
 * @param cluster undefined if there is none
 */
export function authoritySecretOf(name: string, cluster: Cluster | undefined): string {
  const { serverCASecret = '' } = cluster?.status ?? {};
  return nameOfSecret.test(serverCASecret) ? serverCASecret : authoritySecretName(name);
}

/**
 * Whether the Secret has the CA of this Cluster, and not of an earlier one of the same name. Without an owner, as after a restore of the
 * namespace, only the version that CNPG reports proves it.
 */
export function isAuthorityOf({ metadata: { uid }, status }: Cluster, secret: Secret): boolean {
  const controller = controllerOf(secret);
  return controller === undefined
    ? status.serverCaSecretVersion === secret.metadata.resourceVersion
    : controller === uid;
}

/** What is kept of that Secret: never `ca.key`. */
export function withoutKey({ data = {}, ...secret }: Secret): Secret {
  const { 'ca.crt': certificates = '' } = data;
  return { ...secret, data: { 'ca.crt': certificates.slice(0, 2 * most.characters) } };
}

/**
 * The certificates in the key `ca.crt`, in PEM. CNPG renews a CA with the same key (renewCACertificate in CNPG 1.30), so that the new one
 * also stands for the certificates that the old one signed.
 * @returns undefined if there is none, or anything else
 */
export function certificatesIn({ data = {} }: Secret): string | undefined {
  const text = Buffer.from(data['ca.crt'] ?? '', 'base64').toString('utf8');
  if (text.length > most.characters) return undefined;
  const blocks = text.split(end).slice(0, -1);
  if (blocks.length === 0 || blocks.length > most.certificates) return undefined;
  const read = blocks.map((block) => certificateIn(`${block}${end}`));
  return read.every((one) => one !== undefined) ? read.join('') : undefined;
}

const end = '-----END CERTIFICATE-----';

/** Written anew, so that nothing else is in it. */
function certificateIn(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).toString();
  } catch {
    return undefined;
  }
}
