// Collects the input of one decision: from the caches, and by live reads only where the decision needs them. A read that an action
// depends on (a Secret, the owner of a child) stops this reconcile when it fails. One that explains, or that a detail depends on (the
// facts, the volumes), never does: it is then part of the observation that it failed.
import { fieldManager, labels, type PostgresAddon } from '../api/addon.ts';
import { clusterLabel, projectBackup } from '../api/cnpg.ts';
import { projectJob } from '../api/job.ts';
import type { KubeObject, Secret } from '../api/kubernetes.ts';
import { providerOf, resources, type WatchedResource } from '../api/resources.ts';
import { projectClaim } from '../api/workload.ts';
import { type Names, namesOf } from '../domain/child-names.ts';
import { byRole, children, isSecondary, isWatched, type Role } from '../domain/children.ts';
import { authoritySecretOf, withoutKey } from '../domain/extras/authority.ts';
import { drillName, redactionJobName, sourceSecretName, volumeOf } from '../domain/names.ts';
import { type Needs, needs } from '../domain/needs.ts';
import type { Children, Denied, Observed, Read, SeenDrill } from '../domain/observed.ts';
import { uidOn } from '../domain/ownership/owner.ts';
import { checkUpInterval } from '../domain/pace.ts';
import { isRestored } from '../domain/restore/origin.ts';
import { mayHavePart } from '../domain/roles/asked.ts';
import { ApiError } from '../kube/errors.ts';
import type { ResourceClient } from '../kube/resources.ts';
import type { Dependencies } from './dependencies.ts';
import { lookForCause } from './evidence.ts';
import { type Key, keyOf, splitKey } from './key.ts';

const unread = { kind: 'unread' } as const;

/**
 * What is known of an addon: first of a deleted one with work left to do, then of the existing one with the same key. undefined if there
 * is neither.
 * @throws ApiError if a read that an action depends on fails for another reason than a missing permission
 */
export async function observe(key: Key, deps: Dependencies): Promise<Observed | undefined> {
  const [namespace, name] = splitKey(key);
  const deleted = deps.deletedAddons.next(key);
  const addon = deleted ?? deps.caches.addons.get(namespace, name);
  if (addon === undefined || (deleted === undefined && isGone(addon))) return undefined;
  const names = namesOf(addon);
  const cached: Observed = {
    addon,
    gone: deleted !== undefined,
    platform: deps.platform,
    children: cachedChildren(namespace, names, deps),
    restoreSource: restoreSourceOf(addon, deps),
    restored: restoredBeside(addon, deps),
    sameApp: sameAppOf(addon, deps),
    source: unread,
    authority: unread,
    backup: unread,
    backups: unread,
    volumes: unread,
    live: unread,
    facts: unread,
    drill: cachedDrill(namespace, names, deps),
    redaction: unread,
    livingOwners: [],
    holderGone: isHolderGone(addon, deps),
    repairWaits: deps.repairs.waits(key, addon.metadata.generation),
    missingFromSchema: deps.schema.missing,
    resync: deps.resync.isDue(key),
    entropy: deps.entropy(),
  };
  const now = deps.clock.now();
  const need = needs(cached, now);
  const addonItself = () => readObject(deps.api.addons, namespace, name);
  const [found, source, authority, backup, backups, volumes, live, facts, drill, redaction] = await Promise.all([
    readChildren(cached, need, names, deps),
    need.source
      ? tolerant(readSecret(deps.api.secrets, namespace, sourceSecretName(names.cluster)), need, deps)
      : unread,
    need.authority ? readAuthority(cached, names, deps) : unread,
    need.backup === undefined ? unread : readUnneeded(deps, 'backups', projectBackup, namespace, need.backup),
    need.backups ? readBackups(deps, namespace, name) : unread,
    need.volumes ? readVolumes(deps, namespace, names.cluster) : unread,
    need.live ? addonItself() : unread,
    need.facts ? lookForCause(deps.api, namespace, names.cluster) : unread,
    readDrill(cached, need, names, deps),
    need.redaction ? readUnneeded(deps, 'jobs', projectJob, namespace, redactionJobName(names.cluster)) : unread,
  ]);
  // A check-up that has nothing to read is done too: it must not stay due.
  const isMissed = [source, authority, ...Object.values(found)].some(({ kind }) => kind === 'unavailable');
  if ((need.unwatched || cached.resync) && !isMissed) deps.resync.done(key, checkUpInterval(addon));
  const sameApp = [...cached.sameApp, ...namedOn(found, cached, deps)];
  const own = { children: found, sameApp, source, authority, backup, backups };
  const read = { ...cached, ...own, volumes, live, facts, drill, redaction };
  const observed = { ...read, livingOwners: livingOwnersOf(read, deps) };
  // A Secret that was read may turn out to have no owner.
  const isLoose = !need.live && needs(observed, now).live;
  return isLoose ? { ...observed, live: await addonItself() } : observed;
}

