// What a restore drill creates: an ObjectStore that leads to the addon's backups, and a Cluster that is restored from it. The ObjectStore
// owns the Cluster, so that the garbage collector removes both when the operator deletes the ObjectStore: it may not delete Clusters.
import { fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin, objectStoreGvr, pluginParameters } from '../../api/barman.ts';
import { type Cluster, clusterLabel, cnpgApiVersion } from '../../api/cnpg.ts';
import type { KubeObject, Manifest } from '../../api/kubernetes.ts';
import { objectStoreManifest } from '../backup/object-store.ts';
import type { ChosenStore } from '../backup/stores.ts';
import { type Action, remove } from '../decision.ts';
import { drillName } from '../names.ts';
import { ownerReference } from '../ownership/child-metadata.ts';
import { lockFor } from '../restore/lock.ts';
import { recoveryResources } from '../restore/memory.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Drill } from './record.ts';

/** The name of the external cluster that the database is restored from. */
const originName = 'origin';

/** The value of `labels.drill` on what belongs to a drill. */
export function idOf({ startTime }: Drill): string {
  return startTime.replace(/[^0-9A-Za-z]/g, '');
}

/** Whether an object belongs to a drill of this addon, whichever. */
export function isOfDrill(addon: PostgresAddon, { metadata: { labels: own = {} } }: KubeObject): boolean {
  return (
    own[labels.managedBy] === fieldManager &&
    own[labels.name] === addon.metadata.name &&
    own[labels.drill] !== undefined
  );
}

/** What a drill of this addon has left behind, and the write that removes it: the Cluster goes with the ObjectStore. */
export function whatIsLeft({ addon, observed }: Pick<Situation, 'addon' | 'observed'>): {
  readonly isThere: boolean;
  readonly actions: readonly Action[];
  /** The Cluster, if nothing will remove it: somebody has removed its owner reference. */
  readonly stuck: Cluster | undefined;
} {
  const { store, cluster } = observed.drill;
  const ours = [store, cluster].filter((object) => object !== undefined && isOfDrill(addon, object));
  const isRemoved = store !== undefined && ours.includes(store) && store.metadata.deletionTimestamp === undefined;
  const isOwned = cluster?.metadata.ownerReferences?.some(({ kind }) => kind === objectStoreGvr.kind) === true;
  return {
    isThere: ours.length > 0,
    actions: isRemoved ? [remove('drillStore', store)] : [],
    stuck: cluster !== undefined && ours.includes(cluster) && !isOwned ? cluster : undefined,
  };
}

/**
 * Why a Cluster made now would not begin with the backups: CNPG takes over volumes that it finds under its name, and the drill would pass
 * without a restore. Those of a drill that has just ended are about to go.
 */
export function volumesInTheWay(
  { addon: { metadata }, observed }: Pick<Situation, 'addon' | 'observed'>,
  { names }: Target,
): string | undefined {
  const { facts } = observed.drill;
  if (facts.kind !== 'found') return undefined;
  const { claims, failed } = facts.object;
  const name = drillName(names.cluster);
  if (claims.length > 0)
    return `volumes of an earlier drill are left, which the restored database would begin with; kubectl delete pod,pvc -n ${metadata.namespace} -l ${clusterLabel}=${name}`;
  return failed.includes('persistentvolumeclaims')
    ? 'whether volumes of an earlier drill are left is not known, since the volume claims could not be listed'
    : undefined;
}

/** Without the addon's uid: these objects are no children, which would be adopted, or kept by a protected addon. */
function metadataOf(addon: PostgresAddon, { names }: Target, drill: Drill): Manifest['metadata'] {
  return {
    name: drillName(names.cluster),
    namespace: addon.metadata.namespace,
    labels: { [labels.managedBy]: fieldManager, [labels.name]: addon.metadata.name, [labels.drill]: idOf(drill) },
  };
}

/** It is deleted with the addon, also with a protected one. */
export function buildDrillStore(addon: PostgresAddon, target: Target, drill: Drill, chosen: ChosenStore): Manifest {
  const manifest = objectStoreManifest(addon, drillName(target.names.cluster), chosen, {
    annotations: {},
    resources: recoveryResources(target.profile),
  });
  const metadata = { ...metadataOf(addon, target, drill), ownerReferences: [ownerReference(addon)] };
  return { ...manifest, metadata };
}

/**
 * One instance with the memory, the disk and the settings of the database that it is restored from: PostgreSQL refuses to recover with fewer
 * connections. It archives nothing, so that it cannot touch the archive.
 * @param live the database that it is restored from
 * @param store the ObjectStore of the drill
 */
export function buildDrillCluster(
  addon: PostgresAddon,
  target: Target,
  drill: Drill & Required<Pick<Drill, 'mark' | 'serverName'>>,
  live: Cluster,
  store: KubeObject,
): Manifest {
  const { database, owner, profile } = target;
  const { apiVersion, kind, metadata } = store;
  const serviceAccount = target.archive?.chosen?.store.serviceAccountAnnotations ?? {};
  return {
    apiVersion: cnpgApiVersion,
    kind: 'Cluster',
    metadata: {
      ...metadataOf(addon, target, drill),
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }],
    },
    spec: {
      instances: 1,
      imageName: live.spec.imageName ?? target.image,
      enablePDB: false,
      storage: { size: live.spec.storage?.size ?? target.storage },
      resources: { requests: { memory: profile.memory }, limits: { memory: profile.memory } },
      postgresql: {
        parameters: { shared_buffers: profile.sharedBuffers, max_connections: String(profile.maxConnections) },
        pg_hba: lockFor(owner),
      },
      bootstrap: {
        recovery: { source: originName, database, owner, recoveryTarget: { targetLSN: drill.mark.lsn } },
      },
      externalClusters: [
        {
          name: originName,
          plugin: {
            name: barmanPlugin,
            enabled: true,
            parameters: pluginParameters(metadata.name, drill.serverName),
          },
        },
      ],
      ...(Object.keys(serviceAccount).length === 0
        ? {}
        : { serviceAccountTemplate: { metadata: { annotations: serviceAccount } } }),
    },
  };
}
