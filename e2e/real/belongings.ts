// Collects the objects of an addon, for tests that they were kept unchanged or all deleted.
import { persistentVolumes, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { podGvr, volumeClaimGvr } from '../../src/api/workload.ts';
import { childrenIn, type Database, databaseOf } from '../harness/database.ts';
import { secretText } from '../harness/views.ts';
import type { Real } from './real.ts';

export const clusterName = (namespace: string, addon: string): string => `db-${namespace}-${addon}`;
export const secretName = (addon: string): string => `app-${addon}-database-url`;

/** The objects of an addon whose appId is its name. */
export const belongingsOf = ({ client }: Real, namespace: string, addon: string): Promise<Database> =>
  databaseOf(client, namespace, addon);

/** What an application would notice if it changed: which objects these are, the instances that run, and the URL. */
export async function identityOf(real: Real, namespace: string, addon: string): Promise<object> {
  const children = await belongingsOf(real, namespace, addon);
  const own = `cnpg.io/cluster=${clusterName(namespace, addon)}`;
  const instances = await real.client.list(podGvr, namespace, `${own},cnpg.io/podRole=instance`);
  const claims = await real.client.list(volumeClaimGvr, namespace, own);
  const [app] = await real.client.list(podGvr, namespace, `app=${addon}`);
  return {
    cluster: children.cluster?.metadata.uid,
    scheduledBackup: children.scheduledBackup?.metadata.uid,
    secret: children.urlSecret?.metadata.uid,
    url: secretText(children.urlSecret, 'DATABASE_URL'),
    instances: instances.map(({ metadata }) => metadata.uid).sort(),
    claims: claims.map(({ metadata }) => metadata.uid).sort(),
    app: [app?.metadata.uid, JSON.stringify(app?.status?.containerStatuses ?? '').match(/"restartCount":\d+/)?.[0]],
  };
}

/** Waits until nothing of the addon is left: neither its children, nor what CNPG made for them, nor a volume. */
export async function untilNothingIsLeft(real: Real, namespace: string, addon: string): Promise<void> {
  const own = `cnpg.io/cluster=${clusterName(namespace, addon)}`;
  const patience = { everyMilliseconds: 500 };
  await eventually(
    `the garbage collector to remove everything of ${namespace}/${addon}`,
    async () => {
      const { client } = real;
      const kinds = [podGvr, volumeClaimGvr, secrets];
      const children = childrenIn(await belongingsOf(real, namespace, addon));
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
