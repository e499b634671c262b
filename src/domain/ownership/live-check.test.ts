// What has to be confirmed by the API server before an object changes hands or is created without an owner, and what is done meanwhile.
import { describe, expect, it } from '@jest/globals';
import { type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import type { Observed } from '../observed.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, aScheduledBackup, observing } from '../testing.ts';
import { checkLive, needsLiveCheck } from './live-check.ts';

const bare = anAddon({ mode: 'protected' });
const guarded: PostgresAddon = { ...bare, metadata: { ...bare.metadata, finalizers: [protectionFinalizer] } };
const scheduledBackup = aScheduledBackup(guarded);

describe('a protected addon', () => {
  it.each<readonly [string, Observed, boolean]>([
    ['without a Cluster is read', observing(guarded), true],
    ['without a Cluster is read, whatever else it has', observing(guarded, { scheduledBackup }), true],
    ['with its Cluster is not', observing(guarded, { cluster: aCluster(guarded), scheduledBackup }), false],
    ['is not before it has the finalizer, whose write confirms it', observing(bare), false],
  ])('%s', (_, observed, expected) => expect(needsLiveCheck(situationOf(observed))).toBe(expected));

  it.each<readonly [string, Observed['live'], string | undefined]>([
    ['may not be read', { kind: 'denied', message: 'no' }, 'Forbidden'],
    ['was not read yet', { kind: 'unread' }, 'Adopting'],
    ['no longer exists', { kind: 'absent' }, 'Adopting'],
    [
      'is another one',
      { kind: 'found', object: { ...guarded, metadata: { ...guarded.metadata, uid: 'b' } } },
      'Adopting',
    ],
    [
      'is being deleted',
      { kind: 'found', object: { ...guarded, metadata: { ...guarded.metadata, deletionTimestamp: 'now' } } },
      'Adopting',
    ],
    ['is confirmed', { kind: 'found', object: guarded }, undefined],
  ])('that %s', (_, live, reason) => expect(checkLive(situationOf(observing(guarded, { live })))?.reason).toBe(reason));
});