/** What is cached under the name of a restore drill. */
function cachedDrill(namespace: string, names: Names, { caches }: Dependencies): SeenDrill {
  const name = drillName(names.cluster);
  return {
    store: caches.objectStores.get(namespace, name),
    cluster: caches.clusters.get(namespace, name),
    source: unread,
    facts: unread,
    hasRoom: false,
  };
}

/** The live reads for a restore drill. One that fails is made again in the next round: nothing else waits for it. */
async function readDrill(
  { addon: { metadata }, drill }: Observed,
  need: Needs,
  names: Names,
  deps: Dependencies,
): Promise<SeenDrill> {
  const { namespace } = metadata;
  const name = drillName(names.cluster);
  const [source, facts] = await Promise.all([
    need.drillSource
      ? tolerant(readSecret(deps.api.secrets, namespace, sourceSecretName(name)), { secretsMayFail: true }, deps)
      : unread,
    need.drillFacts ? lookForCause(deps.api, namespace, name) : unread,
  ]);
  return { ...drill, source, facts, hasRoom: need.drillRoom && deps.drills.take(keyOf(namespace, metadata.name)) };
}

function restoreSourceOf({ metadata: { namespace }, spec }: PostgresAddon, { caches }: Dependencies) {
  const { addon: name, namespace: other = namespace } = spec.restore?.from ?? {};
  return name === undefined ? undefined : caches.addons.get(other, name);
}

/** The restored addons of the namespace: how long they took tells how long another one may take. */
function restoredBeside({ metadata, spec, status }: PostgresAddon, { caches }: Dependencies): readonly PostgresAddon[] {
  if (spec.restore === undefined || status?.ready_at !== undefined) return [];
  return caches.addons.inNamespace(metadata.namespace).filter((one) => one.status?.restore !== undefined);
}

/** The other addons that share an app with it by a promotion. */
function sameAppOf(addon: PostgresAddon, { caches, sameApp }: Dependencies): readonly PostgresAddon[] {
  const others = sameApp.others(addon).map((key) => caches.addons.get(...splitKey(key)));
  return others.filter((other) => other !== undefined);
}

/** The addons that the Secrets of an app name as theirs, as far as they are not known yet: one of that name may have come later. */
function namedOn(
  { urlSecret, promotedSecret }: Children,
  { addon, sameApp }: Observed,
  { caches }: Dependencies,
): readonly PostgresAddon[] {
  const names = [urlSecret, promotedSecret].map((read) =>
    read.kind === 'found' ? read.object.metadata.labels?.[labels.name] : undefined,
  );
  const known = [addon, ...sameApp].map(({ metadata }) => metadata.name);
  const unknown = [...new Set(names)].filter((name) => name !== undefined).filter((name) => !known.includes(name));
  return unknown.flatMap((name) => caches.addons.get(addon.metadata.namespace, name) ?? []);
}

/** Whether the installation that status names is another one, and no longer runs. */
function isHolderGone({ status }: PostgresAddon, { platform, otherOperators }: Dependencies): boolean {
  const operator = status?.operator;
  return operator !== undefined && operator !== platform.operator && otherOperators.isGone(operator);
}

