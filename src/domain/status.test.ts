// What status says once the writes were carried out: of what was refused, changed by admission or not attempted, and since when.
import { describe, expect, it } from '@jest/globals';
import { type AddonStatus, annotations, type PostgresAddon, protectionFinalizer } from '../api/addon.ts';
import { conditionTypes } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';
import { type ActionResult, setFinalizers, withRefusal } from './decision.ts';
import type { Observed } from './observed.ts';
import { statusOf } from './status.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aScheduledBackup,
  aSource,
  aStore,
  aUrlSecret,
  but,
  changed,
  childIn,
  observing,
  observingAll,
  refusing,
  testPlatform,
  testTime,
  think,
} from './testing.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
const running = aRunningAddon();
const now = testTime + 3_600_000;
const changedBy = { reason: 'ChangedOnAdmission', message: 'other' } as const;
const find = ({ conditions = [] }: AddonStatus, type: string): Condition | undefined =>
  conditions.find((condition) => condition.type === type);
const said = (status: AddonStatus, type: string): string | undefined => {
  const condition = find(status, type);
  return condition && `${condition.status} ${condition.reason}`;
};
const statusAfter = (o: Observed, result: ActionResult = {}): AddonStatus => think(o, result, now).status;
const guarded = (addon: PostgresAddon): PostgresAddon => ({
  ...addon,
  metadata: { ...addon.metadata, finalizers: [protectionFinalizer] },
});

it('an addon of another installation keeps its status, also if it has none', () => {
  const { status: _, ...bare } = anAddon();
  const { decision } = think(observing(running, { platform: { ...testPlatform, operator: 'elsewhere/operator' } }));
  expect(statusOf(bare, decision, {}, now)).toEqual({});
  expect(statusOf(running, decision, {}, now)).toBe(running.status);
});

describe('after a change by admission', () => {
  const asked = changed(running, { plan: 'pro' });
  const o = but(observingAll(running, url), { addon: asked });

  it('a database that runs is not called down, and the rest of status stays', () => {
    const status = statusAfter(o, { altered: { cluster: changedBy } });
    expect(said(statusAfter(o), 'Ready')).toBe('False Applying');
    expect(said(status, 'Ready')).toBe('True Running');
    expect(said(status, 'PlanApplied')).toBe('False ChangedOnAdmission');
    expect({ ...status, conditions: [] }).toEqual({ ...running.status, uid: 'addon-uid', conditions: [] });
  });

  it('each change is in its own condition, once, in the order of the table', () => {
    const status = statusAfter(o, { altered: { addon: changedBy, urlSecret: changedBy, cluster: changedBy } });
    const types = status.conditions?.map(({ type }) => type) ?? [];
    expect(types).toEqual(Object.keys(conditionTypes).filter((type) => types.includes(type)));
    expect(new Set(types).size).toBe(types.length);
    for (const type of ['PlanApplied', 'CredentialsPublished', 'Protected'])
      expect(find(status, type)).toMatchObject({ status: 'False', ...changedBy, observedGeneration: 2 });
    expect(said(status, 'Provisioned')).toBe('True ClusterHealthy');
  });

  it('the time of a condition changes only with its status', () => {
    const first = statusAfter(o, { altered: { cluster: changedBy } });
    expect(find(first, 'PlanApplied')?.lastTransitionTime).toBe('2026-01-02T04:04:05Z');
    const second = think(
      but(o, { addon: { ...asked, status: first } }),
      { altered: { cluster: changedBy } },
      now + 60_000,
    );
    expect(find(second.status, 'PlanApplied')).toEqual(find(first, 'PlanApplied'));
  });

  it('a new addon is described with it', () => {
    const fresh = guarded(anAddon({ mode: 'protected' }));
    const created = observing(fresh, { live: { kind: 'found', object: fresh } });
    const status = statusAfter(created, { altered: { cluster: changedBy, addon: changedBy } });
    expect(['Ready', 'PlanApplied', 'Protected', 'BackupReady'].map((type) => said(status, type))).toEqual([
      ...['False Creating', 'False ChangedOnAdmission', 'False ChangedOnAdmission', 'False NoObjectStore'],
    ]);
    const secret = statusAfter(created, { altered: { scheduledBackup: changedBy } });
    expect([said(secret, 'PlanApplied'), said(secret, 'BackupReady')]).toEqual([
      'False Creating',
      'False ChangedOnAdmission',
    ]);
  });
});

