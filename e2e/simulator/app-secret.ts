// Builds the Secret <cluster>-app as CNPG 1.30 does (pkg/specs/secrets.go, labels by cluster_funcs.go SetInheritedData).
import { randomBytes } from 'node:crypto';
import type { Manifest } from '../../hack/cluster/client.ts';
import type { OwnerReference } from '../../src/api/kubernetes.ts';

export interface AppSecretOf {
  readonly cluster: string;
  readonly namespace: string;
  readonly database: string;
  readonly owner: string;
  readonly password: string;
  readonly ownerReference: OwnerReference;
}

/** 64 letters and digits. */
export function newPassword(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from(randomBytes(64), (byte) => alphabet[byte % alphabet.length]).join('');
}

export function appSecret({ cluster, namespace, database, owner, password, ownerReference }: AppSecretOf): Manifest {
  const host = `${cluster}-rw`;
  const near = `${host}.${namespace}:5432`;
  const far = `${host}.${namespace}.svc.cluster.local:5432`;
  const uri = (authority: string): string => `postgresql://${owner}:${password}@${authority}/${database}`;
  const jdbc = (authority: string): string =>
    `jdbc:postgresql://${authority}/${database}?password=${password}&user=${owner}`;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `${cluster}-app`,
      namespace,
      labels: {
        'cnpg.io/userType': 'app',
        'cnpg.io/reload': 'true',
        'app.kubernetes.io/managed-by': 'cloudnative-pg',
        'cnpg.io/cluster': cluster,
      },
      ownerReferences: [ownerReference],
    },
    type: 'kubernetes.io/basic-auth',
    stringData: {
      username: owner,
      user: owner,
      password,
      dbname: database,
      host,
      port: '5432',
      pgpass: `${host}:5432:${database}:${owner}:${password}\n`,
      uri: uri(near),
      'jdbc-uri': jdbc(near),
      'fqdn-uri': uri(far),
      'fqdn-jdbc-uri': jdbc(far),
    },
  };
}
