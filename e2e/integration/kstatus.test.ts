// What Flux and `helm --wait` take an addon for, at each transition of its life: finished only once a login has succeeded, failed only while
// the operator calls it stalled.
import { expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { clusterOf } from '../harness/database.ts';
import { kstatusOf } from '../harness/kstatus.ts';
import { holdPlanChange } from '../harness/plan-change.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

/** What kstatus made of the states since `from`, without repetitions, each with its reason where it is no progress. */
function courseSince(namespace: string, from: number): readonly string[] {
  const named = (state: LiveObject): string => {
    const kstatus = kstatusOf(state);
    return kstatus === 'Failed' ? `${kstatus}: ${conditionOf(state, 'Stalled')?.reason}` : kstatus;
  };
  const all = suite().addons.of(namespace, 'shop').slice(from).map(named);
  return all.filter((one, index) => one !== all[index - 1]);
}
const seen = (namespace: string): number => suite().addons.of(namespace, 'shop').length;

it('a new addon is in progress until a login has succeeded, even while CloudNativePG calls its database healthy', async () => {
  const namespace = await suite().namespace();
  suite().databases.trouble(namespace, clusterOf(namespace), 'reset');
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  expect(suite().addons.of(namespace, 'shop')[0]?.status).toEqual({ observedGeneration: -1 });
  await suite().addons.until(
    namespace,
    'shop',
    'a login that failed',
    (state) => conditionOf(state, 'Connectable')?.status === 'False',
  );
  expect(courseSince(namespace, 0)).not.toContain('Current');
  suite().databases.relieve(namespace, clusterOf(namespace));
  const isReady = ['wait', 'pga/shop', '--namespace', namespace, '--for=condition=Ready', '--timeout=1m'];
  expect(await suite().kubectl(isReady)).toMatchObject({ code: 0 });
  expect(suite().databases.loginsTo(namespace, clusterOf(namespace))).toBeGreaterThan(0);
  await suite().untilRunning(namespace, 'shop');
  expect(courseSince(namespace, 0).at(-1)).toBe('Current');
});

it('a change of plan is in progress from the change of the spec on, until the new plan runs', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  await suite().untilRunning(namespace, 'shop');
  expect(courseSince(namespace, 0)).toEqual(['InProgress', 'Current']);
  const before = seen(namespace);
  const cluster = await holdPlanChange(suite(), namespace);
  await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applying');
  expect(courseSince(namespace, before)).toEqual(['InProgress']);
  suite().simulator.release(namespace, cluster);
  await suite().untilSettled(namespace, 'shop');
  expect(courseSince(namespace, before)).toEqual(['InProgress', 'Current']);
});

it('a spec that is refused has failed, and recovers with the correction', async () => {
  const namespace = await suite().namespace();
  const backup = { storeRef: { name: 'mane' } };
  await suite().createAddon(namespace, 'shop', { plan: 'standard', backup });
  await suite().untilReason(namespace, 'shop', 'Ready', 'InvalidSpec');
  expect(courseSince(namespace, 0)).toEqual(['InProgress', 'Failed: InvalidSpec']);
  const before = seen(namespace);
  await suite().patchAddon(namespace, 'shop', { backup: null });
  await suite().untilRunning(namespace, 'shop');
  expect(courseSince(namespace, before)).toEqual(['InProgress', 'Current']);
});

it('a failover is in progress, and a hibernated Cluster has failed as long as it sleeps', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'pro' });
  await suite().untilSettled(namespace, 'shop');
  const before = seen(namespace);
  suite().simulator.killPrimary(namespace, clusterOf(namespace));
  await suite().addons.until(namespace, 'shop', 'its end', ({ status }) => status?.phase === 'provisioning');
  await suite().untilRunning(namespace, 'shop');
  expect(courseSince(namespace, before)).toEqual(['InProgress', 'Current']);

  const asleep = seen(namespace);
  const hibernate = (value: string | null) =>
    suite().client.patch(clusterGvr, namespace, clusterOf(namespace), {
      metadata: { annotations: { 'cnpg.io/hibernation': value } },
    });
  await hibernate('on');
  await suite().untilReason(namespace, 'shop', 'Stalled', 'Hibernated');
  expect(courseSince(namespace, asleep).at(-1)).toBe('Failed: Hibernated');
  await hibernate(null);
  await suite().untilRunning(namespace, 'shop');
  expect(courseSince(namespace, asleep).at(-1)).toBe('Current');
});

it('an addon that is suspended is finished as it is, and a change waits in progress until it is resumed', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  await suite().untilRunning(namespace, 'shop');
  const before = seen(namespace);
  await suite().patchAddon(namespace, 'shop', { suspend: true });
  await suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');
  expect(courseSince(namespace, before).at(-1)).toBe('Current');
  const changed = seen(namespace);
  await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
  await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Suspended');
  expect(courseSince(namespace, changed)).toEqual(['InProgress']);
  await suite().patchAddon(namespace, 'shop', { suspend: false });
  await suite().untilSettled(namespace, 'shop');
  expect(courseSince(namespace, changed)).toEqual(['InProgress', 'Current']);
});

it('an addon that adopts a database is in progress until a login has succeeded', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
  await suite().untilRunning(namespace, 'shop');
  await suite().client.remove(addonGvr, namespace, 'shop');
  await suite().addons.untilGone(namespace, 'shop');
  const before = seen(namespace);
  await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
  await suite().untilRunning(namespace, 'shop');
  expect(courseSince(namespace, before)).toEqual(['InProgress', 'Current']);
});

it.each([
  ['a standard addon, deleted in the foreground', 'standard', 'Foreground'],
  ['a protected one, released by the operator', 'protected', 'Background'],
] as const)('%s is terminating to the end', async (_, mode, propagation) => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'free', mode });
  await suite().untilRunning(namespace, 'shop');
  const before = seen(namespace);
  await suite().client.remove(addonGvr, namespace, 'shop', propagation);
  await suite().addons.untilGone(namespace, 'shop');
  expect(courseSince(namespace, before)).toEqual(['Terminating']);
});
