// CloudNativePG or the Barman Cloud plugin is missing, gets installed, and is removed again while the operator runs. The test has a cluster of
// its own, because it removes their CRDs.
import { describe, expect, it } from '@jest/globals';
import { customResourceDefinitions, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { cnpgCrds, pluginCrds } from '../../hack/toolchain/manifests.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { environmentWith, oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf } from '../harness/views.ts';

const suite = useSuite({ cluster: 'it-bare', withOperator: false, takeDown: true });

const ofCnpg = [clusterGvr, scheduledBackupGvr];

async function uninstall(kinds: readonly Gvr[]): Promise<void> {
  const { client } = suite();
  for (const { plural, group } of kinds)
    await client.remove(customResourceDefinitions, undefined, `${plural}.${group}`);
  // The API server's finalizer of CRDs does not come back for five minutes when its own status update meets a conflict, which happens when it
  // tries again right after a failure: the kind's storage is not ready, or an object was created just before new ones were refused
  // (crd_finalizer.go). Any change of the CRD but that of its Terminating condition wakes it, so one that stands still is annotated.
  const seen = new Map<string, { version: string | undefined; at: number }>();
  await eventually(
    'the end of the kinds',
    async () => {
      const left: string[] = [];
      for (const { plural, group } of kinds) {
        const name = `${plural}.${group}`;
        const crd = await client.get(customResourceDefinitions, undefined, name);
        if (crd === undefined) continue;
        left.push(`${name}: ${JSON.stringify(conditionOf(crd, 'Terminating') ?? 'not Terminating')}`);
        const version = crd.metadata.resourceVersion;
        const before = seen.get(name);
        if (before?.version !== version) seen.set(name, { version, at: Date.now() });
        else if (Date.now() - before.at > 5_000)
          await client.patch(customResourceDefinitions, undefined, name, {
            metadata: { annotations: { again: `${Date.now()}` } },
          });
      }
      expect(left).toEqual([]);
    },
    { everyMilliseconds: 500 },
  );
}

async function install(kinds: readonly Gvr[]): Promise<void> {
  const files = [...(await cnpgCrds(() => undefined)), ...(await pluginCrds(() => undefined))];
  for (const { plural, group } of kinds) {
    const file = files.find((path) => path.includes(`${plural}.${group}`));
    expect(await suite().kubectl(['apply', '--server-side', '--filename', file ?? ''])).toMatchObject({ code: 0 });
  }
}

describe('without the kinds of CNPG', () => {
  it('the operator runs and says what is missing, until they come; and again when they go', async () => {
    const { addons, client } = suite();
    await uninstall(ofCnpg);
    const operator = await suite().startOperator();
    await operator.untilReady();
    const namespace = await suite().namespace();
    const made = await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'CNPGNotInstalled');
    expect(reported.status?.phase).toBe('creating');
    expect(conditionOf(reported, 'Ready')?.message).toMatch(/postgresql\.cnpg\.io.*install CloudNativePG/);
    expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason: 'CNPGNotInstalled' });

    await install(ofCnpg);
    // Without a restart: each watch looks again within 5 s.
    const running = await suite().untilRunning(namespace, 'shop');
    expect(running.metadata.uid).toBe(made.metadata.uid);
    expect(conditionOf(running, 'Stalled')).toBeUndefined();

    const url = await client.get(secrets, namespace, 'app-shop-database-url');
    await uninstall(ofCnpg);
    const again = await addons.until(
      namespace,
      'shop',
      'CNPGNotInstalled',
      (state) => conditionOf(state, 'Ready')?.reason === 'CNPGNotInstalled',
    );
    expect(again.status?.phase).toBe('provisioning');
    expect(again.status?.ready_at).toBe(running.status?.ready_at);
    // What the app needs to log in is not taken away because a kind is.
    expect((await client.get(secrets, namespace, 'app-shop-database-url'))?.metadata.uid).toBe(url?.metadata.uid);
    expect(operator.exit).toBeUndefined();

    await install(ofCnpg);
    await suite().untilRunning(namespace, 'shop');
    expect(operator.exit).toBeUndefined();
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });
});

describe('without the kind of the Barman Cloud plugin', () => {
  it('a database comes up, and says what its backups lack, until the plugin is installed; and again when it goes', async () => {
    await uninstall([objectStoreGvr]);
    const environment = await environmentWith(suite().cluster, oneStore);
    const operator = await suite().startOperator({ environment });
    await operator.untilReady();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const running = await suite().untilRunning(namespace, 'shop');
    const missing = await suite().untilReason(namespace, 'shop', 'BackupReady', 'PluginMissing');
    expect(conditionOf(missing, 'BackupReady')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/barmancloud\.cnpg\.io.*install the Barman Cloud plugin/),
    });
    expect(conditionOf(missing, 'Ready')).toMatchObject({ status: 'True' });
    expect(conditionOf(missing, 'Stalled')).toBeUndefined();
    expect(at(missing.status, 'backup', 'effective')).toBe('none');

    await install([objectStoreGvr]);
    // Without a restart, and without a change of the addon.
    const backedUp = await suite().untilSettled(namespace, 'shop');
    expect(conditionOf(backedUp, 'BackupReady')).toMatchObject({ status: 'True' });
    expect(backedUp.status?.ready_at).toBe(running.status?.ready_at);

    await uninstall([objectStoreGvr]);
    const gone = await suite().untilReason(namespace, 'shop', 'BackupReady', 'PluginMissing');
    expect(gone.status?.phase).toBe('running');
    expect(conditionOf(gone, 'Ready')).toMatchObject({ status: 'True' });
    await install([objectStoreGvr]);
    expect(operator.exit).toBeUndefined();
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });
});
