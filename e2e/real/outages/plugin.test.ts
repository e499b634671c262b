// The Barman Cloud plugin is away for three minutes: no database is taken down by it, and what it means is said. It runs alone, since every
// database with backups needs the plugin.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { cnpgNamespace } from '../../../hack/cluster/manifests.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import { conditionOf, isRunning } from '../../harness/views.ts';
import { useReal } from '../real.ts';

const real = useReal();
const deployment = ['--namespace', cnpgNamespace, 'deployment/barman-cloud'];
const spec = { plan: 'standard', backup: { storeRef: { name: storeName } } } as const;
const away = 180_000;
let namespace = '';
let since = 0;
/** When it is ready again. */
let back = 0;

async function scale(replicas: 0 | 1): Promise<void> {
  await real().kubectl(['scale', ...deployment, `--replicas=${replicas}`]);
  await real().kubectl(['rollout', 'status', ...deployment, '--timeout=10m']);
}

beforeAll(async () => {
  namespace = await real().namespace('plugin');
  await real().client.apply(storeSecret(real().cluster, namespace));
  await real().apply(namespace, 'living', spec);
  await real().reason(namespace, 'living', 'BackupReady', 'InForce');
  real().atEnd(() => scale(1));
  await scale(0);
  since = Date.now();
});

describe('while the plugin is away', () => {
  it('a database stays ready, as each login proves, and says that nothing fails over', async () => {
    const state = await real().reason(namespace, 'living', 'BackupReady', 'PluginUnavailable');
    expect(conditionOf(state, 'BackupReady')?.message).toContain('nothing fails over');
    expect(conditionOf(state, 'Provisioned')?.reason).toBe('PluginUnavailable');
    await real().event(namespace, 'living', 'PluginUnavailable');
  });

  it('a new database waits for it and says so, and comes up once it responds', async () => {
    await real().apply(namespace, 'new', spec);
    const state = await real().reason(namespace, 'new', 'Ready', 'PluginMissing');
    expect(conditionOf(state, 'Stalled')?.status).toBe('True');
    // How long it is away is the fault itself.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, since + away - Date.now())));
    await scale(1);
    back = Date.now();
    await real().reason(namespace, 'new', 'BackupReady', 'InForce');
  });

  it('and within a minute after it is ready again, nothing is said of it any more', async () => {
    const types = ['Provisioned', 'BackupReady'];
    const isOver = (state: LiveObject): boolean => types.every((type) => conditionOf(state, type)?.status === 'True');
    const state = await real().addons.until(namespace, 'living', 'the end of PluginUnavailable', isOver);
    for (const type of types) {
      const cleared = Date.parse(conditionOf(state, type)?.lastTransitionTime ?? '');
      expect(cleared).toBeGreaterThan(since);
      expect((cleared - back) / 1000).toBeLessThanOrEqual(60);
    }
  });

  it('and the database was never called anything else than running', () => {
    const states = real().addons.of(namespace, 'living');
    const phases = states
      .slice(states.findIndex(isRunning))
      .map(({ status }) => [status?.phase, conditionOf({ status } as LiveObject, 'Ready')?.status]);
    expect(new Set(phases.map((phase) => phase.join(' ')))).toEqual(new Set(['running True']));
  });
});
