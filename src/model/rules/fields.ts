// What each field of status rests on: the values that may be reported in it anew, from what was seen or written in the same reconcile. It
// repeats the contract on purpose, so that it does not depend on the code under test.
import { type AddonStatus, annotations } from '../../api/addon.ts';
import { type ObjectStoreSpec, projectObjectStore } from '../../api/barman.ts';
import { type ClusterSpec, type Partially, projectCluster } from '../../api/cnpg.ts';
import { roleLevels } from '../../api/login.ts';
import { timestampOf } from '../../api/time.ts';
import { serverNameOf } from '../../domain/backup/archive.ts';
import { extraRoles, partsOf } from '../../domain/children.ts';
import { defaultPlans } from '../../domain/database/plans.ts';
import { extraForms } from '../../domain/extras/asked.ts';
import { compareQuantities } from '../../domain/quantity.ts';
import { imageThatRan, readySince, stands, statusOf } from '../cnpg.ts';
import { nameOf, namespace, type Stored } from '../objects.ts';
import { platform } from '../sight.ts';
import { versionIn } from '../versions.ts';
import { conditionIn, type Reported } from './reported.ts';

/** What a field may say; `undefined` in the list permits nothing. */
type Source = (reported: Reported) => readonly unknown[];

/** By the path of a field in status. */
export const fieldSources: Readonly<Record<string, Source>> = {
  uid: ({ addon }) => [addon.metadata.uid],
  operator: () => [platform.operator],
  locality: () => ['OnCluster'],
  observedGeneration: ({ addon }) => [addon.metadata.generation],
  ready_at: ({ status, from }) => [
    from.cluster?.metadata.annotations?.[annotations.readyAt],
    status.phase === 'running' ? conditionIn(status, 'Ready')?.lastTransitionTime : undefined,
  ],
  plan: ({ addon, seen }) => [isOfPlan(seen.cluster, addon.spec.plan) ? addon.spec.plan : undefined],
  version: ({ seen }) => [versionIn(seen.cluster)],
  image: ({ seen }) => [specOf(seen.cluster).imageName],
  clusterName: ({ seen }) => [seen.cluster?.metadata.name],
  secretName: () => [nameOf.urlSecret],
  'resources.instances': ({ seen }) => [specOf(seen.cluster).instances],
  'resources.memory': ({ seen }) => [specOf(seen.cluster).resources?.limits?.memory],
  'resources.storage': (reported) => [diskOf(reported)],
  'resources.sidecarMemory': ({ seen }) => [
    settingsOf(seen.objectStore).instanceSidecarConfiguration?.resources.limits.memory,
  ],
  'resources.backup': ({ addon }) => [defaultPlans[addon.spec.plan].backup],
  'running.image': ({ from }) => [imageUp(from.cluster)],
  'running.version': ({ from }) => [versionUp(from.cluster)],
  'running.lowest': ({ from }) => [versionUp(from.cluster)],
  'running.since': ({ from }) => [from.cluster && readySince(from.cluster)],
  'planChange.from': ({ addon }) => [addon.status?.plan],
  'planChange.to': ({ addon }) => [addon.spec.plan],
  'planChange.state': ({ status }) =>
    conditionIn(status, 'PlanApplied')?.status === 'True' ? ['Applied'] : ['Applying', 'Partial', 'Suspended'],
  primary: ({ from, loggedIn }) => [loggedIn && from.cluster ? statusOf(from.cluster).primary : undefined],
  readySince: ({ from, loggedIn }) => [loggedIn && from.cluster ? readySince(from.cluster) : undefined],
  'endpoints.primary': ({ seen }) => [seen.cluster && hostOf(seen.cluster, 'rw')],
  'endpoints.readOnly': ({ seen }) => [
    seen.cluster && Number(specOf(seen.cluster).instances) > 1 ? hostOf(seen.cluster, 'ro') : undefined,
  ],
  'credentials.sourceVersion': ({ observed: { source } }) => [
    source.kind === 'found' ? source.object.metadata.resourceVersion : undefined,
  ],
  'credentials.secretUID': ({ seen }) => [seen.urlSecret?.metadata.uid],
  'promotion.appId': ({ addon }) => [addon.spec.promote?.appId],
  'promotion.secretName': ({ addon }) => [addon.spec.promote && nameOf.promotedSecret],
  'extras[].form': () => extraForms,
  'extras[].name': () => extraRoles.map((role) => nameOf[role]),
  'extras[].sourceVersion': ({ observed: { authority }, seen }) => [
    authority.kind === 'found' && seen.caConfigMap ? authority.object.metadata.resourceVersion : undefined,
  ],
  'roles[].role': () => roleLevels,
  'roles[].name': () => roleLevels.map((level) => `app_${level}`),
  'roles[].secretName': () => roleLevels.map((level) => nameOf[partsOf[level].secret]),
  'roles[].passwordVersion': ({ answer, seen }) =>
    (answer?.roles ?? []).map(({ level, failure }) =>
      failure === undefined ? seen[partsOf[level].login]?.metadata.resourceVersion : undefined,
    ),
  'roles[].schemas[]': ({ answer }) => (answer?.roles === undefined ? [] : ['public']),
  'binding.name': ({ seen }) => [seen.bindingSecret?.metadata.name],
  'backup.requested': ({ addon }) => [defaultPlans[addon.spec.plan].backup],
  'backup.store': ({ seen }) => [seen.objectStore && platform.stores.defaultStore],
  'backup.destinationPath': ({ seen }) => [settingsOf(seen.objectStore).configuration?.destinationPath],
  'backup.serverName': ({ seen }) => [serverIn(seen.cluster)],
  'backup.lineages[].serverName': ({ from, seen }) => [from.cluster, seen.cluster].map(serverIn),
  'backup.archiving': ({ answer, loggedIn }) => [
    'unknown',
    ...(loggedIn ? ['idle'] : []),
    ...(answer?.archiver ? ['ok', 'late'] : []),
  ],
  'backup.recoveryWindow.from': baseBackups,
  'backup.lineages[].from': baseBackups,
  'backup.lineages[].since': baseBackups,
  'backup.lastSuccessTime': baseBackups,
  'backup.recoveryWindow.to': ({ answer }) => [answer?.archiver && timestampOf(answer.archiver.archivedAt)],
};

