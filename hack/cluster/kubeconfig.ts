// The file by which a client knows a cluster and itself, with everything embedded: a copy of it works anywhere. It must never name another file.
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

/** Certificates and key as PEM text. */
export interface Credentials {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
}

/** @returns the text of a kubeconfig with one context, called after the cluster */
export function renderKubeconfig(cluster: string, credentials: Credentials): string {
  const encode = (pem: string) => Buffer.from(pem).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: {
          server: credentials.server,
          'certificate-authority-data': encode(credentials.certificateAuthority),
        },
      },
    ],
    users: [
      {
        name: cluster,
        user: {
          'client-certificate-data': encode(credentials.certificate),
          'client-key-data': encode(credentials.key),
        },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    'current-context': cluster,
  });
}

const kubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.base64() }) }),
  ]),
  users: z.tuple([
    z.object({ user: z.object({ 'client-certificate-data': z.base64(), 'client-key-data': z.base64() }) }),
  ]),
});

/**
 * Reads a kubeconfig that this harness or kind wrote: one cluster, one user, everything embedded.
 * @throws ZodError for any other
 */
export async function readKubeconfig(path: string): Promise<Credentials> {
  const file = kubeconfigSchema.parse(parse(await readFile(path, 'utf8')));
  const decode = (base64: string) => Buffer.from(base64, 'base64').toString();
  const [{ cluster }] = file.clusters;
  const [{ user }] = file.users;
  return {
    server: cluster.server,
    certificateAuthority: decode(cluster['certificate-authority-data']),
    certificate: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  };
}
