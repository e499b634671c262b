// The PostgresAddon types, and the names that belong to this API: its group, labels, annotations, finalizer and field managers.
import type { AddonSpec, AddonStatus } from './generated/postgresaddon.ts';
import { addonSchema } from './generated/postgresaddon-schema.ts';
import type { Gvr, KubeObject } from './kubernetes.ts';
import { first, fits, longestText, pick, projectMetadata, record, renamed } from './raw.ts';
import { unknownIn } from './schema.ts';

export type { AddonSpec, AddonStatus };
export type Phase = NonNullable<AddonStatus['phase']>;
export type PlanName = AddonSpec['plan'];
export type BackupLevel = NonNullable<NonNullable<AddonStatus['backup']>['effective']>;
export type SslMode = NonNullable<NonNullable<AddonSpec['connection']>['sslMode']>;
/** The form of a Secret besides the one with DATABASE_URL. */
export type ExtraStatus = NonNullable<AddonStatus['extras']>[number];
export type ExtraForm = NonNullable<AddonStatus['extras']>[number]['form'];
/** A login role besides the owner, as status lists it. */
export type RoleStatus = NonNullable<AddonStatus['roles']>[number];
export type PlanChange = NonNullable<AddonStatus['planChange']>;
export type PlanStep = NonNullable<PlanChange['steps']>[number];

export const addonGvr: Gvr = {
  group: 'addons.paas.dev',
  version: 'v1alpha1',
  plural: 'postgresaddons',
  kind: 'PostgresAddon',
};
export const addonApiVersion = `${addonGvr.group}/${addonGvr.version}`;

/** A PostgresAddon as cached. The API server enforces the schema, so code that reads the spec must tolerate one that violates it. */
export interface PostgresAddon extends KubeObject {
  readonly spec: AddonSpec;
  readonly status?: AddonStatus;
  /** What of the spec this version does not know, as paths; absent if it knows all of it. `spec.suspend` is then true. */
  readonly unknown?: readonly string[];
}

/** Field manager of everything that the operator writes except Secrets. */
export const fieldManager = 'postgres-addon-operator';
/** Field manager of the Secrets. For the one with DATABASE_URL, a published contract. */
export const secretFieldManager = 'paas-control-plane';

export const labels = {
  name: 'addons.paas.dev/name',
  uid: 'addons.paas.dev/uid',
  appId: 'addons.paas.dev/app-id',
  managedBy: 'app.kubernetes.io/managed-by',
  /** "true" on a child that stayed in service when its addon was deleted. */
  orphaned: 'addons.paas.dev/orphaned',
  /** On what belongs to a restore drill: when that began. */
  drill: 'addons.paas.dev/drill',
} as const;

/** On a protected addon: delays its deletion until the children are released. */
export const protectionFinalizer = 'addons.paas.dev/protection';
/** Set by Kubernetes while the garbage collector removes the owner references from the children (`--cascade=orphan`). */
export const orphanFinalizer = 'orphan';

