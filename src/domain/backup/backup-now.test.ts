// A base backup that somebody asks for, beside what requested-backup.test.ts tells of the rounds.
import { describe, expect, it } from '@jest/globals';
import { type AddonStatus, annotations } from '../../api/addon.ts';
import type { Backup } from '../../api/cnpg.ts';
import { cut } from '../../api/text.ts';
import type { ActionResult } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { situationOf } from '../situation.ts';
import {
  aCluster,
  anAddon,
  anObjectStore,
  archivingBelow,
  aStore,
  aTarget,
  observing,
  testPlatform,
  testTime,
} from '../testing.ts';
import { type BackupNow, backupNow, requestNotReady, withRefusedRequest } from './backup-now.ts';

const platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };
const absent = { kind: 'absent' } as const;
const endTime = '2026-01-02T03:04:05Z';

/** What follows from a request, of a database that has a base backup. @param last `status.backup.now` */
function ask(request: string, backup: Observed['backup'] = absent, last?: BackupNow, cannot?: string) {
  const addon = anAddon({}, { backup: last === undefined ? {} : { now: last } });
  const metadata = { ...addon.metadata, annotations: { [annotations.backupNow]: request } };
  const o = observing(
    { ...addon, metadata },
    {
      cluster: archivingBelow(aCluster(addon), 'db-1'),
      objectStore: anObjectStore(addon, { 'db-1': { firstRecoverabilityPoint: '2026-01-01T00:00:00Z' } }),
      platform,
      backup,
    },
  );
  return backupNow(situationOf(o), aTarget(o), cannot, testTime);
}

describe('a request', () => {
  it('is recorded with 100 characters, and is the same one then', () => {
    const long = 'x'.repeat(500);
    const { now } = ask(long);
    expect(now?.request).toBe(cut(long, 100));
    expect(ask(long, absent, { request: cut(long, 100), result: 'Completed' }).actions).toEqual([]);
  });

  it('is refused while an instance is not ready', () => {
    const message = requestNotReady;
    expect(ask('one', absent, undefined, message)).toEqual({
      actions: [],
      now: { request: 'one', result: 'Refused', message, endTime },
    });
  });

  it('is refused if its Backup may not be read, with the reason', () => {
    const { actions, now } = ask('one', { kind: 'denied', message: 'no' });
    expect([actions, now]).toEqual([[], { request: 'one', result: 'Refused', message: 'no', endTime }]);
  });

  it.each([{ kind: 'unread' }, { kind: 'unavailable', retryAfterSeconds: 5 }] as const)(
    'waits until it is known whether it has its Backup: %j',
    (backup) => {
      const last: BackupNow = { request: 'zero', result: 'Completed' };
      expect(ask('one', backup, last)).toEqual({ actions: [], now: last });
    },
  );
});

describe('a request that runs', () => {
  const running: BackupNow = { request: 'one', result: 'Running', backup: 'b', startTime: '2026-01-02T03:00:00Z' };
  const found = (name: string, status: Backup['status']): Observed['backup'] => ({
    kind: 'found',
    object: {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Backup',
      metadata: { name, namespace: 'team-a', uid: 'b-uid', resourceVersion: '1' },
      status,
    },
  });

  it.each<readonly [string, Observed['backup'], Partial<BackupNow>]>([
    ['as long as its Backup is not read', { kind: 'unread' }, {}],
    ['as long as another one is read', found('other', { phase: 'completed' }), {}],
    ['until its Backup is gone', absent, { result: 'Failed', endTime, message: 'Backup b no longer exists' }],
    [
      'until its Backup has failed',
      found('b', { phase: 'failed' }),
      { result: 'Failed', message: 'no reason given', endTime },
    ],
    ['until its Backup is completed', found('b', { phase: 'completed' }), { result: 'Completed', endTime }],
  ])('runs %s', (_, read, end) => {
    expect(ask('one', read, running)).toEqual({ actions: [], now: { ...running, ...end } });
  });

  it.each([
    ['says that of another one that is refused', found('b', { phase: 'started' }), /^the request "two" was refused/],
    ['says so still once it is completed', found('b', { phase: 'completed' }), /^the request "two" was refused/],
    ['says why it failed itself instead', found('b', { phase: 'failed', error: 'no space' }), /^no space$/],
  ] as const)('%s', (_, read, message) => {
    const before: BackupNow = { ...running, refused: 'before', message: 'the request "before" was refused' };
    for (const last of [running, before]) {
      const { now } = ask('two', read, last);
      expect(now).toMatchObject({ request: 'one', refused: 'two', message: expect.stringMatching(message) });
    }
  });

  const backup: AddonStatus['backup'] = { requested: 'daily', now: running };
  const refusing = (verb: 'create' | 'delete', child: 'backup' | 'scheduledBackup'): ActionResult => ({
    refusals: [{ reason: 'Refused', message: 'no', verb, child, concern: 'backup' }],
  });

  it('is refused if its Backup cannot be made', () => {
    expect(withRefusedRequest(backup, refusing('create', 'backup'), testTime)).toEqual({
      requested: 'daily',
      now: { request: 'one', result: 'Refused', message: 'no', endTime },
    });
  });

  it.each([
    ['create', 'scheduledBackup'],
    ['delete', 'backup'],
  ] as const)('goes on if the API server refuses to %s a %s', (verb, child) => {
    expect(withRefusedRequest(backup, refusing(verb, child), testTime)).toBe(backup);
  });
});
