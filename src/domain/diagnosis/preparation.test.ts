// Assigns objects to Clusters by their names, and tells what a Job says of the instance that it prepares.
import { describe, expect, it } from '@jest/globals';
import { projectPod } from '../../api/workload.ts';
import { failedAgain, instanceOf, jobOf, refusedInstance } from './preparation.ts';

describe('instanceOf', () => {
  it.each([
    ['db-a', 'db-a-1', 'db-a-1'],
    ['db-a', 'db-a-12-wal', 'db-a-12'],
    ['db-a', 'db-a-1-initdb-x7k2p', 'db-a-1'],
    ['db-a', 'db-a-b-1', undefined],
    ['db-a', 'db-a-1x', undefined],
    ['db-a', 'db-ab-1', undefined],
    ['db-a', 'db-b-1', undefined],
    ['db-a', 'db-a', undefined],
    ['db-a', 'db-a-', undefined],
  ])('%s: %s', (cluster, object, instance) => expect(instanceOf(cluster, object)).toBe(instance));
});

describe('jobOf', () => {
  it.each([
    ['db-a', 'db-a-1-initdb', 'db-a-1'],
    ['db-a', 'db-a-2-snapshot-recovery', 'db-a-2'],
    ['db-a', 'db-a-1', undefined],
    // Of Cluster db-a-1.
    ['db-a', 'db-a-1-1-initdb', undefined],
    ['db-a-1', 'db-a-1-1-initdb', 'db-a-1-1'],
    // Of Cluster db-a-1-x.
    ['db-a', 'db-a-1-x-1-initdb', undefined],
  ])('%s: %s', (cluster, job, instance) => expect(jobOf(cluster, job)).toBe(instance));
});

describe('failedAgain', () => {
  /** Named after its owner: a letter for a Job, and the second in which it was created. */
  const aPod = (name: string, phase: string, reason = '', kind = 'Job') => {
    const [owner = '', second = ''] = name;
    const ownerReferences = [{ kind, name: owner, uid: owner, controller: true }];
    const creationTimestamp = `2026-01-02T03:04:0${second}Z`;
    return projectPod({ metadata: { name, creationTimestamp, ownerReferences }, status: { phase, reason } });
  };

  it.each([
    ['one that failed', [aPod('a1', 'Failed')], []],
    ['two that failed', [aPod('a1', 'Failed'), aPod('a2', 'Failed')], ['a2', 'a1']],
    ['two that failed, in another order', [aPod('a2', 'Failed'), aPod('a1', 'Failed')], ['a2', 'a1']],
    ['two of the same second', [aPod('a1x', 'Failed'), aPod('a1y', 'Failed')], ['a1x', 'a1y']],
    ['two of different Jobs', [aPod('a1', 'Failed'), aPod('b2', 'Failed')], []],
    ['one that failed and one that runs', [aPod('a1', 'Failed'), aPod('a2', 'Running')], []],
    ['one that failed and one that was evicted', [aPod('a1', 'Failed'), aPod('a2', 'Failed', 'Evicted')], []],
    ['a Job that succeeded after all', [aPod('a1', 'Failed'), aPod('a2', 'Failed'), aPod('a3', 'Succeeded')], []],
    ['two of a Cluster', [aPod('a1', 'Failed', '', 'Cluster'), aPod('a2', 'Failed', '', 'Cluster')], []],
  ])('%s', (_, pods, names) => expect(failedAgain(pods).map(({ name }) => name)).toEqual(names));
});

describe('refusedInstance', () => {
  it.each([
    ['Job', 'FailedCreate', 'db-a-1'],
    ['Job', 'BackoffLimitExceeded', undefined],
    ['Pod', 'FailedCreate', undefined],
  ])('from an Event on a %s with the reason %s: %s', (kind, reason, instance) => {
    expect(refusedInstance('db-a', { kind, reason, name: 'db-a-1-initdb' })).toBe(instance);
  });
});
