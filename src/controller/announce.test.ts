import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../api/addon.ts';
import type { Clock } from '../api/clock.ts';
import { aRunningAddon, testPlatform, testTime } from '../domain/testing.ts';
import { transitions } from '../domain/transitions.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../runtime/log.ts';
import { announce, announceEnd } from './announce.ts';

it('every transition is logged, and is an Event about the addon; no transition is neither', () => {
  const logged: unknown[] = [];
  const emitted: unknown[] = [];
  const log = { info: (...what: readonly unknown[]) => logged.push(what) } as unknown as Log;
  const events = { emit: (event: unknown) => emitted.push(event) } as unknown as EventRecorder;
  const addon = aRunningAddon();
  const { status = {} } = addon;
  announce(events, log, addon, status, status);
  expect([logged, emitted]).toEqual([[], []]);
  announce(events, log, addon, undefined, status);
  const expected = transitions(undefined, status);
  expect(expected).not.toEqual([]);
  expect(logged).toEqual(
    expected.map(({ note, reason }) => [note, { addon: 'team-a/shop', reason, phase: 'running' }]),
  );
  const regarding = {
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    namespace: 'team-a',
    name: 'shop',
    uid: 'addon-uid',
  };
  expect(emitted).toEqual(expected.map((transition) => ({ regarding, action: 'Reconcile', ...transition })));
});

describe('an addon that disappeared at once', () => {
  const { metadata, status, ...addon } = aRunningAddon();
  const lineage = { serverName: 'db-1', store: 'main', destinationPath: 's3://b/team-a', from: '2026-01-02T00:00:00Z' };
  const gone = { ...addon, metadata, status: { ...status, backup: { lineages: [lineage] } } };
  const toldOf = (one: PostgresAddon, isLeader = true): readonly string[] => {
    const notes: string[] = [];
    announceEnd(one, {
      announce: (_, before, after) => notes.push(...transitions(before, after).map(({ note }) => note)),
      clock: { now: () => testTime } as Clock,
      mayWrite: () => isLeader,
      platform: testPlatform,
    });
    return notes;
  };

  it('has one last Event, which says where its backups stay', () => {
    expect(toldOf(gone)).toEqual([expect.stringContaining('stay in object store "main", s3://b/team-a/db-1, until')]);
  });

  it.each<[string, PostgresAddon, boolean]>([
    ['without a base backup', { ...gone, status: { ...status, backup: { lineages: [{ serverName: 'db-1' }] } } }, true],
    ['that was protected', { ...gone, spec: { ...gone.spec, mode: 'protected' } }, true],
    [
      'that was seen being deleted',
      { ...gone, metadata: { ...metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } },
      true,
    ],
    ['of another installation', { ...gone, status: { ...gone.status, operator: 'elsewhere/operator' } }, true],
    ['seen by a replica that does not lead', gone, false],
  ])('has none %s', (_, one, isLeader) => expect(toldOf(one, isLeader)).toEqual([]));
});