describe('the published credentials are recorded', () => {
  const fresh = anAddon({ plan: 'free' });
  const cluster = aCluster(fresh);
  const source = { kind: 'found', object: aSource(cluster) } as const;
  const first = observing(fresh, { cluster, source });
  const rotated = { ...source.object, metadata: { ...source.object.metadata, resourceVersion: '31' } };
  const second = observing(aRunningAddon({ plan: 'free' }), {
    cluster,
    source: { kind: 'found', object: rotated },
    urlSecret: aUrlSecret(fresh, 'postgresql://old'),
  });

  it.each<readonly [string, Observed, ActionResult, string | undefined]>([
    ['once the Secret was created', first, { created: { urlSecret: 'url-uid' } }, '30'],
    ['not if it was not', first, {}, undefined],
    [
      'not if something essential was refused',
      first,
      { ...refusing('cluster'), created: { urlSecret: 'url-uid' } },
      undefined,
    ],
    ['once the Secret was changed', second, {}, '31'],
    ['and stay as they were if that was refused', second, refusing('urlSecret', 'Refused', 'apply'), '30'],
  ])('%s', (_, o, result, version) => expect(statusAfter(o, result).credentials?.sourceVersion).toBe(version));
});

describe('what a login proves is recorded', () => {
  const platform = { ...testPlatform, connectionCheck: 'Required' } as const;
  const moved = aCluster(running, { currentPrimary: 'db-team-a-shop-2', targetPrimary: 'db-team-a-shop-2' });
  const o = but(observingAll(running, url), { platform, cluster: moved });

  it('if it succeeds, with the version that the server reports', () => {
    const status = statusAfter(o, { login: { reason: 'LoggedIn', message: 'in' }, serverVersion: '17.4' });
    expect(status).toMatchObject({ primary: 'db-team-a-shop-2', running: { version: '17', lowest: '17.4' } });
  });

  it('and not if it fails', () => {
    const status = statusAfter(o, { login: { reason: 'LoginTimeout', message: 'late' } });
    expect(status).not.toHaveProperty('primary');
    expect(status.running?.lowest).toBe('17');
  });
});

it('what has run stays known while nothing can be decided', () => {
  const o = but(observingAll(running, url), { cluster: { kind: 'denied', message: 'no' } });
  expect(running.status?.running).toBeDefined();
  expect(statusAfter(o).running).toEqual(running.status?.running);
});

describe('a wait', () => {
  const phase = 'Instance Status Extraction Error: HTTP communication issue';
  const o = observing(running, { cluster: aCluster(running, { phase, readyInstances: 0 }) });
  const begun = but(o, { addon: { ...running, status: think(o).status } });
  const deadline = testTime + 600_000;

  it.each([
    ['before its deadline is progress', deadline - 1, 'Reconciling'],
    ['at its deadline needs somebody', deadline, 'Stalled'],
  ])('%s', (_, at, type) => {
    const { status } = think(begun, {}, at);
    expect(said(status, 'Ready')).toBe('False InstanceUnreachable');
    expect(['Reconciling', 'Stalled'].filter((one) => find(status, one))).toEqual([type]);
  });

  it('begins anew when the spec changes', () => {
    const later = think(but(begun, { addon: changed(begun.addon, {}) }), {}, testTime + 60_000).status;
    expect(find(later, 'Reconciling')?.lastTransitionTime).toBe('2026-01-02T03:05:05Z');
    expect(find(think(begun, {}, testTime + 60_000).status, 'Reconciling')?.lastTransitionTime).toBe(
      '2026-01-02T03:04:05Z',
    );
  });
});

