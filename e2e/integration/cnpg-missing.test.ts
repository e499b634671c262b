// CloudNativePG is missing, gets installed, and is removed again while the operator runs. The test has a cluster of its own, because it
// removes the CRDs of CNPG.
import { describe, expect, it } from '@jest/globals';
import { customResourceDefinitions, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { cnpgCrds } from '../../hack/toolchain/manifests.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf } from '../harness/views.ts';

const suite = useSuite({ cluster: 'it-bare', withOperator: false, takeDown: true });

const kinds = [clusterGvr, scheduledBackupGvr];

async function uninstall(): Promise<void> {
  const { client } = suite();
  for (const { plural, group } of kinds)
    await client.remove(customResourceDefinitions, undefined, `${plural}.${group}`);
  // An object created just before the API server refuses new ones makes it wait a minute for the object's end. It then tries once more, and
  // if it loses a conflict with its own status update, not again for five minutes unless the CRD changes (crd_finalizer.go).
  await eventually(
    'the end of the kinds of CNPG',
    async () => {
      for (const { plural, group } of kinds) {
        const name = `${plural}.${group}`;
        const crd = await client.get(customResourceDefinitions, undefined, name);
        const terminating = crd === undefined ? undefined : (conditionOf(crd, 'Terminating') ?? { reason: 'not yet' });
        if (terminating?.reason === 'InstanceDeletionCheck')
          await client.patch(customResourceDefinitions, undefined, name, {
            metadata: { annotations: { again: `${Date.now()}` } },
          });
        expect(terminating).toBeUndefined();
      }
    },
    { timeoutMilliseconds: 150_000, everyMilliseconds: 500 },
  );
}

async function install(): Promise<void> {
  for (const { plural, group } of kinds) {
    const file = (await cnpgCrds(() => undefined)).find((path) => path.endsWith(`${plural}.${group}.yaml`));
    expect(await suite().kubectl(['apply', '--server-side', '--filename', file ?? ''])).toMatchObject({ code: 0 });
  }
}

describe('without the kinds of CNPG', () => {
  it('the operator runs and says what is missing, until they come; and again when they go', async () => {
    const { addons, client } = suite();
    await uninstall();
    const operator = await suite().startOperator();
    await operator.untilReady();
    const namespace = await suite().namespace();
    const made = await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'CNPGNotInstalled');
    expect(reported.status?.phase).toBe('creating');
    expect(conditionOf(reported, 'Ready')?.message).toMatch(/postgresql\.cnpg\.io.*install CloudNativePG/);
    expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason: 'CNPGNotInstalled' });

    await install();
    // Without a restart: each watch looks again within 5 s.
    const running = await suite().untilRunning(namespace, 'shop');
    expect(running.metadata.uid).toBe(made.metadata.uid);
    expect(conditionOf(running, 'Stalled')).toBeUndefined();

    const url = await client.get(secrets, namespace, 'app-shop-database-url');
    await uninstall();
    const again = await addons.until(
      namespace,
      'shop',
      'CNPGNotInstalled',
      (state) => conditionOf(state, 'Ready')?.reason === 'CNPGNotInstalled',
      90_000,
    );
    expect(again.status?.phase).toBe('provisioning');
    expect(again.status?.ready_at).toBe(running.status?.ready_at);
    // What the app needs to log in is not taken away because a kind is.
    expect((await client.get(secrets, namespace, 'app-shop-database-url'))?.metadata.uid).toBe(url?.metadata.uid);
    expect(operator.exit).toBeUndefined();

    await install();
    await suite().untilRunning(namespace, 'shop');
    expect(operator.exit).toBeUndefined();
    expect(await operator.stop()).toMatchObject({ code: 0 });
  }, 450_000);
});
