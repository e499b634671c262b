// Decides who owns a child according to the contract. It repeats this on purpose, so that the rules do not depend on the code under test.
import { type AddonSpec, fieldManager, labels } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import type { KubeObject, OwnerReference } from '../api/kubernetes.ts';
import { addonName, type Stored } from './objects.ts';

/** Whether a child belongs to an addon: controlled by it, or without a controller and labelled with its uid. */
export function belongs(addon: KubeObject, child: Stored): boolean {
  const controller = controllerOf(child);
  if (controller !== undefined) return controller.uid === addon.metadata.uid;
  return labelOf(child, labels.uid) === addon.metadata.uid;
}

/** Whether a deleted addon with the same name and appId left the child behind. */
export function isLeftBehind(addon: KubeObject, child: Stored): boolean {
  const own = child.metadata.labels ?? {};
  return (
    controllerOf(child) === undefined &&
    own[labels.managedBy] === fieldManager &&
    own[labels.name] === addonName &&
    own[labels.appId] === addonName &&
    own[labels.uid] !== undefined &&
    own[labels.uid] !== addon.metadata.uid
  );
}

/** Whether a Cluster has the database and the owner that an addon requests. */
export function holdsWhatIsAsked(addon: Stored, cluster: Stored): boolean {
  const { database } = (addon.spec ?? {}) as Partial<AddonSpec>;
  const { bootstrap } = (cluster.spec ?? {}) as Pick<Cluster['spec'], 'bootstrap'>;
  const { database: held, owner } = bootstrap?.recovery ?? bootstrap?.initdb ?? {};
  return held === (database?.name ?? 'app') && owner === (database?.owner ?? 'app');
}

function controllerOf(child: Stored): OwnerReference | undefined {
  return child.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** @param label the full key, for example `addons.paas.dev/uid` */
export function labelOf(child: Stored, label: string): string | undefined {
  return child.metadata.labels?.[label];
}

/** Whether it is being deleted and waits for its finalizers. */
export function isDying(child: Stored): boolean {
  return child.metadata.deletionTimestamp !== undefined;
}
