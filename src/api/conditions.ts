// The closed lists of condition types and reasons. The code uses no others, and the reference docs are generated from these tables.
import { sidecarName } from './barman.ts';

/**
 * The concerns of an addon: each has one chapter of the domain logic, in a folder of src/domain. Without an essential concern the
 * database is of no use: a refused write there stops the rest and decides `Ready`. Any other refusal affects only the conditions of its
 * concern, and stops its other writes unless they are independent of each other.
 */
export const concerns = {
  ownership: { essential: true },
  database: { essential: true },
  credentials: { essential: true },
  backup: { essential: false },
  drill: { essential: false },
  promotion: { essential: false },
  extras: { essential: false, independent: true },
  roles: { essential: false, independent: true },
} as const satisfies Readonly<Record<string, { readonly essential: boolean; readonly independent?: true }>>;
export type Concern = keyof typeof concerns;

/**
 * When a condition is present. always: in every status. while true: absent otherwise. once judged: it keeps its last value while the
 * operator cannot judge it, and is removed when it does not apply.
 */
export type Presence = 'always' | 'while true' | 'once judged';

export interface ConditionRow {
  readonly meaning: string;
  /** What has to be observed before it is reported: part of a sentence. */
  readonly restsOn: string;
  readonly present: Presence;
  /** A refused write of this concern is reported in the condition. Absent: none is. */
  readonly concern?: Concern;
}

/** In the order in which status lists them. */
export const conditionTypes = {
  Ready: {
    meaning:
      'The database can be used: CNPG reports every instance ready, the Secret with DATABASE_URL is written, and a login with it succeeded. No login is required while readiness.connectionCheck is Advisory or Off, or the addon is suspended.',
    restsOn: 'the conditions Provisioned, CredentialsPublished and Connectable of the same reconcile',
    present: 'always',
  },
  Reconciling: {
    meaning: 'The operator is working towards the desired state. Present only while true.',
    restsOn: 'the reason of Ready',
    present: 'while true',
  },
  Stalled: {
    meaning: 'The operator cannot continue without intervention; the message says what to do. Present only while true.',
    restsOn: 'the reason of Ready, and how long the attempt has lasted',
    present: 'while true',
  },
  Provisioned: {
    meaning: 'The Cluster exists and CNPG reports every instance ready.',
    restsOn: 'the status of the Cluster as the watch last reported it, after the last restart that was requested',
    present: 'once judged',
    concern: 'database',
  },
  CredentialsPublished: {
    meaning:
      "The Secret holds a DATABASE_URL built from the current credentials in CNPG's Secret, or, with the reason Superseded, that of a database that is promoted to the app.",
    restsOn:
      "the app's Secret and CNPG's Secret as read at the last change or check-up (every ten minutes), or the API server's response to the write",
    present: 'once judged',
    concern: 'credentials',
  },
  PlanApplied: {
    meaning:
      'The Cluster runs with the size, version and settings of the plan, and its volume claims have the size of the disks.',
    restsOn:
      "the API server's response to the last write of the Cluster, the status of the Cluster after it, and the volume claims after a disk has grown",
    present: 'once judged',
    concern: 'database',
  },
  Connectable: {
    meaning:
      'The operator logged in with the published DATABASE_URL; while another database is promoted to the app, with that of this one. Absent while readiness.connectionCheck is Off.',
    restsOn:
      'the last login, which is repeated when the primary, the readiness or the credentials have changed, and at each check-up',
    present: 'once judged',
  },
  Promoted: {
    meaning:
      'The Secret of the app that spec.promote names holds the DATABASE_URL of this database. Present only with spec.promote, and until the Secret was given back.',
    restsOn:
      "that Secret as read at the last change or check-up (every ten minutes), or the API server's response to the write",
    present: 'once judged',
    concern: 'promotion',
  },
  ExtrasPublished: {
    meaning:
      'The Secrets that spec.connection.extraSecrets asks for, and that with the URL of the replicas, hold the credentials of the database, and with sslMode require or verify-full the ConfigMap has its CA. Absent if there are none.',
    restsOn:
      "these objects and CNPG's Secrets as read at the last change or check-up (every ten minutes), or the API server's response to the write",
    present: 'once judged',
    concern: 'extras',
  },
  RolesReady: {
    meaning:
      'The Secrets of the login roles that spec.roles asks for hold a DATABASE_URL, the roles have their rights, and a login with each succeeded. Absent if none is asked for.',
    restsOn:
      "the DatabaseRoles as the watch last reported them, the Secrets as read at the last change or check-up (every ten minutes), the API server's response to the writes, and the last login with each role",
    present: 'once judged',
    concern: 'roles',
  },
  BackupReady: {
    meaning: 'The backup level of the plan is in force. Absent for a plan without backups.',
    restsOn:
      "the Cluster, the ObjectStore and the ScheduledBackup as the watch last reported them, or the API server's response to the write; what PostgreSQL said of its archiver at the last login; and the pod of the primary, read when the connection to the container that archives broke",
    present: 'once judged',
    concern: 'backup',
  },
  Protected: {
    meaning:
      'Deleting the addon leaves the database, the Secret and the backups in service. Present only with spec.mode protected.',
    restsOn:
      'the owner references of the watched children, those of the Secrets at the last check-up, and the responses to the writes that removed them',
    present: 'once judged',
    concern: 'ownership',
  },
  Adopted: {
    meaning:
      'The database was created for an addon that has been deleted, and this addon adopted it. Present from then on.',
    restsOn: 'the annotation former-uid of the Cluster',
    present: 'once judged',
    concern: 'ownership',
  },
  Suspended: {
    meaning:
      'spec.suspend is true, or this version of the operator does not know something in the spec: nothing is created, changed or repaired. Present only while true.',
    restsOn: 'the spec',
    present: 'while true',
  },
  EndOfLife: {
    meaning:
      'The major version of PostgreSQL on which the data are, or the image with which the database runs, gets no more fixes. It does not affect Ready. Present only while true.',
    restsOn: 'the major version of the data and the image in the Cluster, compared with a dated table and the clock',
    present: 'while true',
  },
  CRDOutdated: {
    meaning:
      'The schema that the API server publishes for PostgresAddon lacks something that this operator version uses. It does not affect Ready. Present only while true.',
    restsOn: 'the published schema (/openapi/v3), which is read once a minute',
    present: 'while true',
  },
} as const satisfies Readonly<Record<string, ConditionRow>>;
export type ConditionType = keyof typeof conditionTypes;

