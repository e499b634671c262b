// What is read from the API server before a decision: nothing without a reason, and everything that the decision depends on.
import { expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon, protectionFinalizer } from '../api/addon.ts';
import type { Condition, KubeObject, ObjectMeta } from '../api/kubernetes.ts';
import { type Needs, needs } from './needs.ts';
import type { Observed } from './observed.ts';
import {
  aCluster,
  altering,
  anAddon,
  aRunningAddon,
  aScheduledBackup,
  aUrlSecret,
  but,
  changed,
  observing,
  testPlatform,
  testTime,
} from './testing.ts';

const withMetadata = <T extends KubeObject>(object: T, metadata: Partial<ObjectMeta>): T => ({
  ...object,
  metadata: { ...object.metadata, ...metadata },
});
const running = aRunningAddon();
const cluster = aCluster(running);
const quiet = observing(running, { cluster, scheduledBackup: aScheduledBackup(running) });
const fresh = anAddon();
const unpublished = observing(fresh, { cluster: aCluster(fresh), scheduledBackup: aScheduledBackup(fresh) });
const given = (addon: PostgresAddon, o: Observed = quiet): Observed => but(o, { addon });
const deleted = (addon: PostgresAddon, ...finalizers: readonly string[]): PostgresAddon =>
  withMetadata(addon, { deletionTimestamp: '2026-01-03T00:00:00Z', finalizers });
const guarded = (addon: PostgresAddon): PostgresAddon => withMetadata(addon, { finalizers: [protectionFinalizer] });
const previewing = (addon: PostgresAddon, plan: string): PostgresAddon =>
  withMetadata(addon, { annotations: { [annotations.preview]: plan } });

/** With another last verdict on the credentials. */
function saying(addon: PostgresAddon, reason: string): PostgresAddon {
  const others = (addon.status?.conditions ?? []).filter(({ type }) => type !== 'CredentialsPublished');
  const lastTransitionTime = '2026-01-02T03:04:05Z';
  const last: Condition = { type: 'CredentialsPublished', status: 'False', reason, message: '', lastTransitionTime };
  return { ...addon, status: { ...addon.status, conditions: [...others, last] } };
}

const protectedOne = guarded(aRunningAddon({ mode: 'protected' }));
const sheltered = observing(protectedOne, {
  cluster: aCluster(protectedOne),
  scheduledBackup: aScheduledBackup(protectedOne),
});
const leftBehind = { ...aCluster(protectedOne).metadata.labels, [labels.uid]: 'former-uid' };
const secrets = { source: true, unwatched: true };
const both = { ...secrets, secretsMayFail: true };
const required = { ...testPlatform, connectionCheck: 'Required' } as const;
const pro = anAddon({ plan: 'pro' });
const single = aCluster(pro, { readyInstances: 1 });
const { instances: _, ...unsized } = single.spec;
const capped = { ...single, spec: { ...single.spec, instances: 1 } };
const defaulted = { ...single, spec: unsized };

