// Which of the Secrets named <cluster>-app are the Cluster's, and what is said about the others.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import { rowOf } from '../../api/conditions.ts';
import type { OwnerReference, Secret } from '../../api/kubernetes.ts';
import { alterationOf } from '../alteration.ts';
import { decide } from '../decide.ts';
import type { Observed } from '../observed.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aSource,
  aUrlSecret,
  but,
  manifestOf,
  observing,
  summary,
  testTime,
  think,
} from '../testing.ts';

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

describe('without both Secrets', () => {
  const running = aRunningAddon({ plan: 'free' });
  const found = { kind: 'found', object: aSource(cluster) } as const;
  const unavailable = (retryAfterSeconds: number) => ({ kind: 'unavailable', retryAfterSeconds }) as const;
  /** The last read found the credentials to be invalid. */
  const doubtful: PostgresAddon = {
    ...running,
    status: {
      ...running.status,
      conditions: [
        {
          type: 'CredentialsPublished',
          status: 'False',
          reason: 'CredentialsInvalid',
          message: 'as it was',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    },
  };

  it.each<readonly [string, PostgresAddon, Partial<Observed>, string, number | undefined]>([
    ['what was published stays', running, {}, 'Published', undefined],
    ['what was published stays while one is not sent', running, { source: unavailable(0) }, 'Published', 10_000],
    ['what was invalid stays so', doubtful, {}, 'CredentialsInvalid', undefined],
    [
      'what was invalid stays so while one is not sent',
      doubtful,
      { source: unavailable(0) },
      'CredentialsInvalid',
      10_000,
    ],
    ['nothing is published', addon, {}, 'CredentialsPending', undefined],
    ['nothing is published while one is not sent', addon, { source: unavailable(0) }, 'CredentialsPending', 10_000],
    ['a missing permission is named', running, { source: { kind: 'denied', message: 'no' } }, 'Forbidden', undefined],
    ['the credentials are waited for', running, { source: { kind: 'absent' } }, 'CredentialsPending', undefined],
  ])('%s', (_, given, reads, reason, wait) => {
    const { conditions, status, actions, login, waitAtLeast } = decide(
      but(observing(given, { cluster }), reads),
      testTime,
    );
    expect(conditions.CredentialsPublished?.reason).toBe(reason);
    expect([actions, login, waitAtLeast]).toEqual([[], undefined, wait]);
    expect(status?.credentials).toEqual(given.status?.credentials);
  });

  it("the app's Secret alone is waited for as well", () => {
    const o = observing(running, { cluster, source: found, urlSecret: unavailable(0) });
    expect(decide(o, testTime)).toMatchObject({ actions: [], waitAtLeast: 10_000 });
  });

  it.each(['source', 'urlSecret'] as const)('%s is read again as late as it is told', (secret) => {
    const o = observing(running, { cluster, source: found, [secret]: unavailable(77) });
    expect(think(o).pace).toEqual({ kind: 'retry', atLeastMilliseconds: 77_000 });
  });
});

it('the first DATABASE_URL is published once the database is ready, and not before', () => {
  const source = { kind: 'found', object: aSource(cluster) } as const;
  const starting = aCluster(addon, { phase: 'Setting up primary', readyInstances: 0 });
  const early = decide(observing(addon, { cluster: starting, source }), testTime);
  expect(summary(early.actions)).toEqual([]);
  expect(early.conditions.CredentialsPublished?.reason).toBe('CredentialsPending');
  expect(summary(decide(observing(addon, { cluster, source }), testTime).actions)).toEqual(['create Secret']);
});

it('a Secret that was left behind with the Cluster is adopted, and any other is left alone', () => {
  const notes = { ...cluster.metadata.annotations, [annotations.formerUid]: 'former-uid' };
  const adopted = { ...cluster, metadata: { ...cluster.metadata, annotations: notes } };
  const source = { kind: 'found', object: aSource(cluster) } as const;
  const { ownerReferences: _, ...metadata } = aUrlSecret(addon, 'u').metadata;
  const actionsWith = (uid: string) => {
    const own = { ...metadata, labels: { ...metadata.labels, [labels.uid]: uid } };
    const urlSecret = { ...aUrlSecret(addon, 'u'), metadata: own };
    return decide(observing(addon, { cluster: adopted, source, urlSecret }), testTime).actions;
  };
  expect(summary(actionsWith('former-uid'))).toEqual(['apply Secret']);
  expect(manifestOf(actionsWith('former-uid'), 'urlSecret').metadata).toMatchObject({
    uid: 'url-uid',
    labels: { [labels.uid]: 'addon-uid' },
  });
  expect(actionsWith('yet-another')).toEqual([]);
});

it('a Secret that admission changes is written once, and then named', () => {
  const source = { kind: 'found', object: aSource(cluster) } as const;
  const urlSecret = aUrlSecret(addon, 'postgresql://changed');
  const o = observing(addon, { cluster, source, urlSecret });
  const { actions } = decide(o, testTime);
  expect(summary(actions)).toEqual(['apply Secret']);
  const verdict = alterationOf(manifestOf(actions, 'urlSecret'), urlSecret);
  if (verdict === undefined) throw new Error('nothing was altered');
  const known = { type: 'CredentialsPublished', status: 'False', ...verdict, observedGeneration: 1 } as const;
  const conditions = [{ ...known, lastTransitionTime: '2026-01-02T03:04:05Z' }];
  const again = decide(but(o, { addon: { ...addon, status: { ...addon.status, conditions } } }), testTime);
  expect(again.actions).toEqual([]);
  expect(again.conditions.CredentialsPublished).toEqual(verdict);
});

describe('a Secret with DATABASE_URL that is immutable, or of another type,', () => {
  const source = { kind: 'found', object: aSource(cluster) } as const;
  const { actions } = decide(observing(addon, { cluster, source }), 0);
  const { data } = manifestOf(actions, 'urlSecret') as { readonly data?: Readonly<Record<string, string>> };
  const current = Buffer.from(data?.DATABASE_URL ?? '', 'base64').toString();
  const given = (url: string, more: Partial<Secret> = { immutable: true }) => {
    const urlSecret = { ...aUrlSecret(addon, url), ...more };
    return decide(observing(addon, { cluster, source, urlSecret }), 0);
  };

  it('that holds another URL is named, with the remedy, and no change is attempted', () => {
    const { conditions, ready, actions } = given('postgresql://app:old@db:5432/app');
    expect(conditions.CredentialsPublished).toMatchObject({
      reason: 'SecretImmutable',
      message: expect.stringMatching(
        /Secret app-.*-database-url is immutable and does not hold the current DATABASE_URL; delete the Secret/,
      ),
    });
    expect(ready.reason).toBe('SecretImmutable');
    expect(actions).toEqual([]);
    expect(rowOf('SecretImmutable').recheckSeconds).toBeGreaterThan(0);
  });

  it('that has another type is named if it holds another URL', () => {
    const { conditions, actions } = given('postgresql://app:old@db:5432/app', { type: 'example.org/other' });
    expect([conditions.CredentialsPublished, actions]).toMatchObject([
      { reason: 'SecretImmutable', message: expect.stringContaining('has the type "example.org/other" instead of') },
      [],
    ]);
  });

  it.each([{ immutable: true }, { type: 'example.org/other' }])(
    'that holds the current URL is as good as any: %j',
    (more) => {
      expect(given(current, more).conditions.CredentialsPublished?.reason).toBe('Published');
    },
  );
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
