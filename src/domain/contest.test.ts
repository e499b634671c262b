// Which repairs wait when somebody sets fields again and again, and which never do.
import { describe, expect, it } from '@jest/globals';
import { aCluster, aRunningAddon, but, changed, childIn, manifestOf, observingAll, summary, think } from './testing.ts';

const addon = aRunningAddon();
const url = 'postgresql://app:old@db/app';
const repairWaits = { cluster: 20_000, scheduledBackup: 20_000, urlSecret: 20_000 };
const contested = { ...observingAll(addon, url), repairWaits };
const cluster = childIn(contested, 'cluster');
const edited = { ...cluster, spec: { ...cluster.spec, instances: 7 } };

describe('a child that somebody else changes all the time', () => {
  it('is left as it is for a while, and named', () => {
    const { actions, status, decision } = think(but(contested, { cluster: edited }));
    // Everything else is done and reported.
    expect(summary(actions)).toEqual(['apply Secret']);
    expect(decision.conditions.Provisioned?.reason).toBe('ClusterHealthy');
    expect(status.conditions?.find(({ type }) => type === 'PlanApplied')?.reason).toBe('FieldContested');
    expect(decision.wakeAfter).toBeLessThanOrEqual(20_000);
  });

  it('is changed at once when the user asks for it', () => {
    const asked = but(contested, { addon: changed(addon, { plan: 'pro' }) });
    expect(summary(think(asked).actions)).toContain('apply Cluster');
  });

  it('has its owner changed at once, since protection depends on it', () => {
    const loose = { ...cluster, metadata: { ...cluster.metadata, ownerReferences: [] } };
    const { actions } = think(but(contested, { cluster: loose, live: { kind: 'found', object: addon } }));
    expect(manifestOf(actions, 'cluster').metadata.ownerReferences).toHaveLength(1);
    const guarded = aRunningAddon({ mode: 'protected' });
    const owned = { ...aCluster(guarded), metadata: cluster.metadata };
    const taken = { ...observingAll(guarded, url), repairWaits };
    expect(summary(think(but(taken, { cluster: owned })).actions)).toContain('apply Cluster');
  });
});

it('the Secret with DATABASE_URL follows the credentials however often they change', () => {
  const { actions, status } = think(contested);
  expect(summary(actions)).toContain('apply Secret');
  expect(status.conditions?.find(({ type }) => type === 'CredentialsPublished')?.reason).toBe('Published');
});
