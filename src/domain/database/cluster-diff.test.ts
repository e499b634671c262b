// Which write a Cluster needs, and whether the user asked for it.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { aCluster, altering, anAddon, aRunningAddon, aTarget, changed, manifestOf, observing } from '../testing.ts';
import { diffCluster, isAltered, isAsked } from './cluster-diff.ts';

const running = aRunningAddon();
const cluster = aCluster(running);
const { formerUid, readyAt, readyBefore } = annotations;
const noted = (notes: Readonly<Record<string, string>>, change: Partial<Cluster['spec']> = {}): Cluster => ({
  ...cluster,
  metadata: { ...cluster.metadata, annotations: notes },
  spec: { ...cluster.spec, ...change },
});
const diff = (addon: typeof running, live: Cluster | undefined) =>
  diffCluster(addon, aTarget(observing(addon, { cluster: live })), live);

it('a Cluster that is created is nothing that a user has asked to change', () => {
  const { actions, written: _, ...rest } = diff(running, undefined);
  expect(actions.map(({ verb }) => verb)).toEqual(['create']);
  expect(rest).toEqual({ awaitsRestart: false, asked: false });
});

it('a change keeps what is recorded on the Cluster', () => {
  const recorded = { [formerUid]: 'former-uid', [readyAt]: '2025-12-01T00:00:00Z' };
  const { actions } = diff(changed(running, { plan: 'pro' }), noted(recorded));
  expect(manifestOf(actions, 'cluster').metadata.annotations).toEqual({
    ...recorded,
    [readyBefore]: expect.stringMatching(/^2026-01-02T03:04:04Z /),
  });
});

it('a repair of what somebody edited is not waited for, also after an earlier change', () => {
  const earlier = { [readyBefore]: '2025-12-01T00:00:00Z 01234567' };
  const { actions, awaitsRestart, asked } = diff(running, noted(earlier, { instances: 2 }));
  expect(actions).toHaveLength(1);
  expect([awaitsRestart, asked]).toEqual([false, false]);
});

describe('a Cluster that admission changes', () => {
  const pro = anAddon({ plan: 'pro' });
  const wanted = aCluster(pro);
  const capped = { ...wanted, spec: { ...wanted.spec, instances: 1 } };
  const target = aTarget(observing(pro));

  it('is neither written nor asked for again', () => {
    const known = altering(pro, capped);
    expect(isAltered(known, target, capped)).toBe(true);
    expect(isAsked(known, target, capped)).toBe(false);
    expect(diff(known, capped)).toMatchObject({ actions: [], altered: { reason: 'ChangedOnAdmission' } });
  });

  it('is asked for until status has recorded that', () => {
    expect(isAltered(pro, target, capped)).toBe(false);
    expect(isAsked(pro, target, capped)).toBe(true);
  });
});
