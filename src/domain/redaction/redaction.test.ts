// A restored database whose data are redacted: nothing of it is published, and nothing of it can be restored, before the SQL is committed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { annotations, fieldManager, labels } from '../../api/addon.ts';
import type { Job } from '../../api/job.ts';
import { backupReady, completes, look, round, settles, type World } from '../backup/testing.ts';
import { canBegin } from '../drill/due.ts';
import { needs } from '../needs.ts';
import type { Read } from '../observed.ts';
import { withReadyAt } from '../recorded.ts';
import { busy, byName, readyOf, redacted } from '../restore/testing.ts';
import { situationOf } from '../situation.ts';
import { aSource, aTarget, but, changed, defined, manifestOf, testTime, think } from '../testing.ts';
import { redactionChapter } from './redaction.ts';
import { redactionIn, whereIn } from './state.ts';

type How = Job['status']['ended'] | 'pending' | 'running';
const name = 'db-team-a-copy-redaction';
const made = settles(round(redacted));
const noteOn = ({ cluster }: World) => cluster?.metadata.annotations?.[annotations.redaction];

const completed = 'Completed.cluster-uid';

function job(
  how: How,
  uid = 'cluster-uid',
  managedBy: string = fieldManager,
  where = 'redaction/staging.sql',
): Read<Job> {
  return {
    kind: 'found',
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace: 'team-a',
        uid: 'job-uid',
        resourceVersion: '1',
        labels: { [labels.managedBy]: managedBy },
        annotations: { [annotations.redaction]: where },
        ownerReferences: [{ apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', name: 'db-team-a-copy', uid }],
      },
      status: { ended: how === 'Complete' || how === 'Failed' ? how : undefined, ready: how === 'running' ? 1 : 0 },
    },
  };
}

const withJob = (how: How, ...rest: readonly string[]): World => ({ ...made, redaction: job(how, ...rest) });

/** A round in which CNPG's Secret is there, and read if that is needed. */
function publishes(world: World): readonly string[] {
  const o = look(world);
  const { cluster } = world;
  const source =
    cluster === undefined || !needs(o, testTime).source ? ({ kind: 'unread' } as const) : sourceOf(cluster);
  return think(but(o, { source, urlSecret: undefined })).actions.map(({ child }) => child);
}

/** Somebody edits the annotation of the Cluster. */
function withNote(world: World, note: string | undefined): World {
  const { cluster } = world;
  if (cluster === undefined) throw new Error('no Cluster');
  const notes = defined({ ...cluster.metadata.annotations, [annotations.redaction]: note });
  return { ...world, cluster: { ...cluster, metadata: { ...cluster.metadata, annotations: notes } } };
}

function sourceOf(cluster: NonNullable<World['cluster']>) {
  return { kind: 'found', object: aSource(cluster) } as const;
}

