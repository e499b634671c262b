// Assigns objects to Clusters by their names.
import { describe, expect, it } from '@jest/globals';
import { instanceOf, jobOf } from './preparation.ts';

describe('instanceOf', () => {
  it.each([
    ['db-a', 'db-a-1', 'db-a-1'],
    ['db-a', 'db-a-12-wal', 'db-a-12'],
    ['db-a', 'db-a-1-initdb-x7k2p', 'db-a-1'],
    ['db-a', 'db-a-b-1', undefined],
    ['db-a', 'db-a-1x', undefined],
    ['db-a', 'db-ab-1', undefined],
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
