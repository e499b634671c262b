// Which of the Secrets named <cluster>-app are the Cluster's, and what is said about the others.
import { expect, it } from '@jest/globals';
import type { OwnerReference } from '../../api/kubernetes.ts';
import { decide } from '../decide.ts';
import { aCluster, anAddon, aSource, observing } from '../testing.ts';

const addon = anAddon({ plan: 'free' });
const cluster = aCluster(addon);
const of = (uid: string): OwnerReference => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  name: cluster.metadata.name,
  uid,
  controller: true,
});

it.each([
  ['of this Cluster', [of(cluster.metadata.uid)], '30', 'Published'],
  ['of this Cluster that CNPG has not read yet', [of(cluster.metadata.uid)], '31', 'Published'],
  ['of an earlier Cluster', [of('earlier')], '30', 'CredentialsInvalid'],
  ['without an owner that CNPG uses', undefined, '30', 'Published'],
  ['without an owner that CNPG has not read', undefined, '31', 'CredentialsPending'],
  ['with another owner that does not control it', [{ ...of('earlier'), controller: false }], '30', 'Published'],
])('a Secret %s', (_, ownerReferences, version, reason) => {
  const { ownerReferences: __, ...metadata } = aSource(cluster).metadata;
  const owned = ownerReferences === undefined ? {} : { ownerReferences };
  const object = { ...aSource(cluster), metadata: { ...metadata, ...owned, resourceVersion: version } };
  const { conditions } = decide(observing(addon, { cluster, source: { kind: 'found', object } }), 0);
  expect(conditions.CredentialsPublished?.reason).toBe(reason);
  if (reason === 'CredentialsInvalid')
    expect(conditions.CredentialsPublished?.message).toMatch(/does not belong to Cluster .*; delete the Secret/);
});
