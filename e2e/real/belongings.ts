// Collects the objects of an addon, for tests that they were kept unchanged or all deleted.
import type { LiveObject } from '../../hack/cluster/client.ts';
import { persistentVolumes, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import { podGvr, volumeClaimGvr } from '../../src/api/workload.ts';
import { secretText } from '../harness/views.ts';
import type { Real } from './real.ts';

export interface Belongings {
  readonly cluster: LiveObject | undefined;
  readonly scheduledBackup: LiveObject | undefined;
  readonly secret: LiveObject | undefined;
}

export const clusterName = (namespace: string, addon: string): string => `db-${namespace}-${addon}`;
export const secretName = (addon: string): string => `app-${addon}-database-url`;

/** The children of an addon whose appId is its name. */
export async function childrenOf({ client }: Real, namespace: string, addon: string): Promise<Belongings> {
  const cluster = clusterName(namespace, addon);
  return {
    cluster: await client.get(clusterGvr, namespace, cluster),
    scheduledBackup: await client.get(scheduledBackupGvr, namespace, `${cluster}-daily`),
    secret: await client.get(secrets, namespace, secretName(addon)),
  };
}

/** What an application would notice if it changed: which objects these are, the instances that run, and the URL. */
export async function identityOf(real: Real, namespace: string, addon: string): Promise<object> {
  const children = await childrenOf(real, namespace, addon);
  const own = `cnpg.io/cluster=${clusterName(namespace, addon)}`;
  const instances = await real.client.list(podGvr, namespace, `${own},cnpg.io/podRole=instance`);
  const claims = await real.client.list(volumeClaimGvr, namespace, own);
  const [app] = await real.client.list(podGvr, namespace, `app=${addon}`);
  return {
    cluster: children.cluster?.metadata.uid,
    scheduledBackup: children.scheduledBackup?.metadata.uid,
    secret: children.secret?.metadata.uid,
    url: secretText(children.secret, 'DATABASE_URL'),
    instances: instances.map(({ metadata }) => metadata.uid).sort(),
    claims: claims.map(({ metadata }) => metadata.uid).sort(),
    app: [app?.metadata.uid, JSON.stringify(app?.status?.containerStatuses ?? '').match(/"restartCount":\d+/)?.[0]],
  };
}

/** Waits until nothing of the addon is left: neither its children, nor what CNPG made for them, nor a volume. */
export async function untilNothingIsLeft(real: Real, namespace: string, addon: string): Promise<void> {
  const own = `cnpg.io/cluster=${clusterName(namespace, addon)}`;
  const patience = { timeoutMilliseconds: 180_000, everyMilliseconds: 500 };
  await eventually(
    `the garbage collector to remove everything of ${namespace}/${addon}`,
    async () => {
      const { client } = real;
      const kinds = [podGvr, volumeClaimGvr, secrets];
      const children = Object.values(await childrenOf(real, namespace, addon)).filter((child) => child !== undefined);
      const made = (await Promise.all(kinds.map((gvr) => client.list(gvr, namespace, own)))).flat();
      const volumes = (await client.list(persistentVolumes)).filter((volume) =>
        JSON.stringify(volume.spec?.claimRef).includes(clusterName(namespace, addon)),
      );
      const left = [...children, ...made, ...volumes].map(({ metadata }) => metadata.name);
      if (left.length > 0) throw new Error(`${left.join(', ')} left`);
    },
    patience,
  );
}
