// A major upgrade of a database with backups: one before it, a lineage of its own after it, and nothing is claimed in between.
import { beforeAll, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import { providePostgresVersions, versionIn } from '../../../hack/install/postgres-versions.ts';
import type { AddonStatus } from '../../../src/api/addon.ts';
import { changesBy } from '../../harness/audit.ts';
import { conditionOf, isRunning } from '../../harness/views.ts';
import { openBucket, writersOf } from '../bucket.ts';
import { minutes, operatorUser, useReal } from '../real.ts';

const real = useReal();
const backup = { storeRef: { name: storeName } };
let namespace = '';
let [from, to] = ['', ''];

const backupOf = ({ status }: LiveObject): NonNullable<AddonStatus['backup']> =>
  (status as AddonStatus | undefined)?.backup ?? {};

beforeAll(async () => {
  const { upgrade } = await providePostgresVersions(real().cluster, () => undefined);
  [from, to] = [versionIn(upgrade.from), versionIn(upgrade.to)];
  namespace = await real().namespace('upgrade');
  await real().client.apply(storeSecret(real().cluster, namespace));
  await real().apply(namespace, 'shop', { plan: 'standard', version: from, backup });
  await openBucket(real(), namespace);
});

it('is held back until a base backup is completed, and begins a lineage that holds no WAL of the old server', async () => {
  const before = backupOf(await real().reason(namespace, 'shop', 'BackupReady', 'InForce'));
  await real().startApp(namespace, 'shop');
  await real().sql(namespace, 'shop', 'CREATE TABLE kept AS SELECT 42 AS answer');
  const mark = await real().audit.mark();
  const seen = real().addons.of(namespace, 'shop').length;
  await real().apply(namespace, 'shop', { plan: 'standard', version: to, backup });
  const upgraded = (state: LiveObject): boolean =>
    isRunning(state) && state.status?.version === to && conditionOf(state, 'BackupReady')?.reason === 'InForce';
  const after = backupOf(
    await real().addons.until(namespace, 'shop', 'the new version in force', upgraded, minutes(10)),
  );

  const course = real().addons.of(namespace, 'shop').slice(seen);
  const reasons = (type: string): readonly unknown[] => course.map((state) => conditionOf(state, type)?.reason);
  expect(reasons('PlanApplied')).toContain('UpgradeBackupPending');
  expect(reasons('BackupReady')).toContain('UpgradeBackupPending');
  // What the new server wrote is claimed only once there is a base backup of it.
  const levels = course
    .filter((state) => backupOf(state).serverName === after.serverName)
    .map((state) => backupOf(state).effective);
  expect(levels[0]).toBe('none');
  expect(levels.at(-1)).toBe('daily');

  expect(after.serverName).not.toBe(before.serverName);
  expect(after.lineages?.map(({ serverName, version }) => [serverName, version])).toEqual([
    [after.serverName, to],
    [before.serverName, from],
  ]);
  // The plugin removes the Backups of a lineage once the next one has begun, so what was written tells.
  const changes = changesBy(operatorUser, namespace, await real().audit.since(mark));
  const done = changes.filter(({ resource }) => /^(backups|clusters)$/.test(resource));
  const names = done.map(({ resource, name }) => (resource === 'backups' ? name : resource));
  expect(names).toEqual([
    expect.stringMatching(new RegExp(`^${before.serverName}-before-${to}-\\d+$`)),
    // The image, and once the data are upgraded the name of the lineage.
    'clusters',
    'clusters',
    `${after.serverName}-first`,
  ]);

  const lineage = (name: string | undefined): string => `${after.destinationPath}/${name}`;
  const [old, present] = [
    await writersOf(real(), namespace, lineage(before.serverName)),
    await writersOf(real(), namespace, lineage(after.serverName)),
  ];
  expect([old.length, present.length]).toEqual([1, 1]);
  expect(present).not.toEqual(old);
  expect(await real().sql(namespace, 'shop', 'SELECT answer FROM kept')).toBe('42');
});
