// What is observed when live reads fail: one that only explains never stops an action.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { decide } from '../domain/decide.ts';
import type { Observed } from '../domain/observed.ts';
import { aCluster, aRunningAddon, changed, summary, testPlatform, testTime } from '../domain/testing.ts';
import { ApiError } from '../kube/errors.ts';
import type { ApiRequest, Transport } from '../kube/transport.ts';
import { ManualClock } from '../testing/clock.ts';
import { clientsOf } from './clients.ts';
import { DeletedAddons } from './deleted-addons.ts';
import type { Dependencies } from './dependencies.ts';
import { observe } from './observe.ts';
import { Resync } from './resync.ts';

const away = (): never => {
  throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });
};

/** Observes `team-a/shop` and its Cluster, with an API server that answers reads by `answer`. */
function observing(addon: PostgresAddon, answer: (request: ApiRequest) => unknown): Promise<Observed | undefined> {
  const cached = <T extends KubeObject>(object?: T) => ({
    get: () => object,
    inNamespace: () => [],
    record: () => {},
    forget: () => {},
  });
  const clock = new ManualClock();
  const cluster = aCluster(aRunningAddon(), { phase: 'Setting up primary', readyInstances: 0 });
  const transport: Transport = { request: async (request) => answer(request), lines: away, close: async () => {} };
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => log };
  const deps: Dependencies = {
    platform: testPlatform,
    clock: { ...clock, now: () => testTime, monotonic: () => 0, after: () => () => {} },
    log,
    caches: { addons: cached(addon), clusters: cached(cluster), scheduledBackups: cached() },
    sees: () => true,
    schema: { missing: [], ofStatus: undefined },
    otherOperators: { isGone: () => false },
    heldAddons: { report: () => {}, forget: () => {} },
    availability: () => ({ addons: 'served', clusters: 'served', scheduledBackups: 'served' }),
    api: clientsOf(transport),
    login: async () => ({ kind: 'unchecked' }),
    resync: new Resync(clock, () => 0.5, 1000),
    deletedAddons: new DeletedAddons(cached()),
    mayWrite: () => true,
    announce: () => {},
  };
  return observe('team-a/shop', deps);
}

/** Published, then not ready for long enough to look for the cause, and asked for a plan with a larger disk, which was not written yet. */
function stuckAddon(): PostgresAddon {
  const addon = changed(aRunningAddon(), { plan: 'pro' });
  const { conditions = [], ...status } = addon.status ?? {};
  const since = new Date(testTime - 3_600_000).toISOString().replace('.000', '');
  return {
    ...addon,
    status: {
      ...status,
      phase: 'provisioning',
      conditions: [
        ...conditions.map((one) => (one.type === 'Ready' ? { ...one, status: 'False' as const } : one)),
        {
          type: 'Stalled',
          status: 'True',
          reason: 'TakingTooLong',
          message: 'the database is still not ready',
          ...(addon.metadata.generation === undefined ? {} : { observedGeneration: addon.metadata.generation }),
          lastTransitionTime: since,
        },
      ],
    },
  };
}

/** The resource that a path is about. */
const about = ({ path }: ApiRequest): string | undefined =>
  /\/(secrets|pods|events|persistentvolumeclaims|storageclasses|clusters)/.exec(path)?.[1];

describe('a plan change', () => {
  const notFound = (): never => {
    throw new ApiError({ code: 404, reason: 'NotFound', message: 'not found' });
  };

  it.each([
    [['pods', 'events', 'persistentvolumeclaims', 'storageclasses', 'clusters']],
    [['pods']],
    [['events']],
    [['persistentvolumeclaims']],
    [['clusters']],
  ])('is applied while %s cannot be read', async (failing) => {
    const asked: string[] = [];
    const observed = await observing(stuckAddon(), (request) => {
      const what = about(request) ?? '';
      asked.push(what);
      if (what === 'secrets') return notFound();
      return failing.includes(what) || what === 'clusters' ? away() : { metadata: { resourceVersion: '1' }, items: [] };
    });
    expect(asked).toEqual(expect.arrayContaining(['pods', 'events', 'persistentvolumeclaims', 'clusters']));
    if (observed === undefined) throw new Error('nothing was observed');
    const decision = decide(observed, testTime);
    expect(summary(decision.actions)).toContain('apply Cluster');
    expect(decision.conditions.PlanApplied).toMatchObject({ reason: 'Applying' });
    expect(decision.ready.reason).toBe('TakingTooLong');
    expect(JSON.stringify(decision)).not.toContain('not permitted');
  });

  it('waits for the Secrets, on which writes depend', async () => {
    await expect(observing(stuckAddon(), away)).rejects.toMatchObject({ code: 503 });
  });
});