describe('Protected', () => {
  const sheltered = guarded(aRunningAddon({ mode: 'protected' }));
  const o = observingAll(sheltered, url);
  const backup = childIn(o, 'scheduledBackup');
  const owned = {
    ...backup,
    metadata: { ...backup.metadata, ownerReferences: aScheduledBackup(running).metadata.ownerReferences ?? [] },
  };
  const refused = refusing('scheduledBackup', 'Refused', 'apply');
  const ofFinalizer = withRefusal({}, setFinalizers(sheltered, []), { reason: 'Refused', message: 'no' });

  it.each<readonly [string, Observed, ActionResult, string | undefined]>([
    ['is claimed once nothing has an owner', o, {}, 'True Protected'],
    [
      'is not claimed while an owner reference may not be removed',
      but(o, { scheduledBackup: owned }),
      refused,
      'False Refused',
    ],
    ['is claimed although something else may not be changed', o, refused, 'True Protected'],
    ['is not claimed without the finalizer', observing(anAddon({ mode: 'protected' })), ofFinalizer, 'False Refused'],
    ['is not claimed while something essential is refused', o, refusing('cluster'), 'False Refused'],
    ['is nothing for another addon', observingAll(running, url), refusing('cluster'), undefined],
  ])('%s', (_, observed, result, expected) => expect(said(statusAfter(observed, result), 'Protected')).toBe(expected));

  it('is judged although its finalizer could not be removed, as is where the database is from', () => {
    const notes = { [annotations.formerUid]: 'former-uid' };
    const cluster = { ...childIn(o, 'cluster'), metadata: { ...childIn(o, 'cluster').metadata, annotations: notes } };
    const status = statusAfter(but(o, { cluster }), { ...refused, untried: ['ownership'] });
    expect([said(status, 'Adopted'), said(status, 'Protected')]).toEqual(['True Adopted', 'True Protected']);
    const owning = statusAfter(but(o, { cluster, scheduledBackup: owned }), refused);
    expect([said(owning, 'Adopted'), said(owning, 'Protected')]).toEqual(['True Adopted', 'False Refused']);
  });
});

describe('a lineage of backups', () => {
  const platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };
  const old = { serverName: 'db-team-a-shop-0', from: '2026-01-01T02:00:00Z', until: '2026-01-01T03:00:00Z' };
  const lineagesOf = (status: AddonStatus): readonly string[] | undefined =>
    status.backup?.lineages?.map(({ serverName }) => serverName);

  it.each([
    ['of the first Cluster', {}, []],
    ['after others', { backup: { lineages: [old] } }, [old.serverName]],
  ] satisfies [string, AddonStatus, string[]][])('%s is not recorded if that was refused', (_, before, lineages) => {
    const o = observing({ ...anAddon(), status: before }, { platform });
    const recorded = (result: ActionResult) => think(o, result).status;
    const names = lineagesOf(recorded({}));
    expect(names).toEqual([expect.stringMatching(/^db-team-a-shop-[0-9a-f]{8}$/), ...lineages]);
    const refused = recorded(refusing('cluster', 'QuotaExceeded'));
    expect([lineagesOf(refused) ?? [], refused.backup?.serverName]).toEqual([lineages, undefined]);
    expect([refused.backup?.requested, refused.backup?.store]).toEqual(['daily', undefined]);
    // It is of the Cluster, whatever is refused after it.
    const created = { ...refusing('urlSecret'), created: { cluster: 'cluster-uid' } };
    expect(lineagesOf(recorded(created))).toEqual(names);
  });
});