export const annotations = {
  /** On a Cluster: the lastTransitionTime of its Ready condition when the last restarting change was written, and a hash of what
   * was running then. Readiness is ignored until that time changes (domain/database/restart-mark.ts). */
  readyBefore: 'addons.paas.dev/ready-before',
  /** On a Cluster that outlived its addon: the uid of that addon, and when the database first became ready. */
  formerUid: 'addons.paas.dev/former-uid',
  readyAt: 'addons.paas.dev/ready-at',
  /** On a Cluster: which settings of its ObjectStore it was last made to read. On an ObjectStore: how often it was made again. */
  objectStore: 'addons.paas.dev/object-store',
  /** On the Cluster of a restored database: the object store that it was restored from, and how often its ObjectStore was made. */
  originStore: 'addons.paas.dev/origin-store',
  /** On the Cluster of a restored database: whether the SQL that has to run before it is used has been committed (domain/redaction/state.ts).
   * On its Job: where the SQL is. */
  redaction: 'addons.paas.dev/redaction',
  /** On an addon: the plan whose effects status.preview shows. */
  preview: 'addons.paas.dev/preview',
  /** On an addon: each new value asks for a base backup, which status.backup.now reports. */
  backupNow: 'addons.paas.dev/backup-now',
  /** On an addon: each new value asks for a restore drill, which status.backup.lastDrill reports. */
  drillNow: 'addons.paas.dev/drill-now',
  /** On an addon whose Cluster vanished: the lineage of backups (`serverName`) that a new, empty Cluster may take the place of. */
  startEmpty: 'addons.paas.dev/start-empty',
  /** On an addon: the other namespaces that may restore from its backups, with commas between them. */
  restoreAllowedFrom: 'addons.paas.dev/restore-allowed-from',
  /** On a restored addon: "true" lets the other roles of the source log in, with the passwords that they have there. */
  unlockRoles: 'addons.paas.dev/unlock-roles',
} as const;

/** The generation that the schema's default names, in place of a status that nobody has written. */
const unseen = -1;

/** The longest status that is kept, in characters. The schema does not bound every text of it; the operator's own is never as long. */
const longestStatus = 64 * longestText;

/** The part of a PostgresAddon that is cached. The schema bounds its spec. Of its labels and annotations, only those that ask for something are used. */
export function projectAddon(raw: KubeObject): PostgresAddon {
  const { apiVersion, kind, status } = raw as PostgresAddon;
  const spec = (raw as PostgresAddon).spec ?? {};
  const unknown = unknownSpec(spec);
  return {
    apiVersion,
    kind,
    metadata: projectMetadata(raw, {
      fields: ['generation', 'deletionTimestamp'],
      finalizers: [protectionFinalizer, orphanFinalizer],
      annotations: [
        annotations.preview,
        annotations.backupNow,
        annotations.drillNow,
        annotations.startEmpty,
        annotations.restoreAllowedFrom,
        annotations.unlockRoles,
      ],
    }),
    // The operator may be older than the CRD, as after a downgrade. What a field would mean cannot be known, so nothing is done without it.
    spec: unknown.length === 0 ? spec : { ...spec, suspend: true },
    ...(unknown.length === 0 ? {} : { unknown }),
    ...renamed('status', status?.observedGeneration === unseen ? undefined : status && evidenceIn(status, raw)),
  };
}

/** An unknown plan is reported from the table of plans, which lists the valid ones. */
function unknownSpec(spec: unknown): readonly string[] {
  const paths = new Set(unknownIn(spec, addonSchema.properties?.spec, 'spec'));
  paths.delete('spec.plan');
  return [...paths];
}

const { lineages } = addonSchema.properties?.status?.properties?.backup?.properties ?? {};
const lineageFields = Object.keys(lineages?.items?.properties ?? {});

/**
 * The part of a status that says something about this object. A status that a backup tool restored, or that somebody edited, can describe an
 * earlier object or a later generation. Only the name of the Cluster is an identity and not an observation: it leads to the restored database.
 * Of the same object, what happened once stays true. A status longer than any of the operator's own was edited, too.
 */
function evidenceIn(status: AddonStatus, { metadata: { uid, generation = 0 } }: KubeObject): AddonStatus {
  const { observedGeneration = 0, backup: { lineages } = {} } = status;
  const identity = pick(record(status), ['clusterName']);
  if (status.uid !== undefined && status.uid !== uid) return identity;
  if (observedGeneration <= generation && fits(status, longestStatus)) return status;
  return {
    ...identity,
    ...pick(record(status), ['ready_at', 'operator']),
    // What can be restored decides whether an empty Cluster may be created, and a serverName is never used twice.
    ...(lineages && { backup: { lineages: first(lineages).map((one) => pick(one, lineageFields)) } }),
  } as AddonStatus;
}
