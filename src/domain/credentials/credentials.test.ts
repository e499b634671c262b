// Which of the Secrets named <cluster>-app are the Cluster's, and what is said about the others.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rowOf } from '../../api/conditions.ts';
import type { OwnerReference } from '../../api/kubernetes.ts';
import { decide } from '../decide.ts';
import { aCluster, anAddon, aSource, aUrlSecret, manifestOf, observing, summary } from '../testing.ts';

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

describe('an immutable Secret with DATABASE_URL', () => {
  const source = { kind: 'found', object: aSource(cluster) } as const;
  const { actions } = decide(observing(addon, { cluster, source }), 0);
  const { data } = manifestOf(actions, 'urlSecret') as { readonly data?: Readonly<Record<string, string>> };
  const current = Buffer.from(data?.DATABASE_URL ?? '', 'base64').toString();
  const given = (url: string) => {
    const urlSecret = { ...aUrlSecret(addon, url), immutable: true };
    return decide(observing(addon, { cluster, source, urlSecret }), 0);
  };

  it('that holds another URL is named, with the remedy, and no change is attempted', () => {
    const { conditions, ready, actions } = given('postgresql://app:old@db:5432/app');
    expect(conditions.CredentialsPublished).toMatchObject({
      reason: 'SecretImmutable',
      message: expect.stringMatching(/Secret app-.*-database-url is immutable .* delete the Secret/),
    });
    expect(ready.reason).toBe('SecretImmutable');
    expect(summary(actions).filter((action) => action.includes('urlSecret'))).toEqual([]);
    expect(rowOf('SecretImmutable').recheckSeconds).toBeGreaterThan(0);
  });

  it('that holds the current URL is as good as any', () => {
    expect(given(current).conditions.CredentialsPublished?.reason).toBe('Published');
  });
});

it('leaves the Secret with DATABASE_URL alone when it holds the URL, however long the password makes it', () => {
  const password = fc.oneof(
    fc.string({ unit: fc.constantFrom('x', '%', 'ä', '😀', "'", ' '), minLength: 1, maxLength: 500 }),
    fc.constantFrom('x'.repeat(1000), '%'.repeat(350), 'ä'.repeat(170), '€'.repeat(1024)),
  );
  fc.assert(
    fc.property(password, fc.boolean(), (secret, immutable) => {
      const source = { kind: 'found', object: aSource(cluster, { password: secret }) } as const;
      const { actions } = decide(observing(addon, { cluster, source }), 0);
      const { data } = manifestOf(actions, 'urlSecret') as { readonly data?: { readonly DATABASE_URL: string } };
      const url = Buffer.from(data?.DATABASE_URL ?? '', 'base64').toString();
      const held = (content: string) =>
        decide(observing(addon, { cluster, source, urlSecret: { ...aUrlSecret(addon, content), immutable } }), 0);
      expect(summary(held(url).actions)).toEqual([]);
      expect(held(url).conditions.CredentialsPublished?.reason).toBe('Published');
      expect(summary(held(`${url}x`).actions)).toEqual(immutable ? [] : ['apply Secret']);
    }),
  );
});
