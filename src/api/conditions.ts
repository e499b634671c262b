// The closed lists of condition types and reasons, as tables: the code may use no other word, and the docs are made from them.

export const conditionTypes = {
  Ready: 'The database can be used: CNPG reports every instance ready and the Secret with DATABASE_URL is written.',
  Reconciling: 'The operator is working towards what was asked; present only while true.',
  Stalled: 'The operator cannot get further by itself; present only while true, and the message says what to do.',
  Provisioned: 'The Cluster exists and CNPG reports every instance ready.',
  CredentialsPublished: 'The Secret holds a DATABASE_URL built from the credentials that CNPG has now.',
  PlanApplied: 'The Cluster runs with the size, version and settings of the plan.',
  BackupReady: 'The backup level of the plan is in force; absent for a plan without backups.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

/** good: nothing to do. progressing: wait, it moves by itself. stalled: somebody has to act. */
type Weight = 'good' | 'progressing' | 'stalled';

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
  Applied: { weight: 'good', meaning: 'The Cluster runs what the plan says.', wayOut: 'Nothing to do.' },
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
  Deleted: {
    weight: 'progressing',
    meaning: 'Deletion was asked for; everything the addon owns goes with it.',
    wayOut: wait,
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
  NameConflict: {
    weight: 'stalled',
    meaning: 'An object that this addon needs exists and belongs to somebody else. It was left exactly as it is.',
    wayOut: 'Remove or rename that object, or create the addon under another name or appId.',
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
    wayOut: 'Restore from a backup into a new addon.',
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
    weight: 'stalled',
    meaning: 'CNPG cannot reach an instance over the network.',
    wayOut: 'Allow the CNPG operator to reach port 8000 of the pods (NetworkPolicy).',
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
