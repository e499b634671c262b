// Builds the Secret <cluster>-ca as CNPG 1.30 does (internal/controller/cluster_pki.go), with a CA that is made in advance.
import type { Manifest } from '../../hack/cluster/client.ts';
import type { OwnerReference } from '../../src/api/kubernetes.ts';
import { authorityIn } from '../../src/model/authority.ts';

export function caSecret(cluster: string, namespace: string, ownerReference: OwnerReference): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `${cluster}-ca`,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'cloudnative-pg', 'cnpg.io/cluster': cluster },
      ownerReferences: [ownerReference],
    },
    type: 'Opaque',
    stringData: { 'ca.crt': authorityIn(ownerReference.uid), 'ca.key': 'the key of a test CA' },
  };
}
