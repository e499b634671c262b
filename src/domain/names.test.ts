import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  clusterName,
  clusterOfScheduledBackup,
  cut,
  scheduledBackupName,
  sourceSecretName,
  urlSecretName,
  volumeOf,
} from './names.ts';

describe('pinned names', () => {
  it('are unchanged if they are short enough', () => {
    expect(clusterName('team-a', 'shop')).toBe('db-team-a-shop');
    expect(clusterName('a'.repeat(18), 'b'.repeat(18))).toBe(`db-${'a'.repeat(18)}-${'b'.repeat(18)}`);
    expect(urlSecretName('shop')).toBe('app-shop-database-url');
    expect(urlSecretName('x'.repeat(63))).toBe(`app-${'x'.repeat(63)}-database-url`);
    expect(sourceSecretName('db-team-a-shop')).toBe('db-team-a-shop-app');
    expect(scheduledBackupName('db-team-a-shop')).toBe('db-team-a-shop-daily');
    expect(clusterOfScheduledBackup('a-daily-daily')).toBe('a-daily');
    expect(clusterOfScheduledBackup('nightly')).toBe('nightly');
  });

  it('are cut with a hash of the whole name', () => {
    expect(urlSecretName('x'.repeat(300))).toHaveLength(253);
    expect(clusterName('engineering-platform', 'customer-relations')).toBe('db-engineering-platform-custome-2b7bb09c');
    expect(cut(`${'a'.repeat(31)}${'-'.repeat(20)}`, 40)).toMatch(/^a{31}-[0-9a-f]{8}$/);
  });
});

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);

it('every Cluster name is a DNS-1035 label of at most 40 characters', () => {
  fc.assert(
    fc.property(label, label, (tenant, app) => {
      const name = clusterName(tenant, app);
      return name.length <= 40 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name);
    }),
  );
});

it('two long names with the same beginning do not collide', () => {
  fc.assert(
    fc.property(label, label, (a, b) => a === b || cut('x'.repeat(60) + a, 40) !== cut('x'.repeat(60) + b, 40)),
  );
});

it.each([
  ['db-a-1', 'data'],
  ['db-a-12', 'data'],
  ['db-a-1-wal', 'other'],
  ['db-a-1-tbs-archive', 'other'],
  ['db-a-1-copy', undefined],
  ['db-a-copy', undefined],
  ['db-a-x-1', undefined],
  ['db-ab-1', undefined],
  ['my-db-a-1', undefined],
  ['my-a-1', undefined],
  ['db-a', undefined],
])('the volume claim %s of db-a keeps %s', (claim, kept) => expect(volumeOf('db-a', claim)).toBe(kept));
