// Builders for tests: valid objects, with the changes that a test needs. Product code must not import it.
import type { AddonSpec, AddonStatus, PostgresAddon } from '../api/addon.ts';
import { annotations } from '../api/addon.ts';
import { barmanPlugin, type ObjectStore } from '../api/barman.ts';
import type { Cluster, ScheduledBackup } from '../api/cnpg.ts';
import type { Reason } from '../api/conditions.ts';
import type { Condition, Manifest, ObjectMeta, Secret } from '../api/kubernetes.ts';
import { resources } from '../api/resources.ts';
import { alterationOf } from './alteration.ts';
import { askedWait } from './asked-wait.ts';
import { buildObjectStore } from './backup/object-store.ts';
import { buildScheduledBackup } from './backup/scheduled-backup.ts';
import { noStores, type Store } from './backup/stores.ts';
import { namesOf } from './child-names.ts';
import { type ChildOf, children, isWatched, type Role, roles } from './children.ts';
import { buildUrlSecret } from './credentials/url-secret.ts';
import { buildCluster } from './database/cluster.ts';
import { defaultPlans } from './database/plans.ts';
import { decide } from './decide.ts';
import { type Action, type ActionResult, type Decision, resourceOf } from './decision.ts';
import type { Children, Observed, Platform, Read, Volume } from './observed.ts';
import { noSooner, paceOf } from './pace.ts';
import { situationOf } from './situation.ts';
import { statusOf } from './status.ts';
import { type Target, targetOf } from './target.ts';
import { isVerdict } from './verdict.ts';

/** The time of the tests, in milliseconds since 1970. */
export const testTime = Date.parse('2026-01-02T03:04:05Z');

/** A platform with the default plans and without the connection check. */
export const testPlatform: Platform = {
  operator: 'operators/postgres-addon-operator',
  plans: defaultPlans,
  defaultVersion: '17',
  imagePattern: 'ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie',
  imageRollout: 'Never',
  connectionCheck: 'Off',
  stores: noStores,
};

/** An object store that every namespace may use. */
export function aStore(changes: Partial<Store> = {}): Store {
  return {
    destination: 's3://backups',
    s3Credentials: { inheritFromIAMRole: true },
    checksums: 'WhenRequired',
    retention: { min: '1d', max: '90d' },
    namespaces: [],
    serviceAccountAnnotations: {},
    ...changes,
  };
}

/**
 * An addon that this installation of the operator holds.
 * @param spec replaces fields of the spec of `team-a/shop`, which has plan standard
 */
export function anAddon(spec: Partial<AddonSpec> = {}, status?: AddonStatus): PostgresAddon {
  return {
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    metadata: {
      name: 'shop',
      namespace: 'team-a',
      uid: 'addon-uid',
      resourceVersion: '10',
      generation: 1,
    },
    spec: { plan: 'standard', ...spec },
    status: { operator: testPlatform.operator, ...status },
  };
}

/** The observation of each child: an object means found, undefined means absent. */
type Found = { readonly [R in Role]?: ChildOf<R> | Read<ChildOf<R>> | undefined };
type More = Partial<Omit<Observed, 'children'>> & Found;

/** Nothing is there of a restore drill, and none may begin. */
export const noDrill: Observed['drill'] = {
  store: undefined,
  cluster: undefined,
  source: { kind: 'unread' },
  facts: { kind: 'unread' },
  hasRoom: false,
};

/** Only the addon exists, and what the test adds: children as objects. */
export function observing(addon: PostgresAddon, more: More = {}): Observed {
  const names = namesOf(addon);
  const isAbsent = (role: Role): boolean => isWatched(role) || names[role] === undefined;
  const nothing = Object.fromEntries(roles.map((role) => [role, { kind: isAbsent(role) ? 'absent' : 'unread' }]));
  const nobody: Observed = {
    addon,
    gone: false,
    platform: testPlatform,
    children: nothing as unknown as Children,
    restoreSource: undefined,
    restored: [],
    sameApp: [],
    source: { kind: 'unread' },
    authority: { kind: 'unread' },
    entropy: 'entropy of a test',
    backup: { kind: 'unread' },
    backups: { kind: 'unread' },
    volumes: { kind: 'unread' },
    live: { kind: 'unread' },
    facts: { kind: 'unread' },
    drill: noDrill,
    redaction: { kind: 'unread' },
    livingOwners: [],
    repairWaits: {},
    holderGone: false,
    missingFromSchema: [],
    resync: false,
  };
  return but(nobody, more);
}

