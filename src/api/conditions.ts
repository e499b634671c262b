// The closed lists of condition types and reasons, as tables: the code may use no other word, and the docs are made from them.

export const conditionTypes = {
  Ready: 'The database can be used: CNPG reports every instance ready and the Secret with DATABASE_URL is written.',
  Reconciling: 'The operator is working towards what was asked; present only while true.',
  Stalled: 'The operator cannot get further by itself; present only while true, and the message says what to do.',
  Provisioned: 'The Cluster exists and CNPG reports every instance ready.',
  CredentialsPublished: 'The Secret holds a DATABASE_URL built from the credentials that CNPG has now.',
  Connectable: 'The operator logged in with the published DATABASE_URL; absent where the check is off.',
  PlanApplied: 'The Cluster runs with the size, version and settings of the plan.',
  Protected: 'A deletion of the addon leaves database, Secret and backups in service; present only in mode protected.',
  Adopted: 'The database was made for an addon that is gone, and was taken back; present from then on.',
  Suspended: 'spec.suspend is true: nothing is created, changed or repaired; present only while true.',
  BackupReady: 'The backup level of the plan is in force; absent for a plan without backups.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

/** good: nothing to do. progressing: wait, it moves by itself. stalled: somebody has to act. */
export type Weight = 'good' | 'progressing' | 'stalled';

export interface ReasonRow {
  readonly weight: Weight;
  readonly meaning: string;
  readonly wayOut: string;
  /** Nothing that is watched announces the end of this state: look again after so many seconds. */
  readonly recheckSeconds?: number;
  /** Its Event is a Warning although nobody has to act. */
  readonly warning?: true;
}

const wait = 'Wait; nothing to do.';

export const reasons = {
  Running: {
    weight: 'good',
    meaning: 'Every instance is ready and DATABASE_URL is published.',
    wayOut: 'Nothing to do.',
  },
  ClusterHealthy: { weight: 'good', meaning: 'CNPG reports every instance ready.', wayOut: 'Nothing to do.' },
  Published: { weight: 'good', meaning: 'The Secret holds the current DATABASE_URL.', wayOut: 'Nothing to do.' },
  LoggedIn: {
    weight: 'good',
    meaning: 'A login with DATABASE_URL succeeded since the database, its primary or its credentials changed last.',
    wayOut: 'Nothing to do.',
  },
  Applied: { weight: 'good', meaning: 'The Cluster runs what the plan says.', wayOut: 'Nothing to do.' },
  Protected: {
    weight: 'good',
    meaning: 'No child goes with the addon: there is a finalizer, and there are no owner references.',
    wayOut: 'Nothing to do. The end of the namespace still ends everything in it.',
  },
  Adopted: {
    weight: 'good',
    meaning: 'The database of a deleted addon of this name was taken back, with its data, its Secret and its ready_at.',
    wayOut: 'Nothing to do.',
  },
  Suspended: {
    weight: 'stalled',
    meaning: 'spec.suspend is true: nothing is created, changed or repaired.',
    wayOut: 'Set spec.suspend to false, or remove it.',
  },
  DiskKept: {
    weight: 'good',
    meaning: 'The plan is applied, but the disk is larger than the plan says, because a disk never shrinks.',
    wayOut: 'Nothing to do. For a smaller disk, create a new addon and move the data.',
  },
  Creating: {
    weight: 'progressing',
    meaning: 'CloudNativePG is creating the database for the first time.',
    wayOut: wait,
  },
  Provisioning: {
    weight: 'progressing',
    meaning: 'The database was ready once and is not now: an instance restarts, fails over or is being replaced.',
    wayOut: wait,
  },
  ClusterRecreated: {
    weight: 'progressing',
    meaning:
      'The Cluster of a database that was ready is gone, although nobody deleted the addon. A new, empty one is made.',
    wayOut: 'Find out who deleted the Cluster; its data went with it.',
    warning: true,
  },
  Applying: { weight: 'progressing', meaning: 'A change of plan or version is being carried out.', wayOut: wait },
  Adopting: {
    weight: 'progressing',
    meaning: 'The database of a deleted addon of this name is being taken back.',
    wayOut: wait,
  },
  Deleted: {
    weight: 'progressing',
    meaning: 'Deletion was asked for; everything the addon owns goes with it.',
    wayOut: wait,
  },
  Released: {
    weight: 'progressing',
    meaning: 'Deletion was asked for; the database, the Secret and the backups stay in service without the addon.',
    wayOut: 'Apply the same addon again to take them back.',
  },
  PreviousIncarnation: {
    weight: 'progressing',
    meaning: 'An object of a deleted addon of the same name is still being removed.',
    wayOut: 'Wait. If it stays, look at its finalizers.',
    recheckSeconds: 2,
  },
  NamespaceTerminating: {
    weight: 'progressing',
    meaning: 'The namespace is being deleted, so nothing can be created in it.',
    wayOut: wait,
    recheckSeconds: 60,
  },
  CredentialsPending: {
    weight: 'progressing',
    meaning: 'The credentials of the Cluster are not published yet.',
    wayOut: wait,
  },
  LoginPending: {
    weight: 'progressing',
    meaning: 'No login was tried yet: the database is not up, or the login waits for its turn.',
    wayOut: wait,
  },
  NameConflict: {
    weight: 'stalled',
    meaning: 'An object that this addon needs exists and belongs to somebody else. It was left exactly as it is.',
    wayOut: 'Remove or rename that object, or create the addon under another name or appId.',
    recheckSeconds: 60,
  },
  AdoptionRefused: {
    weight: 'stalled',
    meaning:
      'There is a database that a deleted addon left behind, and it does not fit this addon. Nothing of it was touched.',
    wayOut: 'Correct the addon as the message says, or give it another name or appId.',
    recheckSeconds: 60,
  },
  InvalidSpec: {
    weight: 'stalled',
    meaning: 'The spec holds something that the operator does not know, although the schema should have refused it.',
    wayOut: 'Correct the field that the message names; check that the installed CRD is the one of this operator.',
  },
  CNPGNotInstalled: {
    weight: 'stalled',
    meaning: 'The API server does not serve the kinds of CloudNativePG.',
    wayOut: 'Install CloudNativePG; the operator goes on within seconds, without a restart.',
  },
  CNPGUnavailable: {
    weight: 'stalled',
    meaning: "CloudNativePG's admission webhook does not answer, so the API server refuses every write of a Cluster.",
    wayOut: 'Get the CloudNativePG operator running; this one tries again by itself.',
    recheckSeconds: 10,
  },
  Forbidden: {
    weight: 'stalled',
    meaning: 'The operator lacks a right that it needs.',
    wayOut: 'Grant the right that the message names (the chart grants all of them).',
    recheckSeconds: 60,
  },
  QuotaExceeded: {
    weight: 'stalled',
    meaning: "The namespace's quota does not allow the object.",
    wayOut: 'Raise the quota or free some of it; the operator tries again by itself.',
    recheckSeconds: 30,
  },
  Refused: {
    weight: 'stalled',
    meaning: 'The API server or an admission webhook refused an object.',
    wayOut: 'Do what the message, the words of the server, asks for; the operator tries again by itself.',
    recheckSeconds: 60,
  },
  CredentialsInvalid: {
    weight: 'stalled',
    meaning: 'The Secret <cluster>-app does not hold usable credentials. The last good DATABASE_URL was left in place.',
    wayOut: 'Restore the Secret, or delete it: CNPG makes it again with a new password.',
  },
  Hibernated: {
    weight: 'stalled',
    meaning: 'The Cluster is hibernated (annotation cnpg.io/hibernation): no instance runs.',
    wayOut: 'Remove the annotation from the Cluster.',
  },
  TakingTooLong: {
    weight: 'stalled',
    meaning: 'The database has not become ready for longer than expected (5 min when creating, 10 min later).',
    wayOut: 'Look at the events of the namespace and at what CNPG says (kubectl describe of the Cluster).',
  },
  WaitingForUser: {
    weight: 'stalled',
    meaning: 'CNPG waits for a person to confirm an update.',
    wayOut: 'Follow the phase reason of the Cluster.',
  },
  ClusterUnrecoverable: {
    weight: 'stalled',
    meaning: 'CNPG calls the Cluster unrecoverable.',
    wayOut:
      'Restore from a backup into a new addon. One that was never ready holds nothing: delete it and apply it again.',
  },
  ClusterDefinitionInvalid: {
    weight: 'stalled',
    meaning: 'CNPG refuses the definition of the Cluster.',
    wayOut: 'Correct what the message names.',
  },
  ClusterObjectsFailed: {
    weight: 'stalled',
    meaning: 'CNPG cannot create the objects that the Cluster needs.',
    wayOut: 'Look at the phase reason of the Cluster and at the events of the namespace.',
  },
  ImageProblem: {
    weight: 'stalled',
    meaning: 'CNPG cannot work with the image or the image catalog of the Cluster.',
    wayOut: "Correct spec.version or the operator's image pattern.",
  },
  PluginMissing: {
    weight: 'stalled',
    meaning: 'The Cluster asks for a CNPG plugin that is not installed or does not answer.',
    wayOut: 'Install or repair the plugin.',
  },
  DiskFull: {
    weight: 'stalled',
    meaning: 'CNPG stopped because a disk is full.',
    wayOut: 'Grow the volume claim; a full disk is not grown by CNPG itself.',
  },
  InstanceUnreachable: {
    weight: 'progressing',
    meaning: 'CNPG cannot reach an instance over the network, and its pod shows no cause.',
    wayOut: 'Allow the CNPG operator to reach port 8000 of the pods (NetworkPolicy).',
    warning: true,
  },
  ImagePullFailed: {
    weight: 'progressing',
    meaning: 'A node cannot pull the image of the database.',
    wayOut:
      "Correct spec.version or the operator's image pattern and delete the Job or pod that the message names: CNPG does not change it. Or let the nodes reach the registry.",
    warning: true,
  },
  UpgradeFailed: {
    weight: 'progressing',
    meaning: 'pg_upgrade ended with an error. The database is down, and CNPG does not try again by itself.',
    wayOut:
      'Read the log that the message names. Remove the cause and delete the Job to try again; or set spec.suspend, and spec.imageName of the Cluster to what ran before (docs/versions.md).',
    warning: true,
  },
  StorageClassMissing: {
    weight: 'progressing',
    meaning: 'A volume claim names a StorageClass that does not exist, or none while there is no default.',
    wayOut: 'Create the StorageClass, or mark one as default; the claim is filled by itself then.',
    warning: true,
  },
  VolumePending: {
    weight: 'progressing',
    meaning: 'A volume claim is not filled, or CNPG cannot create it.',
    wayOut: 'Look at the provisioner of the StorageClass, and for quotas on storage.',
    warning: true,
  },
  VolumeGrowing: {
    weight: 'progressing',
    meaning: 'A disk was asked to grow and has not grown yet.',
    wayOut: 'Wait; if it stays, look at the storage driver.',
  },
  Unschedulable: {
    weight: 'progressing',
    meaning: 'No node takes a pod of the database; the message says what is lacking.',
    wayOut: "Add a node or make room, choose a smaller plan, or correct the nodes' taints and labels.",
    warning: true,
  },
  PodsRefused: {
    weight: 'progressing',
    meaning: 'Pods of the database cannot be created: a LimitRange, an admission webhook or a policy refuses them.',
    wayOut: 'Do what the message, the words of the server, asks for. What CNPG alone was told stands in its log.',
    warning: true,
  },
  ContainerNotStarted: {
    weight: 'progressing',
    meaning: 'A node has the image and cannot start the container.',
    wayOut: 'Put right what the message, the words of the node, names.',
    warning: true,
  },
  CrashLooping: {
    weight: 'progressing',
    meaning: 'The container of an instance, or the Job that prepares its disk, ends again and again.',
    wayOut: 'Read its log with the command in the message.',
    warning: true,
  },
  OutOfMemory: {
    weight: 'progressing',
    meaning: 'An instance is killed again and again because it needs more memory than its limit.',
    wayOut: 'Choose a plan with more memory, or find what takes it.',
    warning: true,
  },
  MountFailed: {
    weight: 'progressing',
    meaning: 'A node cannot attach or mount a volume of the database.',
    wayOut: 'Look at the volume and its storage driver.',
    warning: true,
  },
  NodeUnavailable: {
    weight: 'progressing',
    meaning: 'The node of an instance does not answer, or put the instance out.',
    wayOut: 'Bring the node back, or remove it from the cluster.',
    warning: true,
  },
  CNPGNotResponding: {
    weight: 'progressing',
    meaning: 'CNPG has reported nothing about the Cluster, or counts instances that are gone.',
    wayOut: 'Get the CNPG operator running, and let it look after the namespace.',
    warning: true,
  },
  StorageNotExpandable: {
    weight: 'stalled',
    meaning: 'The plan has a larger disk, but the StorageClass does not allow expansion. The disk was left as it is.',
    wayOut: 'Set allowVolumeExpansion on the StorageClass, or go back to a plan whose disk fits.',
    recheckSeconds: 60,
  },
  StorageUnverified: {
    weight: 'progressing',
    meaning: 'Whether the StorageClass allows expansion is not known yet, so the disk was left as it is.',
    wayOut: 'Wait; if it stays, allow the operator to read storageclasses and persistentvolumeclaims.',
    recheckSeconds: 10,
  },
  VersionNotLowered: {
    weight: 'stalled',
    meaning: 'The version asked for is lower than the one that runs. The running version was kept.',
    wayOut: 'Ask for the running version or a higher one.',
  },
  CredentialsRejected: {
    weight: 'stalled',
    meaning: 'The database refuses the password that CNPG and DATABASE_URL have: it was changed inside the database.',
    wayOut: 'Delete the Secret <cluster>-app: CNPG makes a new password and sets it in the database.',
    recheckSeconds: 30,
  },
  LoginForbidden: {
    weight: 'stalled',
    meaning: 'The database knows the role of DATABASE_URL and does not let it in.',
    wayOut: 'Give it LOGIN, and CONNECT on the database, as a superuser; look at pg_hba of the Cluster.',
    recheckSeconds: 30,
  },
  DatabaseMissing: {
    weight: 'stalled',
    meaning: 'The instance runs, and the database that DATABASE_URL names is not in it: it was dropped or renamed.',
    wayOut: 'Create it again or rename it back, as a superuser; or restore a backup.',
    recheckSeconds: 30,
  },
  TlsFailed: {
    weight: 'stalled',
    meaning: 'No encrypted connection could be made as spec.connection.sslMode asks for it.',
    wayOut:
      "Look at the certificates of the Cluster, or choose another sslMode. The operator checks the certificate's names, not who signed it.",
    recheckSeconds: 30,
  },
  HostUnknown: {
    weight: 'progressing',
    meaning: 'DNS does not know the host of DATABASE_URL, or does not answer the operator.',
    wayOut: 'Look whether the Service exists, and whether the pod of the operator reaches DNS (NetworkPolicy).',
    recheckSeconds: 15,
    warning: true,
  },
  ConnectionRefused: {
    weight: 'progressing',
    meaning: 'The Service of the database refuses connections: no ready instance stands behind it.',
    wayOut: 'Wait; if it stays, look at the endpoints of the Service and at the pods of the Cluster.',
    recheckSeconds: 15,
    warning: true,
  },
  DatabaseUnreachable: {
    weight: 'progressing',
    meaning:
      'No connection to the database comes about within 5 s: something on the way drops it, as a NetworkPolicy does.',
    wayOut: 'Allow the pod of the operator to reach port 5432 of the instances, or set readiness.connectionCheck.',
    recheckSeconds: 15,
    warning: true,
  },
  DatabaseSilent: {
    weight: 'progressing',
    meaning: 'The database accepts the connection, and does not finish the login within 5 s.',
    wayOut: 'Wait; if it stays, look at load and log of the primary.',
    recheckSeconds: 15,
    warning: true,
  },
  ConnectionBroken: {
    weight: 'progressing',
    meaning: 'The connection was cut before the login was complete.',
    wayOut: 'Wait; if it stays, look at the log of the primary.',
    recheckSeconds: 15,
    warning: true,
  },
  DatabaseStarting: {
    weight: 'progressing',
    meaning: 'PostgreSQL is starting up or shutting down, and lets nobody in.',
    wayOut: wait,
    recheckSeconds: 15,
  },
  TooManyConnections: {
    weight: 'progressing',
    meaning: 'Every connection that the plan allows is taken.',
    wayOut: 'Close connections in the application, use a pool, or choose a larger plan.',
    recheckSeconds: 15,
    warning: true,
  },
  LoginFailed: {
    weight: 'progressing',
    meaning: 'The login fails for another reason; the message names its code.',
    wayOut: "Look up the code in PostgreSQL's list of error codes, and look at the log of the primary.",
    recheckSeconds: 30,
    warning: true,
  },
  NoObjectStore: {
    weight: 'progressing',
    meaning: 'No object store is configured, so no backup is taken. The ScheduledBackup exists, suspended.',
    wayOut: 'None yet: this release does not take backups.',
  },
} as const satisfies Readonly<Record<string, ReasonRow>>;
export type Reason = keyof typeof reasons;

/** The row of a reason, with the members that only some rows have. */
export function rowOf(reason: Reason): ReasonRow {
  return reasons[reason];
}
