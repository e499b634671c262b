// The writes of a decision, which of them are attempted after a refusal, and what their results add up to.
import { describe, expect, it } from '@jest/globals';
import { labels } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import {
  type Action,
  type ActionResult,
  applyTo,
  create,
  hasSucceeded,
  isToBeTried,
  remove,
  setFinalizers,
  withRefusal,
  withUntried,
  withWritten,
} from './decision.ts';
import { aCluster, anAddon, aScheduledBackup, aUrlSecret, refusing } from './testing.ts';

const addon = anAddon();
const cluster = aCluster(addon);
const { apiVersion, kind, metadata } = cluster;
const backup = aScheduledBackup(addon);
const secret = aUrlSecret(addon, 'postgresql://a');
const manifest = {
  apiVersion,
  kind,
  metadata: { name: metadata.name, namespace: metadata.namespace },
  spec: cluster.spec,
};
const toCluster = applyTo('cluster', manifest, cluster);
const toBackup = remove('scheduledBackup', backup);
const toVariables = create('variablesSecret', { apiVersion: 'v1', kind: 'Secret', metadata: manifest.metadata });
const toSecret = create('urlSecret', {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: manifest.metadata,
  data: secret.data,
});
const toFinalizers = setFinalizers(addon, ['a']);
const no = { reason: 'Refused', message: 'no' } as const;
const altered = { reason: 'ChangedOnAdmission', message: 'other' } as const;

describe('a change of a child', () => {
  it('is pinned to what was observed', () =>
    expect(toCluster).toEqual({
      verb: 'apply',
      child: 'cluster',
      concern: 'database',
      manifest: { ...manifest, metadata: { ...manifest.metadata, uid: 'cluster-uid', resourceVersion: '20' } },
    }));

  it('that takes something away also says how it is removed, whoever else owns it', () => {
    const own = { ...manifest, metadata: { ...manifest.metadata, labels: { [labels.orphaned]: undefined } } };
    expect(applyTo('cluster', own, cluster)).not.toHaveProperty('removal');
    const marked = { ...cluster, metadata: { ...metadata, labels: { ...metadata.labels, [labels.orphaned]: 'true' } } };
    expect(applyTo('cluster', own, marked)).toMatchObject({
      removal: {
        spec: cluster.spec,
        metadata: { uid: 'cluster-uid', resourceVersion: '20', labels: { [labels.orphaned]: undefined } },
      },
    });
  });
});

describe('after a refusal', () => {
  it.each<readonly [string, ActionResult, Action, boolean]>([
    ['of nothing, everything', {}, toCluster, true],
    ['of nothing, the finalizers', {}, toFinalizers, true],
    ['of something essential, nothing else', refusing('cluster'), toBackup, false],
    ['of something essential, nothing of its own', refusing('cluster'), toCluster, false],
    ['of the backup, the Secret', refusing('scheduledBackup'), toSecret, true],
    ['of the backup, nothing of the backups', refusing('scheduledBackup'), toBackup, false],
    [
      'of one of two, only what neither stops',
      { refusals: [...(refusing('cluster').refusals ?? []), ...(refusing('scheduledBackup').refusals ?? [])] },
      toSecret,
      false,
    ],
    ['of an extra Secret, another one', refusing('readUrlSecret'), toVariables, true],
    ['of the backup, the finalizers are kept', refusing('scheduledBackup'), toFinalizers, false],
    ['of a write that was not attempted, the finalizers are kept', { untried: ['backup'] }, toFinalizers, false],
    ['of a value by admission, the finalizers are kept', { altered: { cluster: altered } }, toFinalizers, false],
    ['of a value by admission, the children are written', { altered: { cluster: altered } }, toSecret, true],
  ])('%s', (_, result, action, expected) => expect(isToBeTried(action, result)).toBe(expected));

  it.each<readonly [string, ActionResult, boolean]>([
    ['of nothing', {}, true],
    ['of another child', refusing('cluster'), true],
    ['of this one', refusing('scheduledBackup'), false],
    [
      'of this and another one',
      { refusals: [...(refusing('scheduledBackup').refusals ?? []), ...(refusing('cluster').refusals ?? [])] },
      false,
    ],
    ['if it was not attempted', { untried: ['backup'] }, false],
    ['if another was not attempted', { untried: ['credentials'] }, true],
  ])('whether a write has succeeded: %s', (_, result, expected) =>
    expect(hasSucceeded(toBackup, result)).toBe(expected),
  );
});

describe('the result', () => {
  const before: ActionResult = { created: { cluster: 'a' }, altered: { scheduledBackup: altered } };

  it('collects refusals, and what was not attempted', () => {
    const first = withRefusal(before, toCluster, no);
    const refusal = { ...no, verb: 'apply', child: 'cluster', concern: 'database' };
    expect(first).toEqual({ ...before, refusals: [refusal] });
    expect(withRefusal(first, toBackup, no).refusals).toEqual([
      refusal,
      { ...no, verb: 'delete', child: 'scheduledBackup', concern: 'backup' },
    ]);
    const second = withUntried(first, toBackup);
    expect(second).toEqual({ ...first, untried: ['backup'] });
    expect(withUntried(second, toSecret).untried).toEqual(['backup', 'credentials']);
  });

  const finalizers = (...names: readonly string[]): KubeObject => ({
    ...addon,
    metadata: { ...addon.metadata, finalizers: names },
  });
  const capped = { ...cluster, spec: { ...cluster.spec, instances: 7 } };
  const changedByAdmission = expect.objectContaining({ reason: 'ChangedOnAdmission' });

  it.each<readonly [string, Action, KubeObject | undefined, object]>([
    ['of a change is nothing new', toCluster, cluster, {}],
    [
      'of a creation is the uid',
      toSecret,
      { ...secret, metadata: { ...secret.metadata, uid: 'new-uid' } },
      { created: { cluster: 'a', urlSecret: 'new-uid' } },
    ],
    ['of a deletion is nothing new', toBackup, undefined, {}],
    [
      'of a change by admission names it',
      toCluster,
      capped,
      { altered: { scheduledBackup: altered, cluster: changedByAdmission } },
    ],
    ['of the finalizers is nothing new', toFinalizers, finalizers('a'), {}],
    [
      'of finalizers that admission drops names them',
      toFinalizers,
      finalizers(),
      { altered: { scheduledBackup: altered, addon: changedByAdmission } },
    ],
  ])('%s', (_, action, written, more) =>
    expect(withWritten(before, action, written)).toStrictEqual({ ...before, ...more }),
  );
});