/** The same observation with the changes of a test. */
export function but(o: Observed, more: More): Observed {
  const others = Object.fromEntries(Object.entries(more).filter(([key]) => !roles.includes(key as Role)));
  const found = roles.filter((role) => role in more).map((role) => [role, readOf(more[role])]);
  return { ...o, ...others, children: { ...o.children, ...Object.fromEntries(found) } };
}

function readOf(found: object | undefined): Read<object> {
  if (found === undefined) return { kind: 'absent' };
  return 'metadata' in found ? { kind: 'found', object: found } : (found as Read<object>);
}

/** The child that was found. */
export function childIn<R extends Role>(o: Observed, role: R): ChildOf<R> {
  const read: Read<ChildOf<R>> = o.children[role];
  if (read.kind !== 'found') throw new Error(`there is no ${role}`);
  return read.object;
}

/** The result if the API server refuses a write of a child. */
export function refusing(child: Role, reason: Reason = 'Refused', verb: Action['verb'] = 'create'): ActionResult {
  return { refusals: [{ reason, message: 'no', verb, child, concern: children[child].concern }] };
}

/** The writes, as `verb Kind`. */
export function summary(actions: readonly Action[]): readonly string[] {
  return actions.map(({ verb, child }) => `${verb} ${resources[resourceOf(child)].gvr.kind}`);
}

/** The manifest of the write of a child. */
export function manifestOf(actions: readonly Action[], child: Action['child']): Manifest {
  const action = actions.find((one) => one.child === child);
  if (action === undefined || action.verb === 'delete') throw new Error(`no write of ${child}`);
  return action.manifest;
}

/** The target of a valid spec. */
export function aTarget(o: Observed): Target {
  const target = targetOf(situationOf(o));
  if (isVerdict(target)) throw new Error(target.message);
  return target;
}

/** The metadata of an object that was created with a manifest. */
function stored({ metadata }: Manifest, uid: string, resourceVersion: string): ObjectMeta {
  return JSON.parse(JSON.stringify({ ...metadata, uid, resourceVersion })) as ObjectMeta;
}

/** The Cluster that the operator would have created for this addon; healthy by default. */
export function aCluster(addon: PostgresAddon, status: Partial<Cluster['status']> = {}, readyBefore?: string): Cluster {
  const notes = readyBefore === undefined ? {} : { [annotations.readyBefore]: readyBefore };
  const manifest = buildCluster(addon, aTarget(observing(addon)), notes);
  const { synchronous, ...postgresql } = manifest.spec.postgresql;
  return {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: stored(manifest, 'cluster-uid', '20'),
    spec: { ...manifest.spec, postgresql: synchronous === undefined ? postgresql : { ...postgresql, synchronous } },
    status: {
      phase: 'Cluster in healthy state',
      readyInstances: manifest.spec.instances,
      currentPrimary: `${manifest.metadata.name}-1`,
      targetPrimary: `${manifest.metadata.name}-1`,
      applicationSecretVersion: '30',
      readyCondition: { status: 'True', lastTransitionTime: '2026-01-02T03:04:04Z' },
      ...status,
    },
  };
}

/** The ScheduledBackup that the operator creates for an addon, as the API server returns it. */
export function aScheduledBackup(addon: PostgresAddon): ScheduledBackup {
  const manifest = buildScheduledBackup(addon, aTarget(observing(addon)), true);
  return {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: stored(manifest, 'backup-uid', '21'),
    spec: manifest.spec,
    status: {},
  };
}

/** The Cluster, which archives below that name. */
export function archivingBelow(cluster: Cluster, serverName: string): Cluster {
  return { ...cluster, spec: { ...cluster.spec, plugins: [{ name: barmanPlugin, parameters: { serverName } }] } };
}

/** The ObjectStore of an addon, for `aStore()`. @param serverRecoveryWindow what the plugin reports of each lineage */
export function anObjectStore(
  addon: PostgresAddon,
  serverRecoveryWindow: ObjectStore['status']['serverRecoveryWindow'] = {},
): ObjectStore {
  const o = observing(addon);
  const manifest = buildObjectStore(situationOf(o), aTarget(o), { name: 'main', store: aStore(), retention: '7d' });
  const { apiVersion, kind, spec } = manifest;
  return { apiVersion, kind, metadata: stored(manifest, 'store-uid', '22'), spec, status: { serverRecoveryWindow } };
}

