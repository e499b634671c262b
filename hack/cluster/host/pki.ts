// The certificates of one cluster, from an authority of its own, made with openssl. Keys never leave the state directory but embedded in kubeconfigs.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface CertificateRequest {
  readonly commonName: string;
  /** The groups of a client. */
  readonly organizations?: readonly string[];
  /** For a server, as in `IP:127.0.0.1`; without them the certificate is a client's. */
  readonly alternativeNames?: readonly string[];
}

export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

const validDays = '3650';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes the authority when it is not there. @returns the paths of its files */
export async function ensureAuthority(directory: string): Promise<KeyPairFiles> {
  return await ensurePair(directory, 'ca', [
    ...['-subj', '/CN=postgres-addon-harness'],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'],
  ]);
}

/**
 * Makes a certificate of the cluster's authority when it is not there. The authority has to be there.
 * @param file name of the files, without extension
 */
export async function ensureCertificate(
  directory: string,
  file: string,
  request: CertificateRequest,
): Promise<KeyPairFiles> {
  return await ensurePair(directory, file, [
    ...['-CA', join(directory, 'ca.crt'), '-CAkey', join(directory, 'ca.key')],
    ...['-subj', subject(request)],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...(request.alternativeNames
      ? ['-addext', `subjectAltName=${request.alternativeNames.join(',')}`, '-addext', 'extendedKeyUsage=serverAuth']
      : ['-addext', 'extendedKeyUsage=clientAuth']),
  ]);
}

/** Makes a certificate that is its own authority, for a server and its client alike, when it is not there. */
export async function ensureSelfSigned(directory: string, file: string, host: string): Promise<KeyPairFiles> {
  return await ensurePair(directory, file, [
    ...['-subj', `/CN=${host}`],
    ...['-addext', `subjectAltName=DNS:${host}`],
    ...['-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
  ]);
}

/** The key pair that signs service account tokens. The API server reads the private part only in the form SEC 1, hence not by openssl. */
export async function ensureServiceAccountKeys(directory: string): Promise<{ privateKey: string; publicKey: string }> {
  const files = {
    privateKey: join(directory, 'service-account.key'),
    publicKey: join(directory, 'service-account.pub'),
  };
  if (existsSync(files.publicKey)) return files;
  await mkdir(directory, { recursive: true });
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(files.privateKey, pair.privateKey, { mode: 0o600 });
  await writeFile(`${files.publicKey}.new`, pair.publicKey);
  await rename(`${files.publicKey}.new`, files.publicKey);
  return files;
}

/** The text of both files. */
export async function readPair(files: KeyPairFiles): Promise<{ readonly certificate: string; readonly key: string }> {
  const [certificate, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')]);
  return { certificate, key };
}

async function ensurePair(directory: string, file: string, args: readonly string[]): Promise<KeyPairFiles> {
  const files = { certificate: join(directory, `${file}.crt`), key: join(directory, `${file}.key`) };
  if (existsSync(files.certificate)) return files;
  await mkdir(directory, { recursive: true });
  const unfinished = { certificate: `${files.certificate}.${process.pid}`, key: `${files.key}.${process.pid}` };
  try {
    await execa('openssl', [
      ...['req', '-x509', '-days', validDays, ...newKey],
      ...['-keyout', unfinished.key, '-out', unfinished.certificate],
      ...args,
    ]);
    // The certificate comes last: where it is, its key is.
    await rename(unfinished.key, files.key);
    await rename(unfinished.certificate, files.certificate);
  } finally {
    await rm(unfinished.key, { force: true });
    await rm(unfinished.certificate, { force: true });
  }
  return files;
}

/** An openssl subject; `/` and `\` separate and escape, so they are escaped. */
export function subject(request: CertificateRequest): string {
  const escaped = (text: string) => text.replaceAll(/[\\/+=]/g, (character) => `\\${character}`);
  const organizations = (request.organizations ?? []).map((name) => `/O=${escaped(name)}`);
  return `${organizations.join('')}/CN=${escaped(request.commonName)}`;
}
