import { expect, it } from '@jest/globals';
import { aCluster, anAddon } from '../testing.ts';
import { judgeFailure } from './failure.ts';

const cluster = aCluster(anAddon());

// The messages are those of plugin 0.14.
it.each([
  [
    'rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-wal-archive: exit status 2',
    'StoreUnreachable',
  ],
  [
    'rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-wal-archive: exit status 4',
    'StoreRefused',
  ],
  ['rpc error: code = Unknown desc = exit status 1', 'ArchivingFailing'],
  ['rpc error: code = Unknown desc = exit status 3', 'ArchivingFailing'],
  [
    'rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-wal-archive: exit status 1',
    'ArchiveNotEmpty',
  ],
  [
    'rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-check-wal-archive: exit status 1',
    'ArchiveNotEmpty',
  ],
  [
    'rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-check-wal-archive: exit status 4',
    'StoreRefused',
  ],
  ['rpc error: code = Unknown desc = signal: killed', 'BackupOutOfMemory'],
  ['exit status 137', 'BackupOutOfMemory'],
  [
    'rpc error: code = Unavailable desc = error reading from server: EOF; container plugin-barman-cloud: OOMKilled',
    'BackupOutOfMemory',
  ],
  ['rpc error: code = Unavailable desc = error reading from server: EOF', 'ArchivingFailing'],
  ['secrets "backup-credentials" not found', 'ArchivingFailing'],
  ['exit status 24', 'ArchivingFailing'],
  ['exit status 2: no such thing', 'ArchivingFailing'],
])('%s: %s', (message, reason) => {
  const verdict = judgeFailure('WAL is not archived', message, cluster, 's3://a/b', 'ArchivingFailing');
  expect(verdict.reason).toBe(reason);
  expect(verdict.message).toMatch(/^WAL is not archived: /);
  expect(verdict.message).toContain(message);
});

it.each(['exit status 4', 'exit status 1'])('of %s, the message says where the reason is', (end) => {
  const { message } = judgeFailure('x', end, cluster, 's3://a/b', 'BackupFailed');
  expect(message).toContain(
    `kubectl logs --namespace team-a ${cluster.status.currentPrimary} --container plugin-barman-cloud`,
  );
});

it.each(['secrets "backup-credentials" not found', 'exit status 3'])('of %s, the message names no log', (end) => {
  expect(judgeFailure('x', end, cluster, 's3://a/b', 'BackupFailed').message).toBe(`x: ${end}`);
});

it('of an archive that is not empty, the message says where it is', () => {
  const message = 'unexpected failure invoking barman-cloud-check-wal-archive: exit status 1';
  expect(judgeFailure('x', message, cluster, 's3://a/b', 'ArchivingFailing').message).toContain(' below s3://a/b ');
});