/** CNPG's Secret with the credentials, owned by `cluster`. */
export function aSource(cluster: Cluster, data: Readonly<Record<string, string>> = {}): Secret {
  const content = { username: 'app', password: 'secret', dbname: 'app', ...data };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/basic-auth',
    metadata: {
      name: `${cluster.metadata.name}-app`,
      namespace: cluster.metadata.namespace,
      uid: 'source-uid',
      resourceVersion: '30',
      ownerReferences: [
        {
          apiVersion: cluster.apiVersion,
          kind: 'Cluster',
          name: cluster.metadata.name,
          uid: cluster.metadata.uid,
          controller: true,
        },
      ],
    },
    data: Object.fromEntries(
      Object.entries(content).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  };
}

/** The app's Secret as the operator would have written it. */
export function aUrlSecret(addon: PostgresAddon, url: string): Secret {
  const manifest = buildUrlSecret(addon, namesOf(addon).urlSecret, url);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: stored(manifest, 'url-uid', '31'),
    data: manifest.data as Record<string, string>,
  };
}

/** An addon with its Cluster and all other children, with every read made. */
export function observingAll(addon: PostgresAddon, url: string): Observed {
  const cluster = aCluster(addon);
  return observing(addon, {
    cluster,
    scheduledBackup: addon.spec.plan === 'free' ? undefined : aScheduledBackup(addon),
    urlSecret: aUrlSecret(addon, url),
    source: { kind: 'found', object: aSource(cluster) },
    volumes: { kind: 'found', object: [aVolume()] },
  });
}

/** Annotations or labels as the API server stores them: what is undefined in a manifest is absent. */
export function defined(
  texts: Readonly<Record<string, string | undefined>> | undefined,
): Readonly<Record<string, string>> {
  return JSON.parse(JSON.stringify(texts ?? {})) as Readonly<Record<string, string>>;
}

/** A volume claim that is large enough for every plan and can grow. */
export function aVolume(changes: Partial<Volume> = {}): Volume {
  return { claim: 'c', isData: true, capacity: '100Gi', storageClass: 's', expandable: true, ...changes };
}

/** The decision, the status that results from it, and when the addon is reconciled again. The next check-up is ten minutes away. */
export function think(o: Observed, result: ActionResult = {}, now = testTime) {
  const decision: Decision = decide(o, now);
  const status = statusOf(o.addon, decision, result, now);
  const addon = { ...o.addon, status };
  const outcome = { kind: 'reported', addon, decision, result, untilCheckUp: () => 600_000, now } as const;
  const pace = noSooner(paceOf(outcome), askedWait(o));
  return { ...decision, decision, status, pace };
}

/** The observation, once the status that results from it was written. */
export function reported(o: Observed, now = testTime): Observed {
  return but(o, { addon: { ...o.addon, status: think(o, {}, now).status } });
}

/** The addon, once status has recorded that the API server stored this Cluster instead of the requested one. */
export function altering(addon: PostgresAddon, stored: Cluster): PostgresAddon {
  const verdict = alterationOf(buildCluster(addon, aTarget(observing(addon, { cluster: stored }))), stored);
  if (verdict === undefined) throw new Error('the API server stored what was requested');
  const { status, metadata } = addon;
  const condition: Condition = {
    type: 'PlanApplied',
    status: 'False',
    ...verdict,
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime: '2026-01-02T03:04:05Z',
  };
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'PlanApplied');
  return { ...addon, status: { ...status, conditions: [...others, condition] } };
}

/** A running addon, as it is after the first successful round. */
export function aRunningAddon(spec: Partial<AddonSpec> = {}): PostgresAddon {
  const fresh = anAddon(spec);
  const cluster = aCluster(fresh);
  const o = observing(fresh, {
    cluster,
    scheduledBackup: fresh.spec.plan === 'free' ? undefined : aScheduledBackup(fresh),
    source: { kind: 'found', object: aSource(cluster) },
  });
  // What the first status lists.
  const { extras } = think(o).status;
  const listed = extras === undefined ? o : but(o, { addon: { ...fresh, status: { ...fresh.status, extras } } });
  return { ...fresh, status: think(listed, { created: { urlSecret: 'url-uid' } }).status };
}

/** The same addon after a change of its spec. */
export function changed(addon: PostgresAddon, spec: Partial<AddonSpec>): PostgresAddon {
  const generation = (addon.metadata.generation ?? 0) + 1;
  return { ...addon, metadata: { ...addon.metadata, generation }, spec: { ...addon.spec, ...spec } };
}

export { annotations };
