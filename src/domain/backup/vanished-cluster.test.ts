// A Cluster that vanished although nobody deleted the addon, round by round.
import { describe, expect, it } from '@jest/globals';
import { annotations, type PostgresAddon, projectAddon, protectionFinalizer } from '../../api/addon.ts';
import { needs } from '../needs.ts';
import { withReadyAt } from '../recorded.ts';
import { anAddon, changed, refusing, summary, testPlatform, testTime, think } from '../testing.ts';
import { transitions } from '../transitions.ts';
import { serverNameOf } from './archive.ts';
import {
  backupOf,
  completes,
  created,
  inForce,
  look,
  noBackup,
  reasonOf,
  round,
  settles,
  type World,
} from './testing.ts';

describe('a Cluster that vanished although nobody deleted the addon', () => {
  const ran = (world: World): World => ({ ...world, addon: withReadyAt(world.addon, '2026-01-02T03:04:00Z') });
  const before = ran(inForce());
  const lineage = serverNameOf(before.cluster) ?? '';
  const vanish = (world: World): World => ({ ...world, cluster: undefined });
  const gone = vanish(before);
  const asking = (world: World, value: string): World => ({
    ...world,
    addon: {
      ...world.addon,
      metadata: { ...world.addon.metadata, annotations: { [annotations.startEmpty]: value } },
    },
  });
  const readyOf = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'Ready');

  it('is not replaced by an empty one while its backups can be restored, and both remedies are named', () => {
    const missing = round(gone);
    // The schedule would make a Backup that waits for the next Cluster.
    expect(missing.wrote).toEqual(['apply ScheduledBackup']);
    expect(missing.scheduledBackup?.spec.suspend).toBe(true);
    expect(readyOf(missing)).toMatchObject({ status: 'False', reason: 'ClusterMissing' });
    for (const words of [
      `object store "main", s3://backups/team-a, server name ${lineage}`,
      'with spec.mode standard, which leaves the backups, and create it again with spec.restore.from.archive',
      `${annotations.startEmpty}=${lineage}`,
      '--cascade=orphan',
    ])
      expect(readyOf(missing)?.message).toContain(words);
    expect(readyOf(missing)?.message.length).toBeLessThan(1024);
    const { status } = missing.addon;
    expect(status?.conditions?.find(({ type }) => type === 'Stalled')?.reason).toBe('ClusterMissing');
    expect(status?.conditions?.filter((one) => one.status === 'True').map(({ type }) => type)).toEqual(['Stalled']);
    expect(transitions(before.addon.status, status ?? {})).toMatchObject([
      { type: 'Warning', reason: 'ClusterMissing' },
    ]);
    expect([status?.phase, status?.ready_at]).toEqual(['provisioning', before.addon.status?.ready_at]);
    expect(round(missing).wrote).toEqual([]);
    expect(round(missing).addon.status).toEqual(status);
  });

  it('keeps its lineage in status, which claims no more than what can be restored', () => {
    const { status } = round(gone).addon;
    const { archiving: _, nextTime: __, ...kept } = backupOf(before) ?? {};
    expect(status?.backup).toEqual({ ...kept, effective: 'none', recoveryWindow: { from: '2026-01-02T03:00:00Z' } });
    expect(status?.backup?.lineages?.[0]).not.toHaveProperty('until');
  });

  it('is not replaced either if only the ObjectStore knows yet that there is a backup', () => {
    // Nor does it matter whether the addon was ever ready: applications may have been able to log in.
    const unrecorded = vanish(completes(round(created())));
    expect(unrecorded.addon.status?.backup?.lineages?.[0]).not.toHaveProperty('from');
    const missing = round(unrecorded);
    expect([missing.wrote, readyOf(missing)?.reason]).toEqual([[], 'ClusterMissing']);
    expect(backupOf(missing)?.lineages?.[0]?.from).toBe('2026-01-02T03:00:00Z');
    // Also once the ObjectStore is gone, since status knows.
    expect(readyOf(round({ ...missing, objectStore: undefined }))?.reason).toBe('ClusterMissing');
  });

  it.each([
    ['without a backup', vanish(ran(round(created())))],
    ['of a plan without backups', vanish(ran(round({ addon: anAddon({ plan: 'free' }) })))],
    [
      'that stopped its backups',
      vanish(round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })))),
    ],
  ])('%s is created again at once', (_, world) => {
    const again = round(world);
    expect(again.wrote).toContain('create Cluster');
    expect(readyOf(again)?.reason).toBe('ClusterRecreated');
  });

  it('is not replaced while only the lineage before its own can be restored', () => {
    const free = round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })));
    const back = round({ ...free, addon: changed(free.addon, { plan: 'standard' }) });
    expect(serverNameOf(back.cluster)).not.toBe(lineage);
    const missing = round(vanish(back));
    expect([missing.wrote, readyOf(missing)?.reason]).toEqual([[], 'ClusterMissing']);
    expect(readyOf(missing)?.message).toContain(`${annotations.startEmpty}=${lineage}`);
    expect(round(asking(missing, lineage)).wrote).toContain('create Cluster');
  });

  it('ends a request that runs', () => {
    const running = round({
      ...before,
      backup: noBackup,
      addon: {
        ...before.addon,
        metadata: { ...before.addon.metadata, annotations: { [annotations.backupNow]: 'one' } },
      },
    });
    expect(backupOf(running)?.now?.result).toBe('Running');
    expect(backupOf(round(vanish(running)))?.now).toMatchObject({ result: 'Failed', endTime: '2026-01-02T03:04:05Z' });
  });

  it('is not replaced because the plan, the store or the mode changes', () => {
    for (const world of [
      { ...gone, addon: changed(gone.addon, { backup: { schedule: 'nonsense' } }) },
      { ...gone, addon: changed(gone.addon, { backup: { storeRef: { name: 'elsewhere' } } }) },
      { ...gone, addon: changed(gone.addon, { plan: 'free' }) },
      { ...gone, addon: changed(gone.addon, { mode: 'protected' }) },
      { ...gone, on: testPlatform },
    ] satisfies readonly World[]) {
      const missing = round(round(world));
      expect([missing.cluster, readyOf(missing)?.reason]).toEqual([undefined, 'ClusterMissing']);
      expect(missing.addon.status?.observedGeneration).toBe(world.addon.metadata.generation);
    }
  });

  it('ends its protection with the mode: until then it is missed, afterwards nothing is claimed, and a deletion keeps nothing', () => {
    const sheltered = changed(before.addon, { mode: 'protected' });
    const { metadata } = sheltered;
    const guarded = { ...sheltered, metadata: { ...metadata, finalizers: [protectionFinalizer] } };
    const held = round(round({ ...before, addon: guarded }));
    const protectionOf = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'Protected');
    expect(protectionOf(held)?.status).toBe('True');
    const missing = round(vanish(held));
    expect(protectionOf(missing)).toMatchObject({ status: 'False', reason: 'ClusterMissing' });
    const left = round({ ...missing, addon: changed(missing.addon, { mode: 'standard' }) });
    expect([readyOf(left)?.reason, protectionOf(left)]).toEqual(['ClusterMissing', undefined]);
    const deleted = { ...left.addon, metadata: { ...left.addon.metadata, deletionTimestamp: '2026-01-03T00:00:00Z' } };
    expect(readyOf(round({ ...left, addon: deleted }))?.reason).toBe('Deleted');
  });

  it('is replaced if the annotation names its lineage, and the new Cluster begins another one', () => {
    const missing = round(gone);
    const recreated = round(asking(missing, lineage));
    expect(recreated.wrote).toEqual(['create Cluster']);
    expect(readyOf(recreated)?.reason).toBe('ClusterRecreated');
    const second = serverNameOf(recreated.cluster);
    expect(second).toMatch(/^db-team-a-shop-[0-9a-f]{8}$/);
    expect(second).not.toBe(lineage);
    expect(backupOf(recreated)?.lineages).toMatchObject([
      { serverName: second },
      { serverName: lineage, from: '2026-01-02T03:00:00Z', until: '2026-01-02T03:04:05Z' },
    ]);
    // The annotation is still there, and names a lineage of the past.
    const filled = round(completes(round(recreated)));
    expect(reasonOf(filled)).toBe('InForce');
    const again = round(vanish(filled));
    expect([again.cluster, readyOf(again)?.reason]).toEqual([undefined, 'ClusterMissing']);
    expect(readyOf(again)?.message).toContain(`${annotations.startEmpty} is "${lineage}", which is another one`);
  });

  it('keeps its lineage while the API server refuses the new Cluster', () => {
    const { status } = think(look(asking(round(gone), lineage)), refusing('cluster', 'QuotaExceeded'));
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('QuotaExceeded');
    expect(status.backup?.lineages).toEqual([{ ...backupOf(before)?.lineages?.[0] }]);
  });

  it('is waited for while it is being deleted', () => {
    const { cluster } = before;
    if (cluster === undefined) throw new Error('no Cluster');
    const metadata = { ...cluster.metadata, deletionTimestamp: '2026-01-02T03:04:00Z' };
    const dying = round({ ...before, cluster: { ...cluster, metadata } });
    expect([dying.wrote, readyOf(dying)?.reason]).toEqual([[], 'OldObjectTerminating']);
  });

  it('is not replaced if the annotation names anything else, which the message quotes', () => {
    const asked = round(asking(gone, `${'x'.repeat(5000)}`));
    expect([asked.cluster, readyOf(asked)?.reason]).toEqual([undefined, 'ClusterMissing']);
    expect(readyOf(asked)?.message).toContain(`${annotations.startEmpty} is "xxx`);
    expect(readyOf(asked)?.message.length).toBeLessThan(1024);
  });

  it('is replaced only by an addon that the API server confirms in this version', () => {
    const asked = look(asking(round(gone), lineage));
    expect(needs({ ...asked, live: { kind: 'unread' } }, testTime).live).toBe(true);
    const { addon } = asked;
    const older = { ...addon, metadata: { ...addon.metadata, resourceVersion: '11' } };
    expect(think({ ...asked, live: { kind: 'found', object: older } }).actions).toEqual([]);
    expect(summary(think(asked).actions)).toContain('create Cluster');
  });

  it('is looked for at the API server before it is called missing, once', () => {
    expect(needs(look(gone), testTime)).toMatchObject({ watched: true, live: false });
    expect(needs(look(round(gone)), testTime)).toMatchObject({ watched: false, live: false });
  });

  it('is reported while the addon is suspended too, which changes nothing', () => {
    const suspendedWorld = { ...gone, addon: changed(gone.addon, { suspend: true }) };
    expect(needs(look(suspendedWorld), testTime).watched).toBe(true);
    const missing = round(suspendedWorld);
    expect([missing.wrote, readyOf(missing)?.reason]).toEqual([[], 'ClusterMissing']);
    expect(missing.addon.status?.conditions?.find(({ type }) => type === 'Suspended')?.status).toBe('True');
    expect(backupOf(missing)).toMatchObject({ effective: 'none', lineages: [{ serverName: lineage }] });
    const asked = round(asking(missing, lineage));
    expect([asked.wrote, readyOf(asked)?.reason]).toEqual([[], 'Suspended']);
  });

  it('is created for an addon that a backup tool restored with the status of an earlier one', () => {
    const { addon } = round(gone);
    const raw = { ...addon, metadata: { ...addon.metadata, uid: 'another' } };
    const restored = round({
      addon: { ...projectAddon(raw), status: { ...projectAddon(raw).status, operator: testPlatform.operator } },
    });
    expect(restored.wrote).toContain('create Cluster');
    // Of a later generation of the same addon, what can be restored is still known.
    const later = projectAddon({ ...addon, status: { ...addon.status, observedGeneration: 9 } } as PostgresAddon);
    expect(readyOf(round({ addon: later }))?.reason).toBe('ClusterMissing');
  });
});
