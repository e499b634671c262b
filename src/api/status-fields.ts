// What each field of status rests on. The reference docs are generated from this table.

export interface StatusFieldRow {
  /** Paths below status; `[]` stands for every item of a list. */
  readonly fields: readonly string[];
  /** What has to be observed before they are reported: part of a sentence. A field that is not judged keeps its last value. */
  readonly restsOn: string;
}

/** By what they are about. Every field without fields of its own is in one row. */
export const statusFields = {
  phase: { fields: ['phase'], restsOn: 'the condition Ready, ready_at, and the deletionTimestamp of the addon' },
  firstReady: {
    fields: ['ready_at'],
    restsOn: 'the first time that Ready is True, or what is recorded on the Cluster that is adopted',
  },
  addon: { fields: ['uid', 'observedGeneration'], restsOn: 'the addon as observed for the reconcile' },
  holder: {
    fields: ['operator'],
    restsOn:
      'the configuration of the operator; it changes once the Lease of the installation before is seen to be gone',
  },
  constant: { fields: ['locality'], restsOn: 'nothing: it is always the same' },
  spec: {
    fields: ['plan', 'resources.backup', 'backup.requested'],
    restsOn: 'the spec, once the Cluster was written for it or is seen to be so',
  },
  cluster: {
    fields: [
      'version',
      'image',
      'clusterName',
      'resources.instances',
      'resources.memory',
      'endpoints.primary',
      'endpoints.readOnly',
    ],
    restsOn: "the Cluster as the watch last reported it, or the API server's response to the write",
  },
  disk: {
    fields: ['resources.storage'],
    restsOn: 'the Cluster, and the capacity of its volume claims where that has to grow',
  },
  sidecar: {
    fields: ['resources.sidecarMemory'],
    restsOn: "the ObjectStore as the watch last reported it, or the API server's response to the write",
  },
  running: {
    fields: ['running.image', 'running.version', 'running.since'],
    restsOn: 'the Cluster, when CNPG reports every instance ready after the last restart that was requested',
  },
  lowest: {
    fields: ['running.lowest'],
    restsOn: 'the same, and the version that the server reported at the last login',
  },
  login: {
    fields: ['primary', 'readySince'],
    restsOn: 'a login that succeeded, and the status of the Cluster before it',
  },
  names: {
    fields: ['secretName', 'promotion.appId', 'promotion.secretName', 'extras[].form', 'extras[].name'],
    restsOn:
      'the spec: the names are known before the Secrets are written; the conditions CredentialsPublished, Promoted and ExtrasPublished say whether they are',
  },
  authority: {
    fields: ['extras[].sourceVersion'],
    restsOn:
      "CNPG's Secret with the CA and the ConfigMap as read in the same reconcile, or the API server's response to the write",
  },
  roles: {
    fields: ['roles[].role', 'roles[].name', 'roles[].secretName'],
    restsOn:
      'the spec: the names are known before anything is made; the condition RolesReady says whether the roles can log in',
  },
  rolesProved: {
    fields: ['roles[].passwordVersion', 'roles[].schemas[]'],
    restsOn: 'the last login with the role that succeeded, after the owner of the database had granted its rights',
  },
  binding: {
    fields: ['binding.name'],
    restsOn: "the Secret as read at the last change or check-up, or the API server's response to the write",
  },
  credentials: {
    fields: ['credentials.sourceVersion', 'credentials.secretUID'],
    restsOn: "both Secrets as read in the same reconcile, or the API server's response to the write",
  },
  planChange: {
    fields: ['planChange.from', 'planChange.to', 'planChange.state'],
    restsOn: 'the plan in status before, the spec, and the condition PlanApplied',
  },
  changeSteps: {
    fields: [
      'planChange.steps[].what',
      'planChange.steps[].from',
      'planChange.steps[].to',
      'planChange.restart',
      'planChange.diskKept',
    ],
    restsOn: 'the Cluster before the change, compared with what is written',
  },
  preview: {
    fields: [
      'preview.plan',
      'preview.steps[].what',
      'preview.steps[].from',
      'preview.steps[].to',
      'preview.restart',
      'preview.diskKept',
      'preview.message',
    ],
    restsOn: 'the annotation, and the Cluster compared with what would be written',
  },
  store: {
    fields: ['backup.store', 'backup.destinationPath'],
    restsOn: "the ObjectStore as the watch last reported it, or the API server's response to the write",
  },
  retention: {
    fields: ['backup.retention', 'backup.retentionSince'],
    restsOn: 'the spec and the configured object store, or the ObjectStore if the API server stored another value',
  },
  schedule: {
    fields: ['backup.schedule'],
    restsOn: 'the spec, or the ScheduledBackup if the spec is invalid',
  },
  nextBackup: {
    fields: ['backup.nextTime'],
    restsOn: 'the schedule and the clock, once there is a base backup',
  },
  level: {
    fields: ['backup.effective'],
    restsOn: 'a base backup of the lineage that the Cluster archives, and that WAL is not known to stay behind',
  },
  lineage: {
    fields: ['backup.serverName', 'backup.lineages[].serverName'],
    restsOn: 'the archive that the Cluster names',
  },
  lineageRecord: {
    fields: [
      'backup.lineages[].store',
      'backup.lineages[].destinationPath',
      'backup.lineages[].version',
      'backup.lineages[].until',
    ],
    restsOn: 'the Cluster and its ObjectStore when the lineage was the present one, and when another was first seen',
  },
  baseBackups: {
    fields: [
      'backup.lastSuccessTime',
      'backup.recoveryWindow.from',
      'backup.lineages[].since',
      'backup.lineages[].from',
    ],
    restsOn: 'what the plugin reports in the ObjectStore, or a Backup that is seen to be completed',
  },
  archived: {
    fields: ['backup.recoveryWindow.to', 'backup.archiving'],
    restsOn: "what PostgreSQL said of its archiver at the last login, and CNPG's condition of the Cluster",
  },
  failures: {
    fields: ['backup.lastFailure.time', 'backup.lastFailure.message', 'backup.lastFailure.backup'],
    restsOn: 'a Backup that was read, or what the plugin and CNPG report in the ObjectStore and the Cluster',
  },
  failedBackups: { fields: ['backup.failedSince'], restsOn: "the list of the addon's Backups" },
  backupNow: {
    fields: [
      'backup.now.request',
      'backup.now.result',
      'backup.now.backup',
      'backup.now.startTime',
      'backup.now.endTime',
      'backup.now.message',
      'backup.now.refused',
    ],
    restsOn: "the annotation, the Backup as read, or the API server's response to its creation",
  },
  drill: {
    fields: [
      'backup.drill.step',
      'backup.drill.startTime',
      'backup.drill.request',
      'backup.drill.serverName',
      'backup.drill.restoreTime',
      'backup.drill.keptUntil',
      'backup.nextDrillTime',
    ],
    restsOn: 'the spec or the annotation, the clock, and the objects of the drill as they were observed',
  },
  mark: {
    fields: ['backup.drill.mark.lsn', 'backup.drill.mark.wal', 'backup.drill.mark.time'],
    restsOn: 'what PostgreSQL said at the login that began the drill',
  },
  drillResult: {
    fields: [
      'backup.lastDrill.time',
      'backup.lastDrill.result',
      'backup.lastDrill.request',
      'backup.lastDrill.recoveryPoint',
      'backup.lastDrill.age',
      'backup.lastDrill.duration',
      'backup.lastDrill.message',
      'backup.lastDrillPassTime',
      'backup.drillFailure.time',
      'backup.drillFailure.message',
    ],
    restsOn: 'the login to the restored database and the assertions in it, or what was observed to prevent it',
  },
  restored: {
    fields: [
      'restore.serverName',
      'restore.namespace',
      'restore.store',
      'restore.targetTime',
      'restore.database',
      'restore.owner',
      'restore.major',
      'restore.estimate',
    ],
    restsOn: 'the spec, and what is known of the backups that it names when the Cluster is created from them',
  },
  restoreDuration: {
    fields: ['restore.duration'],
    restsOn: 'the creationTimestamp of the Cluster, and when CNPG first reported it ready',
  },
  restoredRoles: {
    fields: ['restore.size', 'restore.lockedRoles[]'],
    restsOn: 'what PostgreSQL said at a login to the restored database, and the lines of pg_hba in the Cluster',
  },
  redaction: { fields: ['restore.redaction'], restsOn: 'the Job that runs the SQL, and its mark on the Cluster' },
  conditions: {
    fields: [
      'conditions[].type',
      'conditions[].status',
      'conditions[].observedGeneration',
      'conditions[].lastTransitionTime',
      'conditions[].reason',
      'conditions[].message',
    ],
    restsOn: 'what docs/reference/conditions.md says of its type',
  },
} as const satisfies Readonly<Record<string, StatusFieldRow>>;