/** A deleted object without finalizers: our own write removed the last one, and the watch is about to report the deletion. */
function isGone({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
}

/** Each child as cached. Those that are not watched are unread. */
function cachedChildren(namespace: string, names: Names, deps: Dependencies): Children {
  const available = deps.availability(namespace);
  const seen = byRole((role): Read<KubeObject> => {
    const { resource } = children[role];
    const name = names[role];
    if (name === undefined) return { kind: 'absent' };
    if (!isWatchedResource(resource)) return unread;
    const { group, version, kind } = resources[resource].gvr;
    switch (available[resource]) {
      case 'forbidden': {
        const message = `the operator is not permitted to list and watch ${kind}s (${group}); grant it the permission`;
        return { kind: 'denied', message };
      }
      case 'missing': {
        const { name = 'its CRD', missing = 'Refused' } = providerOf(resource) ?? {};
        const message = `the API server does not serve ${kind}s (${group}/${version}); install ${name}`;
        return { kind: 'notServed', reason: missing, message };
      }
      case 'served': {
        const object = deps.caches[resource].get(namespace, name);
        return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
      }
    }
  });
  return seen as unknown as Children;
}

/** The children, with the live reads that are needed. A resource that is not served or not permitted is not read. */
async function readChildren(
  { addon, gone, children: cached }: Observed,
  need: Needs,
  names: Names,
  deps: Dependencies,
): Promise<Children> {
  const { api } = deps;
  const { namespace } = addon.metadata;
  const isStaying = addon.metadata.deletionTimestamp === undefined && !gone;
  const nameToRead = (role: Role): string | undefined => {
    const { kind } = cached[role];
    // Most addons never have one.
    if (role === 'originStore' && !isRestored(addon)) return undefined;
    const isRead = kind !== 'denied' && kind !== 'notServed' && (isWatched(role) ? need.watched : need.unwatched);
    return isRead ? names[role] : undefined;
  };
  const reads = byRole(async (role): Promise<Read<KubeObject>> => {
    const name = nameToRead(role);
    if (name === undefined) return cached[role];
    if (!mayHavePart(addon, role, (watched) => cached[watched].kind)) return { kind: 'absent' };
    const { resource } = children[role];
    // Nothing waits for an extra Secret or one of a role, unless it has to be left behind with a mark.
    const mayFail = need.secretsMayFail || (isSecondary(role) && isStaying);
    const read = await tolerant(readObject(api[resource], namespace, name), { secretsMayFail: mayFail }, deps);
    return read.kind === 'found' ? { kind: 'found', object: resources[resource].project(read.object) } : read;
  });
  const found = await Promise.all(Object.entries(reads).map(async ([role, read]) => [role, await read] as const));
  return Object.fromEntries(found) as unknown as Children;
}

function isWatchedResource(
  resource: (typeof children)[Role]['resource'],
): resource is WatchedResource & typeof resource {
  return resources[resource].access === 'watched';
}

/** The uids of the other existing addons that the found objects were created for, whatever name their labels have. */
function livingOwnersOf({ addon, children: found }: Observed, deps: Dependencies): readonly string[] {
  const uids = Object.values(found).flatMap((read) => (read.kind === 'found' ? [uidOn(read.object)] : []));
  const others = uids.filter((uid) => uid !== undefined && uid !== addon.metadata.uid);
  if (others.length === 0) return [];
  const living = deps.caches.addons.inNamespace(addon.metadata.namespace).map(({ metadata }) => metadata.uid);
  return living.filter((uid) => others.includes(uid));
}

function readSecret(secrets: ResourceClient, namespace: string, name: string): Promise<Read<Secret>> {
  return readObject(secrets, namespace, name) as Promise<Read<Secret>>;
}

/** The CA without its key. One that cannot be read is read again: nothing else waits for it. */
async function readAuthority(
  { addon: { metadata }, children: { cluster } }: Observed,
  names: Names,
  deps: Dependencies,
): Promise<Read<Secret>> {
  const name = authoritySecretOf(names.cluster, cluster.kind === 'found' ? cluster.object : undefined);
  const secret = readSecret(deps.api.secrets, metadata.namespace, name);
  const read = await tolerant(secret, { secretsMayFail: true }, deps);
  return read.kind === 'found' ? { ...read, object: withoutKey(read.object) } : read;
}

/** A read that fails is part of the observation where the decision does not wait for it. */
async function tolerant<T>(
  read: Promise<Read<T>>,
  { secretsMayFail }: Pick<Needs, 'secretsMayFail'>,
  { log }: Dependencies,
): Promise<Read<T>> {
  try {
    return await read;
  } catch (error) {
    if (!secretsMayFail || !(error instanceof ApiError)) throw error;
    log.info('a Secret could not be read', { error: error.message });
    return { kind: 'unavailable', retryAfterSeconds: error.retryAfterSeconds ?? 0 };
  }
}

/** A database waits neither for its backups nor for a redaction, so a read that fails is part of the observation. */
async function readUnneeded<T>(
  { api, log }: Dependencies,
  resource: 'backups' | 'jobs',
  project: (raw: KubeObject) => T,
  namespace: string,
  name: string,
): Promise<Read<T>> {
  try {
    const read = await readObject(api[resource], namespace, name);
    return read.kind === 'found' ? { kind: 'found', object: project(read.object) } : read;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.info(`a ${resources[resource].gvr.kind} could not be read`, {
      object: `${namespace}/${name}`,
      error: error.message,
    });
    return { kind: 'unavailable', retryAfterSeconds: error.retryAfterSeconds ?? 0 };
  }
}

/** More of them than an addon makes within its retention. */
const mostBackups = 500;

/** Only the removal of old ones depends on them: it can wait. */
async function readBackups(deps: Dependencies, namespace: string, addon: string): Promise<Observed['backups']> {
  const labelSelector = `${labels.managedBy}=${fieldManager},${labels.name}=${addon}`;
  try {
    return await permitted(async () => {
      const { items } = await deps.api.backups.listFirst(namespace, mostBackups, projectBackup, { labelSelector });
      return { kind: 'found', object: items };
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    deps.log.info('the Backups could not be listed', { addon: `${namespace}/${addon}`, error: error.message });
    return { kind: 'failed', message: error.message, retryAfterSeconds: error.retryAfterSeconds };
  }
}

async function readObject(client: ResourceClient, namespace: string, name: string): Promise<Read<KubeObject>> {
  return permitted(async () => {
    const object = await client.get(namespace, name);
    return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
  });
}

/** More claims than any Cluster has, although anybody can give others its label. */
const mostClaims = 100;

/** Only the size of the disk depends on them: a failure leaves the disk as it is, and delays nothing else. */
async function readVolumes(deps: Dependencies, namespace: string, cluster: string): Promise<Observed['volumes']> {
  const labelSelector = `${clusterLabel}=${cluster}`;
  try {
    return await permitted(async () => {
      const volumes = deps.api.volumeClaims;
      const { items, complete } = await volumes.listFirst(namespace, mostClaims, projectClaim, { labelSelector });
      if (!complete)
        return { kind: 'failed', message: `more than ${mostClaims} volume claims have the label ${labelSelector}` };
      // Anybody can give the label to other claims.
      const claims = items.flatMap((claim) => {
        const content = volumeOf(cluster, claim.name);
        return content === undefined ? [] : [{ ...claim, isData: content === 'data' }];
      });
      const classes = [...new Set(claims.map(({ storageClass }) => storageClass))].filter((name) => name !== '');
      const expandable = await Promise.all(classes.map((name) => expandableClass(deps, name)));
      const object = claims.map(({ name, isData, capacity, storageClass }) => {
        return { claim: name, isData, capacity, storageClass, expandable: expandable.includes(storageClass) };
      });
      return { kind: 'found', object };
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    deps.log.info('the volume claims could not be read', { cluster: `${namespace}/${cluster}`, error: error.message });
    const message = 'its volume claims or their StorageClasses could not be read';
    return { kind: 'failed', message, retryAfterSeconds: error.retryAfterSeconds };
  }
}

/** The name again if claims of the StorageClass can be expanded. Those of one that no longer exists, or without one, cannot. */
async function expandableClass(deps: Dependencies, name: string): Promise<string | undefined> {
  const found = await deps.api.storageClasses.getBriefly(undefined, name);
  return (found as { allowVolumeExpansion?: boolean } | undefined)?.allowVolumeExpansion === true ? name : undefined;
}

/** A missing permission is an observation, not a failure: the status reports it. */
async function permitted<R>(read: () => Promise<R>): Promise<R | Denied> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return { kind: 'denied', message: error.message };
    throw error;
  }
}
