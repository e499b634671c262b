// A database that does not become ready reports the cause and the next step, and becomes ready automatically once the cause is resolved.
// All causes are present at the same time, and other addons are unaffected.
//
// | row of the seeds' tables                                              | here                                   |
// |-----------------------------------------------------------------------|----------------------------------------|
// | S0 failure 1: "creating for >5 min": image pull                       | image                                  |
// | S0 failure 1: "creating for >5 min": PVC binding                      | class, storage                         |
// | S0 failure 2: "provisioning" that persists                            | settings; failover.test.ts             |
// | S0 failure 3: no DATABASE_URL, "failed silently"                      | secrets; credentials.test.ts           |
// | S2 1: a step after the provisioning fails; what was made is left over | secrets                                |
// | S2 2: an addon removed from the file; S2 4: a stale DATABASE_URL      | protection.test.ts                     |
// | S2 3: locality; S2 5: larger plans                                    | secrets (status); plans.test.ts        |
// | S4 "Setting up primary": PVC binding, image pull                      | class, image                           |
// | S4 "PVC full"                                                         | volume                                 |
// | S4 "CNPG operator logs"                                               | outages/cnpg-down.test.ts              |
// | S4 "Backup failing"                                                   | no backups yet: BackupReady says so    |
import { beforeAll, describe, expect, it } from '@jest/globals';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { conditionOf, isRunning } from '../../harness/views.ts';
import { belongingsOf, clusterName } from '../belongings.ts';
import { addonName, type Cause, causes } from '../causes.ts';
import { inTurn } from '../in-turn.ts';
import { lift } from '../policies.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
const namespaces = new Map<string, string>();
const namespaceOf = (cause: Cause): string => namespaces.get(cause.name) ?? '';
const named = causes.map((cause) => [cause.name, cause] as const);

beforeAll(async () => {
  await Promise.all(
    causes.map(async (cause) => {
      const namespace = await real().namespace(cause.name);
      namespaces.set(cause.name, namespace);
      real().atEnd(() => clear(cause, namespace));
      await cause.bring?.(real(), namespace);
    }),
  );
  await inTurn(causes, 5, async (cause) => {
    const namespace = namespaceOf(cause);
    await real().apply(namespace, addonName, cause.spec ?? { plan: 'free' });
    if (cause.ruin === undefined) return;
    await real().running(namespace, addonName);
    await cause.ruin(real(), namespace);
  });
});

/** Leaves nothing outside of the namespace. */
async function clear(cause: Cause, namespace: string): Promise<void> {
  await lift(real(), namespace);
  if (cause.cleanUp === undefined) return;
  await real().kubectl([
    'delete',
    'pga',
    addonName,
    '--namespace',
    namespace,
    '--cascade=foreground',
    '--ignore-not-found',
  ]);
  await cause.cleanUp(real(), namespace);
}

describe('a database that cannot come up', () => {
  it.each(named)('reports the cause: %s', async (_, cause) => {
    const namespace = namespaceOf(cause);
    const addon = await real().reason(namespace, addonName, 'Ready', cause.reason);
    expect(conditionOf(addon, 'Ready')?.status).toBe('False');
    const message = conditionOf(addon, 'Ready')?.message ?? '';
    for (const word of cause.words(namespace)) expect(message).toMatch(word);
    expect(addon.status?.phase).toBe(cause.ruin === undefined ? 'creating' : 'provisioning');
    expect(await real().event(namespace, addonName, cause.reason)).toMatchObject({ type: 'Warning' });
  });

  it('leaves nothing without an owner when a later step is refused, and says where it runs', async () => {
    const namespace = namespaces.get('secrets') ?? '';
    const { cluster, urlSecret } = await belongingsOf(real(), namespace, addonName);
    const addon = await real().reason(namespace, addonName, 'Ready', 'QuotaExceeded');
    expect(urlSecret).toBeUndefined();
    expect(cluster?.metadata.ownerReferences).toMatchObject([{ uid: addon.metadata.uid, controller: true }]);
    expect(addon.status).toMatchObject({ locality: 'OnCluster', clusterName: clusterName(namespace, addonName) });
  });

  it.each(named.filter(([, cause]) => cause.ruin === undefined))(
    'is stalled with its cause after five minutes of creating: %s',
    async (_, cause) => {
      const namespace = namespaceOf(cause);
      const addon = await real().reason(namespace, addonName, 'Stalled', cause.reason);
      expect(conditionOf(addon, 'Stalled')?.status).toBe('True');
      for (const word of cause.words(namespace)) expect(conditionOf(addon, 'Ready')?.message).toMatch(word);
    },
  );
});

describe('once the cause is gone', () => {
  beforeAll(async () => {
    await Promise.all(causes.map((cause) => cause.remove(real(), namespaceOf(cause))));
  });

  it.each(named)(
    'the database comes up by itself, and nothing of the trouble is said any more: %s',
    async (_, cause) => {
      const namespace = namespaceOf(cause);
      // What was refused is requested again within ten minutes.
      const addon = await real().addons.until(namespace, addonName, 'phase running', isRunning, minutes(12));
      expect(conditionOf(addon, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
      expect(conditionOf(addon, 'Stalled')).toBeUndefined();
      const cluster = await real().client.get(clusterGvr, namespace, clusterName(namespace, addonName));
      expect(cluster?.status).toMatchObject({ readyInstances: 1 });
    },
  );
});
