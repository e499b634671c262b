// Objects that a backup tool put back: an addon with the status of an earlier object, and a namespace whose objects lost their owners.
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { addonManifest, childrenIn, clusterOf, type Database, databaseOf, placesOf } from '../harness/database.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite();

const spec: AddonSpec = { plan: 'standard' };
const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);

beforeEach(async () => {
  if (suite().operator.exit !== undefined) await (await suite().startOperator()).untilReady();
});

/** An addon that runs, while no operator does. */
async function thenStopped(): Promise<{ readonly namespace: string; readonly addon: LiveObject }> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', spec);
  const addon = await suite().untilRunning(namespace, 'shop');
  await suite().operator.stop();
  return { namespace, addon };
}

/** What a backup tool puts back of an object. */
function restored({
  metadata,
  status: _,
  ...rest
}: LiveObject): Parameters<ReturnType<typeof suite>['client']['create']>[1] {
  const { name, namespace, labels, annotations } = metadata;
  return { ...rest, metadata: { name, namespace, labels, annotations } };
}

describe('a restored status', () => {
  it('of an earlier object is no evidence: nothing is claimed before it is seen', async () => {
    const { namespace, addon } = await thenStopped();
    const { client, simulator } = suite();
    await client.remove(addonGvr, namespace, 'shop', 'Foreground');
    await suite().addons.untilGone(namespace, 'shop');
    simulator.hold(namespace, clusterOf(namespace));
    const made = await client.create(addonGvr, addonManifest(namespace, 'shop', spec));
    await client.patch(addonGvr, namespace, 'shop', { status: { ...addon.status, observedGeneration: 7 } }, 'status');
    await suite().startOperator();
    const isNew = ({ metadata, status }: LiveObject): boolean =>
      metadata.uid === made.metadata.uid && status?.uid === made.metadata.uid;
    const seen = await suite().addons.until(namespace, 'shop', 'a status of its own', isNew);
    expect(seen.status).toMatchObject({ phase: 'creating', observedGeneration: 1, clusterName: clusterOf(namespace) });
    expect(seen.status).not.toHaveProperty('ready_at');
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'Creating' });
    simulator.release(namespace, clusterOf(namespace));
    await suite().untilRunning(namespace, 'shop');
  });

  it('of a later generation is no evidence either, and the truth can be written', async () => {
    const { namespace, addon } = await thenStopped();
    const { client } = suite();
    const [gvr, name] = placesOf(namespace).cluster;
    await client.patch(gvr, namespace, name, { status: { phase: 'Setting up primary', readyInstances: 0 } }, 'status');
    await client.patch(addonGvr, namespace, 'shop', { status: { observedGeneration: 7 } }, 'status');
    await suite().startOperator();
    const isWritten = ({ status }: LiveObject): boolean => status?.observedGeneration === 1;
    const seen = await suite().addons.until(namespace, 'shop', 'a status of this generation', isWritten);
    expect(seen.status).toMatchObject({ phase: 'provisioning', ready_at: addon.status?.ready_at });
    expect(conditionOf(seen, 'Ready')?.status).toBe('False');
  });

  it('leaves no condition of another manager behind', async () => {
    const { namespace } = await thenStopped();
    const condition = { type: 'Stalled', status: 'True', reason: 'Old', message: 'old' };
    const stalled = { ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' };
    const { apiVersion, kind, metadata } = addonManifest(namespace, 'shop', spec);
    const applied = await suite().kubectl(
      ['apply', '--server-side', '--subresource=status', '--field-manager=velero', '--filename=-'],
      JSON.stringify({ apiVersion, kind, metadata, status: { conditions: [stalled] } }),
    );
    expect(applied).toMatchObject({ code: 0 });
    await suite().startOperator();
    await suite().addons.until(namespace, 'shop', 'no Stalled', (state) => conditionOf(state, 'Stalled') === undefined);
  });
});

it('a namespace restored without owner references: the addon adopts what is its own', async () => {
  const { namespace, addon } = await thenStopped();
  const { client } = suite();
  const before = await database(namespace);
  await client.remove(addonGvr, namespace, 'shop', 'Foreground');
  await eventually('the end of everything', async () => {
    expect(childrenIn(await database(namespace))).toEqual([]);
    expect((await database(namespace)).source).toBeUndefined();
  });
  const places = placesOf(namespace);
  for (const part of ['source', 'urlSecret', 'scheduledBackup', 'cluster'] as const) {
    const object = before[part];
    if (object !== undefined) await client.create(places[part][0], restored(object));
  }
  const made = await client.create(addonGvr, addonManifest(namespace, 'shop', spec));
  await client.patch(addonGvr, namespace, 'shop', { status: addon.status ?? {} }, 'status');
  await suite().startOperator();
  const isItsOwn = (state: LiveObject): boolean => state.metadata.uid === made.metadata.uid && isRunning(state);
  await suite().addons.until(namespace, 'shop', 'phase running', isItsOwn);
});
