// Which database of a deleted addon the next one with its name adopts, and what it takes with it.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, annotations, labels } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import {
  anAddon,
  aRunningAddon,
  but,
  childIn,
  observing,
  observingAll,
  summary,
  testPlatform,
  think,
} from '../testing.ts';

const former = aRunningAddon({ mode: 'protected' });
/** What the earlier addon left behind. */
const left = observingAll({ ...former, metadata: { ...former.metadata, uid: 'former-uid' } }, 'postgresql://a');
const cluster = childIn(left, 'cluster');
type More = NonNullable<Parameters<typeof observing>[1]>;

/** The next addon finds it. */
function adopting(more: More = {}, spec: Partial<AddonSpec> = {}) {
  const addon = anAddon(spec);
  return think(but(left, { addon, live: { kind: 'found', object: addon }, ...more }));
}
const withLabel = <T extends KubeObject>(child: T, label: string, value: string): T => {
  return { ...child, metadata: { ...child.metadata, labels: { ...child.metadata.labels, [label]: value } } };
};
const backup = childIn(left, 'scheduledBackup');
const secret = childIn(left, 'urlSecret');
const denied = { kind: 'denied', message: 'no permission' } as const;

describe('an adoption', () => {
  it.each<readonly [string, More, readonly string[]]>([
    ['takes what belongs to the database', {}, ['apply Cluster', 'apply ScheduledBackup', 'apply Secret']],
    [
      'leaves a ScheduledBackup of another database',
      { scheduledBackup: withLabel(backup, labels.uid, 'yet-another') },
      ['apply Cluster', 'apply Secret'],
    ],
    [
      'leaves a ScheduledBackup of another addon',
      { scheduledBackup: withLabel(backup, labels.name, 'next') },
      ['apply Cluster', 'apply Secret'],
    ],
    [
      'leaves a Secret of another addon',
      { urlSecret: withLabel(secret, labels.name, 'next') },
      ['apply Cluster', 'apply ScheduledBackup'],
    ],
    ['does not wait for backups that it may not see', { scheduledBackup: denied }, ['apply Cluster', 'apply Secret']],
  ])('%s', (_, more, expected) => expect(summary(adopting(more).actions)).toEqual(expected));

  it('by a protected addon puts the finalizer on it first', () => {
    const { actions } = adopting({}, { mode: 'protected' });
    expect(summary(actions)).toEqual(['apply PostgresAddon', 'apply Cluster', 'apply ScheduledBackup', 'apply Secret']);
  });

  it('waits until it may see the Secret', () => {
    const { actions, decision } = adopting({ urlSecret: denied });
    expect(actions).toEqual([]);
    expect(decision.ready).toEqual({ reason: 'Forbidden', message: 'no permission' });
  });

  it('of a Cluster that was not made by initdb is refused: what is in it is not known', () => {
    const { bootstrap: _, ...spec } = cluster.spec;
    const { actions, decision } = adopting({ cluster: { ...cluster, spec } });
    expect(actions).toEqual([]);
    expect(decision.ready).toMatchObject({ reason: 'AdoptionRefused' });
  });

  it('of backups alone is refused, and a new database is created', () => {
    const addon = anAddon();
    const { actions, decision } = think(observing(addon, { scheduledBackup: backup, urlSecret: { kind: 'absent' } }));
    expect(summary(actions)).toEqual(['create Cluster']);
    expect(decision.conditions.BackupReady?.reason).toBe('AdoptionRefused');
  });
});

describe('an adoption with a version', () => {
  const ran = (tag: string | undefined, status: Partial<Cluster['status']>, isReady = true): Cluster => {
    const { imageName: _, ...spec } = cluster.spec;
    const image = tag === undefined ? {} : { imageName: testPlatform.imagePattern.replace('{version}', tag) };
    const notes = isReady ? { [annotations.readyAt]: '2025-12-01T00:00:00Z' } : {};
    const metadata = { ...cluster.metadata, annotations: notes };
    return { ...cluster, metadata, spec: { ...spec, ...image }, status: { ...cluster.status, ...status } };
  };

  it.each<readonly [string, Cluster, string, boolean]>([
    ['the one that runs', ran('17.4', { dataMajor: 17 }), '17.4', true],
    ['a higher one', ran('17.4', { dataMajor: 17 }), '18', true],
    ['a lower one', ran('17.4', { dataMajor: 17 }), '17.2', false],
    ['a lower one, if CNPG does not say what is on the disk', ran('17.4', {}), '17.2', false],
    ['a lower minor one of a database that never ran', ran('17.4', { dataMajor: 17 }, false), '17.2', true],
    ['a lower major one of a database that never ran', ran('17.4', { dataMajor: 17 }, false), '16', false],
    ['that of the files during a major upgrade', ran('18', { dataMajor: 17 }), '17', true],
    ['a lower one during a major upgrade', ran('18', { dataMajor: 17 }), '16', false],
    ['any, if nothing is known of what runs', ran(undefined, {}), '16', true],
    ['a lower one, if only the files tell', ran(undefined, { dataMajor: 17 }), '16', false],
  ])('%s', (_, live, version, isAdopted) => {
    const { actions, decision } = adopting({ cluster: live }, { version });
    expect(summary(actions).includes('apply Cluster')).toBe(isAdopted);
    expect(decision.ready.reason).toBe(isAdopted ? 'Adopting' : 'AdoptionRefused');
  });
});
