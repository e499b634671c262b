// The base backups that the operator makes: the wait between attempts, their names, and what is written.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../../api/addon.ts';
import { aCluster, anAddon, testTime } from '../testing.ts';
import { attemptName, buildBackup, untilAttempt } from './first-backup.ts';

const cluster = aCluster(anAddon());
const minute = 60_000;
const ago = (milliseconds: number): string => new Date(testTime - milliseconds).toISOString();
const failed = (backup?: string, time: string | undefined = ago(0)): PostgresAddon =>
  anAddon({}, { backup: { lastFailure: { ...(backup !== undefined && { backup }), time } } });

describe('an attempt', () => {
  it.each([
    [undefined, 'db-first'],
    ['db-first', 'db-first-2'],
    ['db-first-2', 'db-first-3'],
    ['db-first-99', 'db-first-100'],
    ['db-before-18-2', 'db-first'],
    ['db-first-x', 'db-first'],
    ['db-now-4', 'db-first'],
    ['xy-first-2', 'db-first'],
  ])('after the failure of %s is %s', (last, name) => {
    expect(attemptName(failed(last), 'db-first')).toBe(name);
  });

  it.each([
    [undefined, 0],
    ['db-first', minute],
    ['db-first-2', 2 * minute],
    ['db-first-6', 32 * minute],
    ['db-first-7', 60 * minute],
    ['db-first-999', 60 * minute],
    ['db-before-18-2', 0],
  ])('after the failure of %s waits for %d milliseconds', (last, wait) => {
    expect(untilAttempt(failed(last), 'db-first', cluster, testTime)).toBe(wait);
    expect(untilAttempt(failed(last, ago(10_000)), 'db-first', cluster, testTime)).toBe(Math.max(0, wait - 10_000));
  });

  it.each([
    ['longer ago than the wait', ago(2 * minute)],
    ['at a time that nobody can read', 'nonsense'],
  ])('does not wait for a failure %s', (_, time) => {
    expect(untilAttempt(failed('db-first', time), 'db-first', cluster, testTime)).toBe(0);
  });

  it.each([
    ['works again since the failure', 'True', ago(9_999), 0],
    ['worked before the failure too', 'True', ago(10_000), minute - 10_000],
    ['works since nobody knows when', 'True', '', minute - 10_000],
    ['fails since then', 'False', ago(9_999), minute - 10_000],
  ])('waits as it should if archiving %s', (_, status, lastTransitionTime, wait) => {
    const archiving = { status, reason: '', message: '', lastTransitionTime };
    const seen = { ...cluster, status: { ...cluster.status, archiving } };
    expect(untilAttempt(failed('db-first', ago(10_000)), 'db-first', seen, testTime)).toBe(wait);
  });
});

it('a Backup goes with its Cluster, and is made of the primary by the plugin', () => {
  const { metadata, spec } = buildBackup(anAddon(), cluster, 'db-first');
  expect(metadata).toMatchObject({ name: 'db-first', namespace: 'team-a', labels: cluster.metadata.labels });
  expect(metadata.ownerReferences).toEqual([
    { apiVersion: cluster.apiVersion, kind: 'Cluster', name: cluster.metadata.name, uid: 'cluster-uid' },
  ]);
  expect(spec).toEqual({
    cluster: { name: cluster.metadata.name },
    method: 'plugin',
    pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' },
    target: 'primary',
  });
});