/** What a status newly says in a field without having seen or written it; undefined if there is nothing such. */
export function claimedIn(field: string, reported: Reported): unknown {
  const now = valuesAt(reported.status, field);
  if (now.length === 0) return undefined;
  const before = valuesAt(reported.addon.status ?? {}, field);
  const news = now.filter((value) => !before.includes(value));
  if (news.length === 0) return undefined;
  const permitted = fieldSources[field]?.(reported) ?? [];
  return news.find((value) => !permitted.includes(value));
}

/** The values of a field of status; `[]` in its path stands for every item of a list. */
export function valuesAt(status: AddonStatus, field: string): readonly unknown[] {
  return field.split('.').reduce<readonly unknown[]>(
    (values, part) => {
      const name = part.replace('[]', '');
      const found = values.map((value) => (value as Readonly<Record<string, unknown>>)[name]);
      return found.flat().filter((value) => value !== undefined);
    },
    [status],
  );
}

function specOf(cluster: Stored | undefined): Partially<ClusterSpec> {
  return (cluster?.spec ?? {}) as Partially<ClusterSpec>;
}

function settingsOf(store: Stored | undefined): Partial<ObjectStoreSpec> {
  return (store?.spec ?? {}) as Partial<ObjectStoreSpec>;
}

/** The lineage that a Cluster archives into. */
function serverIn(cluster: Stored | undefined): string | undefined {
  return cluster && serverNameOf(projectCluster(cluster));
}

/** Whether a Cluster has the instances and the memory of a plan. */
export function isOfPlan(cluster: Stored | undefined, plan: keyof typeof defaultPlans): boolean {
  const { instances, memory } = defaultPlans[plan];
  const spec = specOf(cluster);
  return spec.instances === instances && spec.resources?.limits?.memory === memory;
}

/** The size of the disks: a larger one than before, or one that another addon may have asked for, is that of the volume claims. */
function diskOf({ addon, observed: { volumes }, seen: { cluster }, created }: Reported): string | undefined {
  const { size } = specOf(cluster).storage ?? {};
  const last = addon.status?.resources?.storage;
  const isAdopted = cluster?.metadata.annotations?.[annotations.formerUid] !== undefined;
  const isLarger = last !== undefined && size !== undefined && (compareQuantities(size, last) ?? 0) > 0;
  if (created || !(last === undefined ? isAdopted : isLarger)) return size;
  return volumes.kind === 'found' ? volumes.object.find(({ isData }) => isData)?.capacity : undefined;
}

/** The image with which every instance is up. */
function imageUp(cluster: Stored | undefined): string | undefined {
  return cluster !== undefined && stands(cluster) ? imageThatRan(cluster) : undefined;
}

function versionUp(cluster: Stored | undefined): string | undefined {
  return versionIn({ spec: { imageName: imageUp(cluster) } });
}

function hostOf(cluster: Stored, service: 'rw' | 'ro'): string {
  return `${cluster.metadata.name}-${service}.${namespace}:5432`;
}

/** When the base backups ended that the plugin reports, or a Backup that was read. */
function baseBackups({ observed: { backup }, from: { objectStore } }: Reported): readonly unknown[] {
  const windows = objectStore === undefined ? {} : projectObjectStore(objectStore).status.serverRecoveryWindow;
  const reported = Object.values(windows).flatMap((window) => [
    window.firstRecoverabilityPoint,
    window.lastSuccessfulBackupTime,
  ]);
  return [...reported, backup.kind === 'found' ? backup.object.status.stoppedAt : undefined];
}