describe('the Cluster is described in status', () => {
  const fields = (o: Observed, result?: ActionResult) => {
    const { plan, version, image, clusterName, resources, endpoints } = statusAfter(o, result);
    return { plan, version, image, clusterName, resources, endpoints };
  };
  const nothing = {};
  const creating = observing(anAddon());
  const { status: _, ...lost } = running;
  const bare = { ...lost, status: { operator: testPlatform.operator } } as PostgresAddon;
  const pending = but(observingAll(running, url), { addon: changed(bare, { plan: 'pro' }) });

  it.each<readonly [string, Observed, ActionResult]>([
    ['if its creation was refused', creating, refusing('cluster')],
    ['if something before it was refused', creating, { ...refusing('urlSecret'), untried: ['database'] }],
    ['if the API server stored another one', creating, { altered: { cluster: changedBy } }],
    ['if status was lost, and the change of it refused', pending, refusing('cluster', 'Refused', 'apply')],
  ])('not %s', (_, o, result) => {
    expect(fields(o)).toMatchObject({
      plan: o.addon.spec.plan,
      version: '17',
      resources: { storage: expect.anything() },
    });
    expect(fields(o, result)).toEqual(nothing);
  });

  it('with the image that it has after the first of two writes', () => {
    const o = but(observingAll(running, url), { addon: changed(running, { plan: 'pro', version: '18' }) });
    const { image, version, plan } = statusAfter(o);
    expect([image, version, plan]).toEqual([running.status?.image, '17', 'pro']);
    const whole = but(o, { addon: changed(running, { version: '18' }) });
    expect(statusAfter(whole).version).toBe('18');
  });

  it.each(['mirror.example.com/postgres:17-bullseye', 'ghcr.io/cloudnative-pg/postgresql:18-standard-trixie'])(
    'with the last image that was written, not with %s that somebody else set and that the first of two writes keeps',
    (imageName) => {
      const live = aCluster(running);
      const cluster = { ...live, spec: { ...live.spec, imageName } };
      const { image, version, plan } = statusAfter(
        but(observingAll(running, url), { addon: changed(running, { plan: 'pro' }), cluster }),
      );
      expect([image, version, plan]).toEqual([running.status?.image, '17', 'pro']);
    },
  );
});

describe('a plan is not called applied', () => {
  const ill = { phase: 'Upgrading cluster', readyInstances: 0 };
  const pro = changed(running, { plan: 'pro' });

  it('while CNPG restarts the instances for it, although the process died before the status write', () => {
    const o = but(observingAll(pro, url), { addon: pro, cluster: aCluster(pro, ill) });
    expect(said(statusAfter(o), 'PlanApplied')).toBe('False Applying');
    const conditions = (running.status?.conditions ?? []).filter(({ type }) => type !== 'PlanApplied');
    const held = { ...conditions[0], type: 'PlanApplied', status: 'False', reason: 'Suspended' } as Condition;
    const freed = { ...running, status: { ...running.status, conditions: [...conditions, held] } };
    expect(
      said(
        statusAfter(but(observingAll(running, url), { addon: freed, cluster: aCluster(running, ill) })),
        'PlanApplied',
      ),
    ).toBe('False Applying');
    // A restart without a change says nothing of the plan.
    expect(said(statusAfter(but(observingAll(running, url), { cluster: aCluster(running, ill) })), 'PlanApplied')).toBe(
      'True Applied',
    );
  });

  it('in a Cluster that takes the place of another one, before that is ready', () => {
    const first = statusAfter(observing(running));
    expect(said(first, 'PlanApplied')).toBe('False Creating');
    const { currentPrimary: _, ...status } = aCluster(running, ill).status;
    const bare = { ...aCluster(running, ill), status };
    expect(said(statusAfter(observing(running, { cluster: bare })), 'PlanApplied')).toBe('False Creating');
    const begun = observing({ ...running, status: first }, { cluster: aCluster(running, ill) });
    expect(said(statusAfter(begun), 'PlanApplied')).toBe('False Creating');
  });
});

describe('what was not attempted because of a refusal', () => {
  const edited = { ...aCluster(running), spec: { ...aCluster(running).spec, enablePDB: true } };
  const source = { kind: 'found', object: aSource(edited) } as const;
  const o = observing(running, { cluster: edited, scheduledBackup: aScheduledBackup(running), source });
  const refused: ActionResult = { ...refusing('cluster', 'Refused', 'apply'), untried: ['credentials'] };

  it('stays as it was if it exists', () => {
    const urlSecret = aUrlSecret(running, 'postgresql://old');
    expect(said(statusAfter(but(o, { urlSecret }), refused), 'CredentialsPublished')).toBe('True Published');
  });

  it('is no longer claimed if it does not', () => {
    const status = statusAfter(but(o, { urlSecret: { kind: 'absent' } }), refused);
    expect(said(status, 'CredentialsPublished')).toBe('False Refused');
    expect(said(status, 'BackupReady')).toBe('False NoObjectStore');
  });
});

it('a suspended addon of which nothing was applied names no generation', () => {
  const { conditions = [], ...status } = statusAfter(observing(anAddon({ suspend: true })));
  expect(conditions.length).toBeGreaterThan(0);
  for (const one of [status, ...conditions]) expect(one).not.toHaveProperty('observedGeneration');
});
