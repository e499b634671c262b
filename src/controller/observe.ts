// Gathers what one decision depends on: the caches first, and a live read only where the decision says it needs one.

import { labels } from '../api/addon.ts';
import { clusterLabel, projectCluster, projectScheduledBackup } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { sourceSecretName } from '../domain/names.ts';
import { needs } from '../domain/needs.ts';
import type { Observed, Read, Secret, Volume } from '../domain/observed.ts';
import { uidOn } from '../domain/ownership/owner.ts';
import { type Names, namesOf } from '../domain/target.ts';
import { ApiError } from '../kube/errors.ts';
import type { ResourceClient } from '../kube/resources.ts';
import { type Key, splitKey } from './key.ts';
import { lookForCause } from './look.ts';
import type { World } from './world.ts';

/**
 * What is known of an addon now: first of one that is gone and left something to do, then of the one that has its name. undefined when
 * there is neither.
 * @throws ApiError when a needed read fails for another reason than a missing right
 */
export async function observe(key: Key, world: World): Promise<Observed | undefined> {
  const [namespace, name] = splitKey(key);
  const departed = world.departed.next(key);
  const addon = departed ?? world.caches.addons.get(namespace, name);
  if (addon === undefined || (departed === undefined && isGone(addon))) return undefined;
  const names = namesOf(addon);
  const cached: Observed = {
    addon,
    gone: departed !== undefined,
    platform: world.platform,
    kinds: world.availability(namespace),
    cluster: world.caches.clusters.get(namespace, names.cluster),
    scheduledBackup: world.caches.scheduledBackups.get(namespace, names.scheduledBackup),
    source: { kind: 'unread' },
    urlSecret: { kind: 'unread' },
    volumes: { kind: 'unread' },
    confirmed: { kind: 'unread' },
    facts: { kind: 'unread' },
    holders: [],
    checkup: world.checkups.isDue(key),
  };
  const now = world.clock.now();
  const need = needs(cached, now);
  const addonItself = () => readObject(world.api.addons, namespace, name);
  const [children, source, urlSecret, volumes, confirmed, facts] = await Promise.all([
    need.children ? readChildren(cached, names, world) : {},
    need.source ? readSecret(world.api.secrets, namespace, sourceSecretName(names.cluster)) : cached.source,
    need.urlSecret ? readSecret(world.api.secrets, namespace, names.urlSecret) : cached.urlSecret,
    need.volumes ? readVolumes(world, namespace, names.cluster) : cached.volumes,
    need.confirmed ? addonItself() : cached.confirmed,
    need.facts ? lookForCause(world.api, namespace, names.cluster) : cached.facts,
  ]);
  if (need.urlSecret) world.checkups.done(key);
  const read = { ...cached, ...children, source, urlSecret, volumes, confirmed, facts };
  const observed = { ...read, holders: holdersOf(read, world) };
  // A Secret, once read, may turn out to be nobody's.
  const isLoose = !need.confirmed && needs(observed, now).confirmed;
  return isLoose ? { ...observed, confirmed: await addonItself() } : observed;
}

/** Nothing holds a deleted object any more: our own write was the last, and the watch is about to say so. */
function isGone({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
}

/** Cluster and ScheduledBackup as the API server has them; a kind that it does not serve has none. */
async function readChildren(
  { addon, kinds }: Observed,
  names: Names,
  { api }: World,
): Promise<Pick<Observed, 'cluster' | 'scheduledBackup'>> {
  const { namespace } = addon.metadata;
  const [cluster, scheduledBackup] = await Promise.all([
    kinds.clusters === 'served' ? api.clusters.get(namespace, names.cluster) : undefined,
    kinds.scheduledBackups === 'served' ? api.scheduledBackups.get(namespace, names.scheduledBackup) : undefined,
  ]);
  return {
    cluster: cluster && projectCluster(cluster),
    scheduledBackup: scheduledBackup && projectScheduledBackup(scheduledBackup),
  };
}

/** Of the addons that the objects found were made for, the uids of those that live. */
function holdersOf({ addon, cluster, scheduledBackup, urlSecret }: Observed, world: World): readonly string[] {
  const found = [cluster, scheduledBackup, urlSecret.kind === 'found' ? urlSecret.object : undefined];
  return found.flatMap((child) => {
    const name = child?.metadata.labels?.[labels.name];
    if (child === undefined || name === undefined || name === addon.metadata.name) return [];
    const uid = world.caches.addons.get(addon.metadata.namespace, name)?.metadata.uid;
    return uid !== undefined && uid === uidOn(child) ? [uid] : [];
  });
}

async function readSecret(secrets: ResourceClient, namespace: string, name: string): Promise<Read<Secret>> {
  return (await readObject(secrets, namespace, name)) as Read<Secret>;
}

async function readObject(client: ResourceClient, namespace: string, name: string): Promise<Read<KubeObject>> {
  return permitted(async () => {
    const object = await client.get(namespace, name);
    return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
  });
}

async function readVolumes(world: World, namespace: string, cluster: string): Promise<Read<readonly Volume[]>> {
  return permitted(async () => {
    const claims = await world.api.volumeClaims.list(namespace, { labelSelector: `${clusterLabel}=${cluster}` });
    const classes = new Map<string, boolean>();
    const classOf = (claim: unknown): string =>
      (claim as { spec?: { storageClassName?: string } }).spec?.storageClassName ?? '';
    for (const storageClass of new Set(claims.map(classOf)))
      classes.set(storageClass, await expandable(world, storageClass));
    const object = claims.map((claim) => {
      const storageClass = classOf(claim);
      return { claim: claim.metadata.name, storageClass, expandable: classes.get(storageClass) === true };
    });
    return { kind: 'found', object };
  });
}

/** A claim without a class, or with a class that is gone, cannot be expanded by anybody. */
async function expandable(world: World, storageClass: string): Promise<boolean> {
  if (storageClass === '') return false;
  const found = await world.api.storageClasses.get(undefined, storageClass);
  return (found as { allowVolumeExpansion?: boolean } | undefined)?.allowVolumeExpansion === true;
}

/** A missing right is an observation, not a failure: the decision says so in the status. */
async function permitted<T>(read: () => Promise<Read<T>>): Promise<Read<T>> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return { kind: 'denied', message: error.message };
    throw error;
  }
}