describe('the redaction of a restored database', () => {
  it('is noted on the Cluster from the beginning, and in status', () => {
    expect(noteOn(made)).toBe('Pending');
    expect(made.addon.status?.restore?.redaction).toBe('Pending');
    expect(noteOn(round(byName))).toBeUndefined();
    expect(round(byName).addon.status?.restore).not.toHaveProperty('redaction');
  });

  it('is a Job that runs once the database is ready, as the owner, in one transaction, and in a pod without any right', () => {
    expect(round(busy(made)).wrote).toEqual([]);
    const { actions } = think(look(made));
    expect(readyOf(round(made))).toMatchObject({ reason: 'Redacting', message: `Job ${name} is about to begin` });
    expect(actions.map(({ child }) => child)).toEqual(['redactionJob']);
    const { metadata, spec } = manifestOf(actions, 'redactionJob');
    expect(metadata).toMatchObject({ name, namespace: 'team-a', labels: { [labels.managedBy]: fieldManager } });
    // A controller of this kind would be CNPG's own Job.
    expect(metadata.ownerReferences).toEqual([
      { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', name: 'db-team-a-copy', uid: 'cluster-uid' },
    ]);
    const credential = (variable: string, key: string) => ({
      name: variable,
      valueFrom: { secretKeyRef: { name: 'db-team-a-copy-app', key } },
    });
    expect(spec).toMatchObject({
      // A month.
      ttlSecondsAfterFinished: 2_592_000,
      backoffLimit: 6,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { values: [1, 3, 126] } },
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          imagePullSecrets: [{ name: 'db-team-a-copy-pull' }],
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true },
          containers: [
            {
              image: 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie',
              command: [
                'bash',
                '-euc',
                expect.stringMatching(/--set=ON_ERROR_STOP=1 --single-transaction --command="\/\*/),
              ],
              env: [
                { name: 'PGHOST', value: 'db-team-a-copy-rw' },
                { name: 'PGSSLMODE', value: 'require' },
                { name: 'PGTARGETSESSIONATTRS', value: 'read-write' },
                { name: 'PGCONNECT_TIMEOUT', value: '30' },
                { name: 'PGAPPNAME', value: name },
                credential('PGUSER', 'username'),
                credential('PGPASSWORD', 'password'),
                credential('PGDATABASE', 'dbname'),
              ],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'sql', mountPath: '/redaction', readOnly: true }],
            },
          ],
          volumes: [
            { configMap: { name: 'redaction', items: [{ key: 'staging.sql', path: 'redaction.sql' }] }, name: 'sql' },
          ],
        },
      },
    });
  });

  it.each<readonly [string, How, string, string]>([
    [
      'whose pod does not start',
      'pending',
      'Redacting',
      'kubectl describe job,pod -n team-a -l addons.paas.dev/name=copy --show-events says why',
    ],
    ['that runs', 'running', 'Redacting', `ConfigMap redaction, key staging.sql, runs in Job ${name}`],
    ['that failed', 'Failed', 'RedactionFailed', `kubectl logs -n team-a job/${name}`],
    ['that completed', 'Complete', 'Redacting', 'was committed'],
  ])('by a Job %s is reported, and nothing is published', (_, how, reason, text) => {
    const world = withJob(how);
    const { addon } = round(world);
    expect(readyOf({ addon })).toMatchObject({ reason, message: expect.stringContaining(text) });
    expect(addon.status?.phase).toBe('creating');
    expect(addon.status?.restore?.redaction).toBe('Pending');
    expect(backupReady({ addon })).toMatchObject({
      reason: 'FirstBackupPending',
      message: expect.stringContaining('redacted'),
    });
    expect(publishes(world)).toEqual(how === 'Complete' ? ['cluster'] : []);
  });

  it.each<readonly [string, World]>([
    ['for another Cluster', withJob('Complete', 'earlier-uid')],
    ['by somebody else', withJob('Complete', 'cluster-uid', 'somebody')],
    ['for another ConfigMap', withJob('Complete', 'cluster-uid', fieldManager, 'redaction/other.sql')],
  ])('is not what a Job did that was made %s', (_, world) => {
    const { addon, wrote } = round(world);
    expect(wrote).toEqual([]);
    expect(readyOf({ addon })).toMatchObject({
      reason: 'RedactionFailed',
      message: expect.stringContaining(`delete it: kubectl delete job -n team-a ${name}`),
    });
  });

  it('ends with a note on the Cluster, and everything else follows', () => {
    const noted = round(withJob('Complete'));
    expect(noted.wrote).toEqual(['apply Cluster']);
    expect(noteOn(noted)).toBe(completed);
    // The Cluster says so in the next round.
    expect(noted.addon.status?.restore?.redaction).toBe('Pending');
    const { redaction: _, ...world } = noted;
    const after = round(world);
    expect(after.addon.status?.restore?.redaction).toBe('Completed');
    expect(publishes(world)).toEqual(['backup', 'urlSecret']);
    // The Job is not needed any more, nor what status says.
    expect(noteOn(round({ ...after, addon: { ...after.addon, status: {} } }))).toBe(completed);
    // Somebody removes the note: it comes back.
    const bare = withNote(after, undefined);
    expect(noteOn(round(bare))).toBe(completed);
    expect(round(bare).addon.status?.restore?.redaction).toBe('Completed');
  });

  it('is asked for again of a Cluster that takes the place of one that vanished', () => {
    const { cluster: _, ...without } = made;
    const again = round(without);
    expect(again.wrote).toContain('create Cluster');
    expect(noteOn(again)).toBe('Pending');
  });

  it('is not what nobody can tell: of a database that was ready, and of a note that is of another Cluster', () => {
    const { cluster: _, ...without } = made;
    const ready = { ...without, addon: withReadyAt(made.addon, '2026-01-02T03:04:05Z') };
    const again = settles(round(ready));
    expect([noteOn(again), round(ready).addon.status?.restore?.redaction]).toEqual(['Unknown', 'Unknown']);
    for (const world of [again, withNote(made, 'Completed.former-uid'), withNote(made, 'yes')]) {
      const { addon, wrote } = round(world);
      expect([wrote, publishes(world), needs(look(world), testTime).redaction]).toEqual([[], [], false]);
      expect(addon.status?.restore?.redaction).toBe('Unknown');
      const { reason, message = '' } = readyOf({ addon }) ?? {};
      expect(reason).toBe('RedactionFailed');
      for (const note of ['Pending', completed])
        expect(message).toContain(
          `kubectl annotate cluster.postgresql.cnpg.io -n team-a db-team-a-copy ${annotations.redaction}=${note} --overwrite`,
        );
    }
    // Somebody removes the note: status still knows.
    expect(noteOn(round(withNote(round(again), undefined)))).toBe('Unknown');
    // Somebody decides.
    expect(think(look(withNote(again, 'Pending'))).actions.map(({ child }) => child)).toEqual(['redactionJob']);
    expect(publishes(withNote(again, completed))).toContain('urlSecret');
  });

  it('is remembered by an addon that does not ask for it, and adopted the database', () => {
    const { redaction: __, ...restore } = made.addon.spec.restore ?? { from: {} };
    const adopter = { ...made.addon, spec: { ...made.addon.spec, restore } };
    const { cluster: _, ...without } = round({ ...made, addon: adopter });
    expect(noteOn(round(without))).toBe('Pending');
  });

  it('is awaited as long as it takes: its Job is looked at again, and nothing counts as stuck', () => {
    const waiting = round(withJob('running'));
    const later = testTime + 5 * 3_600_000;
    const { pace, status } = think(look(waiting), {}, later);
    expect(status.conditions?.find(({ type }) => type === 'Stalled')).toBeUndefined();
    expect(pace).toEqual({ kind: 'retry', atLeastMilliseconds: 5000, atMostMilliseconds: 30_000 });
    const failed = think(look(round(withJob('Failed'))), {}, later);
    expect(failed.pace).toEqual({ kind: 'retry', atLeastMilliseconds: 10_000, atMostMilliseconds: 30_000 });
    // After a day it does, and is looked at nevertheless.
    const stuck = think(look(waiting), {}, testTime + 25 * 3_600_000);
    expect(stuck.ready.reason).toBe('TakingTooLong');
    expect(stuck.pace).toEqual({ kind: 'retry', atLeastMilliseconds: 5000, atMostMilliseconds: 30_000 });
  });

  it('keeps the other roles of the source out, whatever an annotation asks for', () => {
    const asking = {
      ...redacted.addon,
      metadata: { ...redacted.addon.metadata, annotations: { [annotations.unlockRoles]: 'true' } },
    };
    const locked = round({ ...redacted, addon: asking });
    expect(locked.cluster?.spec.postgresql?.pg_hba).toHaveLength(2);
    const noted = round({ ...settles(locked), redaction: job('Complete') });
    expect([noteOn(noted), noted.cluster?.spec.postgresql?.pg_hba]).toEqual([completed, undefined]);
  });

  it('that a CRD would drop is not decided about: nothing is restored', () => {
    const o = but(look(byName), { missingFromSchema: ['spec.restore.redaction'] });
    expect(think(o).actions).toEqual([]);
    expect(think(o).ready).toMatchObject({
      reason: 'CRDOutdated',
      message: expect.stringContaining('spec.restore.redaction'),
    });
    // What exists goes on.
    const running = settles(round(byName));
    expect(think(but(look(running), { missingFromSchema: ['spec.restore.redaction'] })).ready.reason).not.toBe(
      'CRDOutdated',
    );
  });

  it('that was not made is a reason not to adopt the database that was left behind', () => {
    const former = settles(round(byName));
    const { cluster } = former;
    if (cluster === undefined) throw new Error('no Cluster');
    const marks = { ...cluster.metadata.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' };
    const orphan = { ...cluster, metadata: { ...cluster.metadata, labels: marks, ownerReferences: [] } };
    const { ready, actions } = think(look({ ...redacted, cluster: orphan }));
    expect([actions, ready]).toEqual([
      [],
      { reason: 'AdoptionRefused', message: expect.stringContaining('was restored without a redaction') },
    ]);
  });

  it('of a database that is not ready for a moment is reported as it was seen last', () => {
    const failed = round(withJob('Failed'));
    const { addon } = round(busy({ ...failed, redaction: { kind: 'unread' } }));
    expect(addon.status?.conditions?.find(({ type }) => type === 'CredentialsPublished')?.reason).toBe(
      'RedactionFailed',
    );
  });

  it('is awaited by the schedule and by drills, although somebody has made a base backup', () => {
    const pending = completes(withJob('running'));
    const done = withNote(pending, completed);
    const scheduled = (world: World) => manifestOf(think(look(world)).actions, 'scheduledBackup').spec;
    expect([scheduled(pending), scheduled(done)]).toMatchObject([{ suspend: true }, { suspend: false }]);
    const begins = (world: World): boolean => {
      const o = look(world);
      return canBegin(situationOf(o), aTarget(o), true, testTime);
    };
    expect([begins(pending), begins(done)]).toEqual([false, true]);
  });

  it.each(['spec.restore.redaction', 'spec.restore'])(
    'is awaited by an addon without %s, whose Cluster was left behind without',
    (without) => {
      const { restore: { redaction: _, ...restore } = { from: {} }, ...spec } = made.addon.spec;
      const asked = without === 'spec.restore' ? spec : { ...spec, restore };
      const { addon, wrote } = round({ ...made, addon: { ...made.addon, spec: asked } });
      expect(wrote).toEqual([]);
      expect(readyOf({ addon })).toMatchObject({ reason: 'RedactionFailed' });
    },
  );

  it('stays done when another addon adopts the database', () => {
    const { cluster, ...done } = round(withJob('Complete'));
    if (cluster === undefined) throw new Error('no Cluster');
    const marks = { ...cluster.metadata.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' };
    const orphan = { ...cluster, metadata: { ...cluster.metadata, labels: marks, ownerReferences: [] } };
    const { redaction: _, ...world } = { ...done, addon: redacted.addon, cluster: orphan };
    expect(manifestOf(think(look(world)).actions, 'cluster').metadata.annotations).toMatchObject({
      [annotations.redaction]: completed,
    });
  });

  it('is nothing to a database that began empty, whatever its addon asks for', () => {
    const { cluster } = withNote(made, undefined);
    if (cluster === undefined) throw new Error('no Cluster');
    const empty = { ...cluster, spec: { ...cluster.spec, bootstrap: {} } };
    expect([redactionIn(redacted.addon, cluster), redactionIn(redacted.addon, empty)]).toEqual(['Pending', undefined]);
  });

  it('is told apart from another one by the place of its SQL', () => {
    expect([whereIn(redacted.addon), whereIn(byName.addon)]).toEqual(['redaction/staging.sql', undefined]);
  });

  it('does not begin while the addon is suspended, nor without the right to read a Job', () => {
    const suspended = {
      ...made,
      addon: changed(made.addon, { suspend: true }),
      redaction: { kind: 'unread' } as const,
    };
    expect(round(suspended).wrote).toEqual([]);
    const told = redactionChapter(
      { s: situationOf(look(suspended)), target: aTarget(look(made)), now: testTime, suspended: { holdsBack: true } },
      { provisioned: { reason: 'ClusterHealthy', message: '' } },
    );
    expect([told.pending?.reason, told.wakeAfter]).toEqual(['Suspended', undefined]);
    const denied = round({ ...made, redaction: { kind: 'denied', message: 'jobs.batch is forbidden' } });
    expect(denied.wrote).toEqual([]);
    expect(readyOf(denied)).toMatchObject({ reason: 'Forbidden', message: 'jobs.batch is forbidden' });
  });

  it('costs a read only while it is awaited and the database is ready', () => {
    const reads = (world: World) => needs(look(world), testTime);
    expect(reads(made)).toMatchObject({ redaction: true, source: false, unwatched: false, backup: undefined });
    expect(reads(busy(made)).redaction).toBe(false);
    expect(reads(settles(round(byName))).redaction).toBe(false);
  });

  it('is never taken for done without its Job, whatever somebody removes', () => {
    const events = ['round', 'crash', 'no status', 'no note', 'no Job', 'Failed', 'running', 'vanish'] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 12 }), (happened) => {
        let world: World = redacted;
        for (const event of happened) {
          world = after(world, event);
          const { cluster } = world;
          expect(publishes(world)).not.toContain('urlSecret');
          expect(publishes(world)).not.toContain('backup');
          if (cluster !== undefined) expect(noteOn(world) ?? '').not.toMatch(/^Completed/);
        }
      }),
    );
  });
});

/** What somebody, or a crash, does to it. */
function after(world: World, event: string): World {
  const { addon, cluster } = world;
  switch (event) {
    case 'round': {
      const next = round(world);
      const isMade = next.wrote.includes('create Job');
      return { ...settles(next), ...(isMade ? { redaction: job('pending') } : {}) };
    }
    case 'crash':
      return { ...settles(round(world)), addon };
    case 'no status':
      return { ...world, addon: { ...addon, status: { operator: addon.status?.operator ?? '' } } };
    case 'no note': {
      if (cluster === undefined) return world;
      return withNote(world, undefined);
    }
    case 'no Job':
      return { ...world, redaction: { kind: 'absent' } };
    case 'vanish':
      return { ...world, cluster: undefined, redaction: { kind: 'absent' } };
    default:
      return world.redaction?.kind === 'found' ? { ...world, redaction: job(event as How) } : world;
  }
}