it.each<readonly [string, Observed, Partial<Needs>]>([
  ['nothing for an addon that rests', quiet, {}],
  [
    'nothing for an addon of another installation',
    but(quiet, { platform: { ...testPlatform, operator: 'b' }, resync: true }),
    {},
  ],
  ['the Secret that an addon left behind', but(quiet, { gone: true }), { unwatched: true }],
  ['nothing for a deletion that the garbage collector carries out', given(deleted(running)), {}],
  [
    'every child before it is released',
    given(deleted(protectedOne, protectionFinalizer)),
    { unwatched: true, watched: true },
  ],
  ['the Secret that stays', given(deleted(protectedOne, 'others.dev/wait')), { unwatched: true }],
  ['the Secret that is orphaned', given(deleted(running, 'orphan')), { unwatched: true }],
  [
    'nothing while suspended, also at a check-up',
    but(given(changed(running, { suspend: true })), { resync: true }),
    {},
  ],
  [
    'the volumes for a preview while suspended',
    given(previewing(changed(running, { suspend: true }), 'pro')),
    { volumes: true },
  ],
  ['the volumes for a preview of a larger plan', given(previewing(running, 'pro')), { volumes: true }],
  ['nothing for a preview of a smaller plan', given(previewing(running, 'free')), {}],
  [
    'nothing of a disk whose size cannot be read, while the database is not ready',
    but(quiet, {
      cluster: { ...aCluster(running, { readyInstances: 0 }), spec: { ...cluster.spec, storage: { size: 'much' } } },
    }),
    {},
  ],
  [
    'the addon and the Secret before an adoption',
    but(sheltered, { addon: fresh, cluster: withMetadata(aCluster(protectedOne), { labels: leftBehind }) }),
    { live: true, unwatched: true },
  ],
  ['nothing before the first creation', observing(fresh), {}],
  ['the addon before a creation without an owner', observing(guarded(anAddon({ mode: 'protected' }))), { live: true }],
  ['nothing for a plan that does not exist', given(changed(running, { plan: 'gold' as 'pro' })), {}],
  ["CNPG's Secret for the first publication", unpublished, { source: true, secretsMayFail: true }],
  ['the Secrets if the first publication found a problem', given(saying(fresh, 'NameConflict'), unpublished), both],
  [
    'the Secrets of a database that was adopted, and its volumes',
    but(unpublished, {
      cluster: withMetadata(aCluster(fresh), { annotations: { [annotations.formerUid]: 'former-uid' } }),
    }),
    { ...both, volumes: true },
  ],
  [
    'every child, and none may fail, when protection ends before the first publication',
    given(guarded(fresh), unpublished),
    { ...secrets, watched: true },
  ],
  [
    'nothing while the first instances start',
    but(unpublished, { cluster: aCluster(fresh, { readyInstances: 0 }) }),
    {},
  ],
  ['nothing while an instance of the plan is missing', but(given(pro, unpublished), { cluster: capped }), {}],
  [
    'the credentials once the instances that admission allows are ready',
    but(given(altering(pro, capped), unpublished), { cluster: capped }),
    { source: true, secretsMayFail: true },
  ],
  [
    'the credentials once the instance is ready that is left of a plan',
    but(given(altering(pro, defaulted), unpublished), { cluster: defaulted }),
    { source: true, secretsMayFail: true },
  ],
  ['the Secrets at a check-up', but(quiet, { resync: true }), both],
  ['the Secrets after a problem', given(saying(running, 'NameConflict')), both],
  ['the Secrets while they are waited for', given(saying(running, 'CredentialsPending')), both],
  [
    'nothing of what is waited for while the database is not ready',
    but(given(saying(running, 'CredentialsPending')), { cluster: aCluster(running, { readyInstances: 0 }) }),
    {},
  ],
  [
    'the Secrets after a change of the password',
    but(quiet, { cluster: aCluster(running, { applicationSecretVersion: '31' }) }),
    both,
  ],
  ['the Secrets after a change of the spec', given(changed(running, {})), both],
  [
    'the Secrets if somebody removed the finalizer',
    given(withMetadata(protectedOne, { finalizers: [] }), sheltered),
    both,
  ],
  ['the Secrets for a login', but(quiet, { platform: required }), both],
  ['every child, and none may fail, when protection ends', given(guarded(running)), { ...secrets, watched: true }],
  [
    'all that changes hands, and no Secret may fail',
    but(quiet, { resync: true, urlSecret: withMetadata(aUrlSecret(running, 'u'), { ownerReferences: [] }) }),
    { ...secrets, live: true },
  ],
])('%s is read', (__, observed, expected) => {
  const nothing = {
    source: false,
    authority: false,
    unwatched: false,
    secretsMayFail: false,
    volumes: false,
    live: false,
    watched: false,
    facts: false,
    backups: false,
    drillSource: false,
    drillFacts: false,
    drillRoom: false,
    redaction: false,
  };
  expect(needs(observed, testTime)).toEqual({ ...nothing, ...expected });
});