/** good: no action needed. progressing: the operator waits, for a limited time. stalled: it cannot continue without intervention. */
export type ReasonState = 'good' | 'progressing' | 'stalled';

export interface ReasonRow {
  readonly state: ReasonState;
  readonly meaning: string;
  readonly remedy: string;
  /** No watch reports the end of this state: it is checked again after this many seconds, and ever more rarely while it lasts. */
  readonly recheckSeconds?: number;
  /** Its Event is a Warning although the reason is not stalled. */
  readonly warning?: true;
}

const wait = 'Wait. No action needed.';

export const reasons = {
  Running: {
    state: 'good',
    meaning:
      'Every instance is ready, DATABASE_URL is published and a login with it succeeded. No login is required while readiness.connectionCheck is Advisory or Off, or the addon is suspended.',
    remedy: 'No action needed.',
  },
  ClusterHealthy: { state: 'good', meaning: 'CNPG reports every instance ready.', remedy: 'No action needed.' },
  Published: {
    state: 'good',
    meaning: 'The Secret holds the current DATABASE_URL, or the extra Secrets hold the credentials.',
    remedy: 'No action needed.',
  },
  Superseded: {
    state: 'good',
    meaning:
      "The Secret holds the DATABASE_URL of another PostgresAddon, which is promoted to this app. The credentials of this database are in CNPG's Secret.",
    remedy:
      'No action needed. To go back to this database, remove spec.promote of the other PostgresAddon. If that one was deleted and left its database in service, apply it again with spec.promote, or delete the Secret.',
  },
  Promoted: {
    state: 'good',
    meaning: 'The Secret of the app that spec.promote names holds the DATABASE_URL of this database.',
    remedy: 'No action needed. To give it back, remove spec.promote.',
  },
  LoggedIn: {
    state: 'good',
    meaning:
      'A login with DATABASE_URL has succeeded since the last change of the database, its primary or its credentials.',
    remedy: 'No action needed.',
  },
  Applied: { state: 'good', meaning: 'The Cluster runs what the plan specifies.', remedy: 'No action needed.' },
  Protected: {
    state: 'good',
    meaning:
      'Deleting the addon deletes none of its children: the addon has a finalizer, and the children have no owner references.',
    remedy: 'No action needed. Deleting the namespace still deletes everything in it.',
  },
  Adopted: {
    state: 'good',
    meaning:
      'The database of a deleted addon with the same name was adopted, with its data, its Secret and its ready_at.',
    remedy: 'No action needed.',
  },
  Suspended: {
    state: 'stalled',
    meaning: 'spec.suspend is true: nothing is created, changed or repaired.',
    remedy: 'Set spec.suspend to false, or remove it.',
  },
  SpecUnknown: {
    state: 'stalled',
    meaning:
      'The spec has a field, or a value of a closed list, that this version of the operator does not know, as when the CRD is newer: nothing is created, changed or repaired. A database that exists stays as it is, and is reported.',
    remedy: 'Upgrade the operator, or remove from the spec what the message names.',
  },
  DiskNotShrunk: {
    state: 'good',
    meaning: 'The plan is applied, but the disk is larger than the plan specifies, because a disk never shrinks.',
    remedy: 'No action needed. For a smaller disk, create a new addon and move the data.',
  },
  Creating: {
    state: 'progressing',
    meaning: 'CloudNativePG is creating the database for the first time.',
    remedy: wait,
  },
  Restoring: {
    state: 'progressing',
    meaning: 'CloudNativePG is creating the database from the backups that the message names.',
    remedy: `${wait} How long it takes depends on the size of the database, and on the WAL since the base backup.`,
  },
  RestorePending: {
    state: 'progressing',
    meaning:
      'The database is restored once the backups reach the requested time, or once there are any. Nothing has been created yet.',
    remedy: `${wait} The message says what would make it faster.`,
    recheckSeconds: 15,
  },
  RestoreSourceMissing: {
    state: 'stalled',
    meaning: 'The backups that spec.restore names cannot be found. No database was created.',
    remedy:
      'If the other addon does not exist yet, create it. If it is one of another namespace, let its owner permit the restore. Otherwise delete this addon and create it again with what the message says: spec.restore cannot be changed.',
  },
  RestoreFailed: {
    state: 'stalled',
    meaning: 'CloudNativePG has tried repeatedly to restore the database, and failed.',
    remedy:
      'Find the cause in the log that the message names. To restore another state, or from other backups, delete this addon and create it again. With spec.mode protected, set that to standard before, and wait until the condition Protected is absent: otherwise the Cluster stays, and is in the way.',
  },
  Redacting: {
    state: 'progressing',
    meaning:
      'The data of the restored database are changed by the SQL that spec.restore.redaction names. There is no DATABASE_URL and no backup before that is committed.',
    remedy: `${wait} The message names the Job that runs it.`,
    recheckSeconds: 5,
  },
  RedactionFailed: {
    state: 'stalled',
    meaning: 'The data of the restored database cannot be redacted, so that nothing of it is published.',
    remedy:
      'Find the cause in the log that the message names. Correct the ConfigMap, and delete the Job: the operator makes it again. If the message has other commands, follow it.',
    recheckSeconds: 10,
  },
  Provisioning: {
    state: 'progressing',
    meaning:
      'The database has been ready before and is not ready now: an instance is restarting or being replaced, or a failover is in progress.',
    remedy: wait,
  },
  ClusterRecreated: {
    state: 'progressing',
    meaning:
      'The Cluster of a database that was ready no longer exists, although the addon was not deleted. A new one is being created: no backup of the present lineage can be restored, or the annotation addons.paas.dev/start-empty permits it. It is empty, or has what the deleted one was restored from, unless the Cluster was deleted with --cascade=orphan: then CNPG gives its volumes to the new one.',
    remedy: 'Find out who deleted the Cluster. Its data was deleted with it, unless its volume claims still exist.',
    warning: true,
  },
  ClusterMissing: {
    state: 'stalled',
    meaning:
      'The Cluster no longer exists, although the addon was not deleted, and its backups can be restored. No empty one takes its place. The backups, the ObjectStore and the Secret with DATABASE_URL stay as they are.',
    remedy:
      'Find out who deleted the Cluster. To restore the database, set spec.mode to standard, delete the addon, and create it again with spec.restore.from.archive and what the message names. spec.database has to be that of the backups, and spec.version to have their major version (docs/restore.md). To start with a new Cluster, set the annotation addons.paas.dev/start-empty of the addon to the server name in the message. It is empty, unless the volume claims of the deleted one still exist.',
  },
  Applying: { state: 'progressing', meaning: 'A change of plan or version is being applied.', remedy: wait },
  Adopting: {
    state: 'progressing',
    meaning: 'The database of a deleted addon with the same name is being adopted.',
    remedy: wait,
  },
  Deleted: {
    state: 'progressing',
    meaning: 'The addon is being deleted, with everything it owns.',
    remedy: wait,
  },
  Released: {
    state: 'progressing',
    meaning: 'The addon is being deleted. The database, the Secret and the backups stay in service without it.',
    remedy: 'Apply the same addon again to adopt them.',
  },
  OldObjectTerminating: {
    state: 'progressing',
    meaning:
      'An object with a name that this addon needs is still being deleted, usually one of a deleted addon with the same name.',
    remedy: 'Wait. If this persists, check the finalizers of the object.',
    recheckSeconds: 2,
  },
  NamespaceTerminating: {
    state: 'progressing',
    meaning: 'The namespace is being deleted, so nothing can be created in it.',
    remedy: wait,
    recheckSeconds: 60,
  },
  CredentialsPending: {
    state: 'progressing',
    meaning: 'The credentials of the Cluster are not published yet.',
    remedy: wait,
  },
  PromotionPending: {
    state: 'progressing',
    meaning:
      'The Secret of the app that spec.promote names is taken over once this database is ready and a login has succeeded.',
    remedy: wait,
    recheckSeconds: 2,
  },
  PromotionEnding: {
    state: 'progressing',
    meaning:
      'spec.promote was removed or changed. The Secret goes on holding the DATABASE_URL of this database until a PostgresAddon of that app, or one that is promoted to it, takes it, once a login to its own database has succeeded.',
    remedy:
      'Wait until that PostgresAddon is ready. If there is none, create it, delete the Secret if nothing uses it, or set spec.promote again.',
  },
  PromotionRefused: {
    state: 'stalled',
    meaning:
      'The Secret of the app that spec.promote names does not belong to the PostgresAddon of that app. It was left unchanged.',
    remedy:
      'If another PostgresAddon is promoted to the same app, remove spec.promote of one of them. Otherwise delete the Secret if nothing uses it.',
    recheckSeconds: 60,
  },
  LoginPending: {
    state: 'progressing',
    meaning: 'No login has been attempted yet: the database is not ready, or the login is queued.',
    remedy: wait,
  },
  NameConflict: {
    state: 'stalled',
    meaning:
      'An object with a name that this addon needs exists and does not belong to the addon. It was left unchanged.',
    remedy:
      'If the message says that the object belongs to another addon, do not delete it: it is the database or a Secret of that addon. ' +
      'Delete this addon instead, and create it again with another appId or tenantId; with spec.mode standard, that deletes whatever this addon has itself. If the object belongs to no addon and nothing uses it, delete it.',
    recheckSeconds: 60,
  },
  AdoptionRefused: {
    state: 'stalled',
    meaning:
      'A deleted addon left a database, Secret or backup schedule that does not match this addon. It was left unchanged.',
    remedy:
      'Correct the addon as the message says. Where a field cannot be changed, delete this addon, which leaves that database in service, and create it again. For a database of its own, create it with another appId or tenantId.',
    recheckSeconds: 60,
  },
  InvalidSpec: {
    state: 'stalled',
    meaning: 'The spec contains a value that the operator does not support and that the schema should have rejected.',
    remedy: 'Correct the field that the message names. Check that the installed CRD is that of this operator version.',
  },
  CRDOutdated: {
    state: 'stalled',
    meaning:
      'The installed CRD of PostgresAddon is not the one of this operator version. The API server drops the fields that it does not know: in spec they have no effect, and status does not report them. Rules that it lacks are not enforced.',
    remedy:
      'Install the CRD of this version: `helm upgrade` with `crds.enabled=true`, or `kubectl apply --server-side --force-conflicts -f crds/`. The operator notices within a minute, without a restart.',
  },
  CNPGOutdated: {
    state: 'stalled',
    meaning: 'The installed CRDs of CloudNativePG do not have a field that the operator writes: they are too old.',
    remedy:
      'Upgrade CloudNativePG, with its CRDs, to a version that the README lists. The operator retries automatically.',
    recheckSeconds: 60,
  },
  CNPGNotInstalled: {
    state: 'stalled',
    meaning: 'The API server does not serve the resources of CloudNativePG.',
    remedy: 'Install CloudNativePG. The operator continues within seconds, without a restart.',
  },
  CNPGUnavailable: {
    state: 'stalled',
    meaning: "CloudNativePG's admission webhook does not respond, so the API server rejects every write to a Cluster.",
    remedy: 'Get the CloudNativePG operator running. This operator retries automatically.',
    recheckSeconds: 10,
  },
  Forbidden: {
    state: 'stalled',
    meaning: 'The operator lacks a permission that it needs.',
    remedy: 'Grant the permission that the message names (the chart grants all of them).',
    recheckSeconds: 60,
  },
  QuotaExceeded: {
    state: 'stalled',
    meaning: 'A ResourceQuota of the namespace does not allow the object.',
    remedy: 'Raise the quota or free up some of it. The operator retries automatically, within about ten minutes.',
    recheckSeconds: 30,
  },
  Refused: {
    state: 'stalled',
    meaning: 'The API server or an admission webhook rejected an object.',
    remedy:
      "Follow the server's message, quoted in the condition. The operator retries automatically, within about ten minutes.",
    recheckSeconds: 60,
  },
  ChangedOnAdmission: {
    state: 'stalled',
    meaning:
      'The API server stored an object with other values than the operator requested: an admission policy or a webhook changes them. The database runs with those values.',
    remedy:
      'Accept the values, or exempt the object from the policy, set spec.suspend to true and then remove it: the operator requests the values once for each change of the spec.',
  },
  FieldContested: {
    state: 'stalled',
    meaning:
      'Somebody sets fields of an object again each time that the operator has repaired them. It repairs them ever more rarely, up to every ten minutes.',
    remedy:
      'Stop who sets them: the command in the message shows the manager of each field. The next repair clears the condition.',
  },
  FieldNotRemoved: {
    state: 'stalled',
    meaning:
      'A field that has to be removed from an object is still there: the API server refuses the removal, or something sets the field again at once.',
    remedy:
      'Remove the field from what the manager that the message names applies, or exempt the operator from the policy. The operator retries automatically.',
    recheckSeconds: 60,
  },
  HeldByAnotherOperator: {
    state: 'stalled',
    meaning:
      'Another installation of the operator operates this addon, so this one writes nothing. Only in an Event: status is that of the other one.',
    remedy:
      'To leave the addon with the installation that status.operator names, restrict watchNamespaces of the other one to other namespaces, or uninstall the other one. ' +
      'To move the addon to the other one, uninstall the one that status.operator names: the other one takes over ten minutes later, or half a minute after the Lease of that name was deleted. ' +
      'Or restrict watchNamespaces of the one that status.operator names, and wait until its pods are replaced; then nobody operates the addon until you remove the name: ' +
      'kubectl patch pga <name> --namespace <namespace> --subresource=status --type=merge --patch \'{"status":{"operator":null}}\'.',
  },
  CredentialsInvalid: {
    state: 'stalled',
    meaning: 'The Secret <cluster>-app does not hold usable credentials. The last valid DATABASE_URL was kept.',
    remedy:
      'Restore the Secret, or delete it: CNPG recreates it with a new password. Where the message says that the name of the database ' +
      'cannot be read back from a URL, use an addon with another database.name.',
    recheckSeconds: 60,
  },
  CAInvalid: {
    state: 'stalled',
    meaning:
      'The Secret <cluster>-ca, with which CNPG signs the certificate of the server, does not hold certificates under the key ca.crt. The last valid CA stays published.',
    remedy:
      'Put the CA that the ConfigMap app-<appId>-database-ca still has back into the key ca.crt of the Secret, or restore the Secret. Do not delete it: CNPG would make another CA, which has not signed the certificates that the instances have.',
    recheckSeconds: 60,
  },
  RolePending: {
    state: 'progressing',
    meaning:
      'A login role that spec.roles asks for is being made, or one that it does not ask for any more is being removed.',
    remedy: wait,
  },
  RoleNotApplied: {
    state: 'progressing',
    meaning:
      'CloudNativePG could not make or change a login role, and tries again every half minute. The message has its words. A DATABASE_URL that was published before stays.',
    remedy:
      'Wait for a minute: directly after the role was asked for, CloudNativePG may not be allowed to read its password yet. If it lasts, remove what the message names, such as a role of the same name in spec.managed.roles of the Cluster.',
  },
  RoleNotReady: {
    state: 'stalled',
    meaning:
      'A login role exists, but its rights could not be granted, or a login with it fails. Its DATABASE_URL is not published, or stays as it was.',
    remedy:
      'Do what the message says. The login fails after somebody changed the password or the rights of the role inside the database: delete the Secret <secretName>-login, and the role gets a new password.',
    recheckSeconds: 30,
  },
  LoginOff: {
    state: 'stalled',
    meaning:
      'spec.roles asks for login roles, which get their rights by a login of the operator, but readiness.connectionCheck is Off.',
    remedy: 'Set readiness.connectionCheck of the operator to Required or Advisory, or remove spec.roles.',
  },
  SecretImmutable: {
    state: 'stalled',
    meaning:
      'A Secret that has to hold the current credentials, or the ConfigMap with the CA, is marked immutable and holds others, or the Secret has another type than it should have. The API server refuses the change.',
    remedy: 'Delete the object that the message names: the operator creates it again.',
    recheckSeconds: 30,
  },
  Hibernated: {
    state: 'stalled',
    meaning: 'The Cluster is hibernated (annotation cnpg.io/hibernation): no instance is running.',
    remedy: 'Remove the annotation from the Cluster.',
  },
  ReconciliationDisabled: {
    state: 'stalled',
    meaning:
      'CNPG ignores the Cluster (annotation cnpg.io/reconciliationLoop: disabled): a change is not applied, and a failed instance is not recovered.',
    remedy: 'Remove the annotation from the Cluster.',
  },
  InstancesFenced: {
    state: 'stalled',
    meaning: 'Instances are fenced (annotation cnpg.io/fencedInstances): PostgreSQL is stopped in them.',
    remedy:
      "Remove the annotation from the Cluster, or use kubectl cnpg fencing off <cluster> '*' --namespace <namespace>.",
  },
  TakingTooLong: {
    state: 'stalled',
    meaning: 'The database has not become ready within the expected time (5 min when creating, 10 min later).',
    remedy:
      'Check the events of the namespace and the status of the Cluster (kubectl describe cluster <cluster> --namespace <namespace>).',
  },
  WaitingForUser: {
    state: 'stalled',
    meaning: 'CNPG is waiting for a user to confirm an update.',
    remedy:
      'Follow status.phaseReason of the Cluster. A supervised switchover is made by kubectl cnpg promote <cluster> <instance> --namespace <namespace>, with an instance that is not the primary.',
  },
  ClusterUnrecoverable: {
    state: 'stalled',
    meaning: 'CNPG reports the Cluster as unrecoverable.',
    remedy:
      'Follow status.phaseReason of the Cluster. If its volume claims no longer exist, its data is gone: delete the Cluster, and the operator creates a new, empty one, or reports ClusterMissing if its backups can be restored.',
  },
  ClusterDefinitionInvalid: {
    state: 'stalled',
    meaning: 'CNPG rejects the definition of the Cluster.',
    remedy:
      'Correct in spec of the Cluster what the message names. The log of the CNPG operator says why it is invalid.',
  },
  ClusterObjectsFailed: {
    state: 'stalled',
    meaning: 'CNPG cannot create the objects that the Cluster needs.',
    remedy:
      'Remove the cause that status.phaseReason of the Cluster names. CNPG retries ever more rarely, up to 17 min later, but at once when the Cluster changes: kubectl annotate cluster <cluster> --namespace <namespace> retry="$(date +%s)" --overwrite.',
  },
  ImageProblem: {
    state: 'stalled',
    meaning: 'CNPG cannot use the image or the image catalog of the Cluster.',
    remedy:
      "Correct spec.version or the operator's image pattern. If somebody gave the Cluster an image catalog, give it its image (status.image of the addon) back in one change, since CNPG sets one of another major version where none is: " +
      'kubectl patch cluster <cluster> --namespace <namespace> --type=merge --patch \'{"spec":{"imageCatalogRef":null,"imageName":"<image>"}}\'.',
  },
  PluginMissing: {
    state: 'stalled',
    meaning:
      'The Cluster requires a CNPG plugin that is not installed or does not respond, so that the database cannot be created.',
    remedy:
      'Install or repair the plugin. If nobody wants it, remove it from spec.plugins of the Cluster. The operator sets that of Barman Cloud again: to do without, choose a plan without backups.',
  },
  PluginUnavailable: {
    state: 'progressing',
    meaning:
      'A plugin that the Cluster requires does not respond. Until it does, CNPG changes nothing and fails over nothing. A database that was ready stays Ready as long as logins succeed.',
    remedy:
      "Check the plugin's pod (kubectl get pods --namespace cnpg-system). If nobody wants the plugin, remove it from spec.plugins of the Cluster. The operator sets that of Barman Cloud again: to do without, choose a plan without backups.",
  },
  DiskFull: {
    state: 'stalled',
    meaning: 'CNPG stopped because a disk is full.',
    remedy:
      'Expand the volume claim, or free up space on it, but never delete files in pg_wal: the database may not start again. CNPG does not expand a full disk itself. The next start is up to 5 min later, or at once when the pod of the instance is deleted.',
  },
  InstanceUnreachable: {
    state: 'progressing',
    meaning: 'CNPG cannot reach an instance over the network, and its pod shows no cause.',
    remedy: 'Allow the CNPG operator to reach port 8000 of the pods (NetworkPolicy).',
    warning: true,
  },
  ImagePullFailed: {
    state: 'progressing',
    meaning: 'A node cannot pull an image that the database needs.',
    remedy:
      "Correct spec.version or the operator's image pattern. Then delete the Job or pod that the message names, which CNPG does not update. Or give the nodes access to the registry.",
    warning: true,
  },
  UpgradeFailed: {
    state: 'progressing',
    meaning: 'pg_upgrade failed. The database is down, and CNPG does not retry.',
    remedy:
      'Read the log that the message names. If the cause is in the data, set spec.version to the previous version: the database starts again with all data. Remove the cause, and set spec.version to the new version again (docs/versions.md). If the cause is outside of the database, remove it and delete the Job: CNPG makes another one.',
    warning: true,
  },
  StorageClassMissing: {
    state: 'progressing',
    meaning: 'A volume claim names a StorageClass that does not exist, or names none and there is no default.',
    remedy: 'Create the StorageClass, or mark one as default. The claim is then bound automatically.',
    warning: true,
  },
  VolumePending: {
    state: 'progressing',
    meaning: 'A volume claim is not bound, or CNPG cannot create it.',
    remedy: 'Check the provisioner of the StorageClass and the quotas on storage.',
    warning: true,
  },
  VolumeGrowing: {
    state: 'progressing',
    meaning: 'An expansion of a disk was requested and has not finished.',
    remedy: 'Wait. If this persists, check the storage driver.',
    recheckSeconds: 15,
  },
  Unschedulable: {
    state: 'progressing',
    meaning: 'No node can run a pod of the database; the message says what is missing.',
    remedy:
      "Add a node, free up resources, or correct the nodes' taints and labels. Or choose a smaller plan and then, if the message names a Job, delete it: CNPG does not update it.",
    warning: true,
  },
  PodsRefused: {
    state: 'progressing',
    meaning: 'Pods of the database cannot be created: a LimitRange, an admission webhook or a policy rejects them.',
    remedy:
      "Follow the server's message, quoted in the condition. If only CNPG received it, it is in the log of the CNPG operator.",
    warning: true,
  },
  ContainerNotStarted: {
    state: 'progressing',
    meaning: 'A node has the image but cannot start the container.',
    remedy: "Follow the node's message, quoted in the condition.",
    warning: true,
  },
  CrashLooping: {
    state: 'progressing',
    meaning: 'The container of an instance, or what prepares its disk, repeatedly exits.',
    remedy:
      'Read its log with the command in the message, and remove the cause. The next start is up to 5 min later, or at once when the pod or Job that the message names is deleted.',
    warning: true,
  },
  OutOfMemory: {
    state: 'progressing',
    meaning: 'An instance is repeatedly killed because it needs more memory than its limit.',
    remedy:
      'Choose a plan with more memory, and delete the pod that the message names: CNPG does not update a pod that is not ready. Or find out what uses the memory.',
    warning: true,
  },
  MountFailed: {
    state: 'progressing',
    meaning: 'A node cannot attach or mount a volume of the database.',
    remedy:
      "Follow the node's message, quoted in the condition: create the Secret or ConfigMap that it misses, or check the volume and its storage driver.",
    warning: true,
  },
  NodeUnavailable: {
    state: 'progressing',
    meaning: 'The node of an instance does not respond, or evicted the instance.',
    remedy: 'Recover the node. Or remove it from the Kubernetes cluster; what is on its local disks is then lost.',
    warning: true,
  },
  CNPGNotResponding: {
    state: 'progressing',
    meaning: 'CNPG has reported nothing about the Cluster, or reports instances that no longer exist.',
    remedy: 'Make sure that the CNPG operator is running and watches the namespace.',
    warning: true,
  },
  StorageNotExpandable: {
    state: 'stalled',
    meaning:
      'The plan has a larger disk, but the StorageClass does not allow volume expansion. The disk was left unchanged.',
    remedy: 'Set allowVolumeExpansion on the StorageClass, or return to a plan whose disk fits.',
    recheckSeconds: 60,
  },
  StorageUnverified: {
    state: 'progressing',
    meaning: 'It is not known yet whether the StorageClass allows volume expansion, so the disk was left unchanged.',
    remedy: 'Wait. If this persists, permit the operator to get storageclasses and list persistentvolumeclaims.',
    recheckSeconds: 10,
  },
  DowngradeRefused: {
    state: 'stalled',
    meaning:
      'The requested version is lower than what has run on the data, or than what is being rolled out. The version was kept.',
    remedy:
      'Request the version in status.running.lowest or a higher one. If the database was never ready, the addon can be deleted and created again.',
  },
  UpgradePending: {
    state: 'progressing',
    meaning:
      'A new major version is requested, and is applied once the database has been ready with the present one, in the image form that it then has.',
    remedy: 'Wait. If the database cannot become ready, request a version of the present major version.',
  },
  ImageFormUnknown: {
    state: 'stalled',
    meaning:
      'Another version is requested, but the image of the database has a form whose version cannot be replaced, such as a digest. The version was kept.',
    remedy:
      "Ask the platform team to move the database to the operator's image pattern (postgres.imageRollout: Now in the values of its chart). It restarts, and so does every other database with another image than that.",
  },
  VersionEnded: {
    state: 'stalled',
    meaning: 'The major version of PostgreSQL has reached its end of life.',
    remedy:
      'Set spec.version to a later major version that still gets fixes; the message names the lowest (docs/versions.md).',
  },
  ImageUnsupported: {
    state: 'stalled',
    meaning:
      'The database runs an image that CloudNativePG no longer builds: a tag of Debian 11, which ends in bullseye or names no Debian release.',
    remedy:
      'Ask the platform team to move all databases to the image pattern of the operator, with a restart (docs/versions.md), by the value postgres.imageRollout of its chart. With the names of the README: ' +
      'helm upgrade postgres-addon-operator charts/postgres-addon-operator --namespace postgres-addon-system --reset-then-reuse-values --set postgres.imageRollout=Now.',
  },
  CredentialsRejected: {
    state: 'stalled',
    meaning:
      'The database rejects the password in DATABASE_URL, although CNPG has the same: it was changed inside the database.',
    remedy: 'Delete the Secret <cluster>-app: CNPG creates a new password and sets it in the database.',
    recheckSeconds: 30,
  },
  LoginForbidden: {
    state: 'stalled',
    meaning: 'The database refuses logins by the role in DATABASE_URL.',
    remedy: 'As a superuser, give the role LOGIN, and CONNECT on the database. Check pg_hba of the Cluster.',
    recheckSeconds: 30,
  },
  DatabaseMissing: {
    state: 'stalled',
    meaning: 'The instance is running, but the database in DATABASE_URL does not exist: it was dropped or renamed.',
    remedy:
      'As a superuser, rename it back, or create it again, empty. Or restore it from a backup into another addon (docs/restore.md).',
    recheckSeconds: 30,
  },
  TlsFailed: {
    state: 'stalled',
    meaning: 'No encrypted connection as required by spec.connection.sslMode could be established.',
    remedy:
      'Check the certificates of the Cluster, or choose another sslMode. With verify-full, the operator checks the names in the certificate, not its issuer.',
    recheckSeconds: 30,
  },
  DNSLookupFailed: {
    state: 'progressing',
    meaning: 'The host in DATABASE_URL cannot be resolved, or DNS does not respond to the operator.',
    remedy: "Check that the Service exists and that the operator's pod can reach DNS (NetworkPolicy).",
    recheckSeconds: 15,
    warning: true,
  },
  ConnectionRefused: {
    state: 'progressing',
    meaning: 'The Service of the database refuses connections: it has no ready instance.',
    remedy:
      'Wait. If this persists, check the endpoints of the Service and the pods of the Cluster. If somebody changed the Service, delete the Service: CNPG creates a new one.',
    recheckSeconds: 15,
    warning: true,
  },
  DatabaseUnreachable: {
    state: 'progressing',
    meaning:
      'The operator cannot connect to the database within 5 s: something on the network path, such as a NetworkPolicy, drops the connection.',
    remedy:
      "Allow the operator's pod to reach port 5432 of the instances, or set readiness.connectionCheck to Advisory or Off. If somebody changed the Service, delete the Service: CNPG creates a new one.",
    recheckSeconds: 15,
    warning: true,
  },
  LoginTimeout: {
    state: 'progressing',
    meaning: 'The database accepts the connection but does not complete the login within 5 s.',
    remedy: 'Wait. If this persists, check the load and the log of the primary.',
    recheckSeconds: 15,
    warning: true,
  },
  ConnectionReset: {
    state: 'progressing',
    meaning: 'The connection was closed before the login was complete.',
    remedy: 'Wait. If this persists, check the log of the primary.',
    recheckSeconds: 15,
    warning: true,
  },
  DatabaseStarting: {
    state: 'progressing',
    meaning: 'PostgreSQL is starting up or shutting down and does not accept logins.',
    remedy: wait,
    recheckSeconds: 15,
  },
  TooManyConnections: {
    state: 'progressing',
    meaning: 'All connections that the plan allows are in use.',
    remedy: 'Close connections in the application, use a connection pool, or choose a larger plan.',
    recheckSeconds: 15,
    warning: true,
  },
  RoleConnectionLimit: {
    state: 'progressing',
    meaning: 'All connections that the CONNECTION LIMIT of the role in DATABASE_URL allows are in use.',
    remedy: 'Close connections in the application, or raise the limit as a superuser: ALTER ROLE ... CONNECTION LIMIT.',
    recheckSeconds: 15,
    warning: true,
  },
  DatabaseConnectionLimit: {
    state: 'progressing',
    meaning: 'All connections that the CONNECTION LIMIT of the database in DATABASE_URL allows are in use.',
    remedy:
      'Close connections in the application, or raise the limit as a superuser: ALTER DATABASE ... CONNECTION LIMIT.',
    recheckSeconds: 15,
    warning: true,
  },
  LoginFailed: {
    state: 'progressing',
    meaning: 'The login failed for another reason; the message names the error code.',
    remedy: "Look up the code in PostgreSQL's list of error codes, and check the log of the primary.",
    recheckSeconds: 30,
    warning: true,
  },
  InForce: {
    state: 'good',
    meaning: 'The backup level of the plan is in force.',
    remedy: 'No action needed.',
  },
  NoObjectStore: {
    state: 'progressing',
    meaning:
      'No object store is configured for this addon, so no backups are begun. A database that has archived before goes on where it did.',
    remedy:
      'Ask the platform team to configure one (backup.stores and backup.defaultStore), or name one in spec.backup.storeRef.name.',
  },
  FirstBackupPending: {
    state: 'progressing',
    meaning: 'The first base backup of the database has not been completed, so nothing can be restored yet.',
    remedy: 'No action needed.',
  },
  StoreUnreachable: {
    state: 'stalled',
    meaning:
      'The object store cannot be reached, so that WAL or a base backup is not written. WAL fills the disk meanwhile.',
    remedy:
      'Check the address of the object store (endpointURL in backup.stores), its DNS name, and that NetworkPolicies let the instances reach it. It is tried again by itself.',
  },
  StoreRefused: {
    state: 'stalled',
    meaning:
      'The object store was reached and refuses what is written: keys, bucket, permissions or certificate. WAL fills the disk meanwhile.',
    remedy: `Read the log of the container ${sidecarName} of the primary: kubectl logs --namespace <namespace> <pod> --container ${sidecarName}. Correct what it names. It is tried again by itself.`,
  },
  ArchiveNotEmpty: {
    state: 'stalled',
    meaning:
      'The folder of the lineage already holds WAL that another server wrote, so that the plugin does not archive into it. WAL fills the disk meanwhile.',
    remedy:
      'Find out who writes below that name, and move the folder that the message names to another place in the bucket. It is tried again by itself.',
  },
  BackupOutOfMemory: {
    state: 'stalled',
    meaning: 'The container that writes the backups was killed because it reached its memory limit.',
    remedy:
      'Ask the platform team to raise sidecarMemory of the plan, which restarts the instances. The first base backup is then tried again by itself, within an hour. ' +
      'Once that is completed, a later one that failed is made at the next time of the schedule, or at once if you ask for one: kubectl annotate pga <name> --namespace <namespace> addons.paas.dev/backup-now="$(date +%s)" --overwrite. Earlier, such a request is refused.',
  },
  WindowShorterThanRetention: {
    state: 'stalled',
    meaning:
      'Base backups were completed longer ago than the retention, and the oldest one left is younger: something else than the plugin removes them.',
    remedy:
      'Remove the lifecycle rule of the bucket that expires objects below the folder that the message names, or lower spec.backup.retention. The condition clears as soon as the oldest base backup is as old as the retention.',
  },
  DrillFailed: {
    state: 'stalled',
    meaning:
      'Backups are taken, but the last restore drill failed: the newest state could not be restored, or an assertion does not hold in the restored database.',
    remedy:
      'Remove what the message names. Then repeat the drill: kubectl annotate pga <name> --namespace <namespace> addons.paas.dev/drill-now="$(date +%s)" --overwrite. The condition clears when a drill passes.',
  },
  UpgradeBackupPending: {
    state: 'progressing',
    meaning:
      'A new major version waits for a base backup of the present one; or it runs, and its first base backup has not been completed, so that nothing can be restored with it yet.',
    remedy: 'No action needed.',
  },
  ArchivingFailing: {
    state: 'stalled',
    meaning: 'The database cannot archive its WAL: what changes now cannot be restored, and WAL fills the disk.',
    remedy: `Correct what the message names. If it names nothing, read the log of the container ${sidecarName} of the primary: kubectl logs --namespace <namespace> <pod> --container ${sidecarName}.`,
  },
  BackupFailed: {
    state: 'stalled',
    meaning: 'The last base backup failed.',
    remedy:
      'Correct what the message names. The first base backup is then tried again by itself, within an hour. Once that is completed, ask for another one if a later one failed: ' +
      'kubectl annotate pga <name> --namespace <namespace> addons.paas.dev/backup-now="$(date +%s)" --overwrite. Earlier, such a request is refused. The next backup that is completed clears the condition.',
  },
  BackupOverdue: {
    state: 'stalled',
    meaning: 'A scheduled base backup has not been made two hours after its time.',
    remedy: 'Check the Backups of the Cluster: one that never ends blocks those after it, until it is deleted.',
  },
  PluginOutdated: {
    state: 'stalled',
    meaning: 'The installed Barman Cloud plugin lacks a field that the operator needs.',
    remedy: 'Upgrade the plugin, with its CRD.',
    recheckSeconds: 60,
  },
} as const satisfies Readonly<Record<string, ReasonRow>>;
export type Reason = keyof typeof reasons;

/** The row of a reason, including the optional members. */
export function rowOf(reason: Reason): ReasonRow {
  return reasons[reason];
}
