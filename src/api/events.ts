// The closed list of the Events about an addon, besides those that have the reason of a condition. The reference docs are generated from it.

export interface EventRow {
  readonly meaning: string;
  /** What has to be observed before it is recorded: part of a sentence. */
  readonly restsOn: string;
  /** The fields of status of which at least one has changed. */
  readonly fields: readonly string[];
}

const drill = {
  restsOn: 'the result of a drill that status.backup.lastDrill has just recorded',
  fields: ['backup.lastDrill.time'],
};

export const events = {
  PlanChanged: {
    meaning: 'Another plan is being applied.',
    restsOn: 'the plan in status, which changes once the Cluster was written or is as the plan says',
    fields: ['plan'],
  },
  BackupsStopped: {
    meaning: 'The plan has no backups any more; the note says where those that were taken stay.',
    restsOn: 'the lineage that status.backup named until then',
    fields: ['backup.serverName'],
  },
  OperatorChanged: {
    meaning: 'Another installation of the operator operates the addon.',
    restsOn: 'the name of the installation in status, which changes once the Lease of the other one is seen to be gone',
    fields: ['operator'],
  },
  RolesLocked: {
    meaning: 'Roles of the source cannot log in to the restored database; the note names them.',
    restsOn: 'the roles that the restored database named at the first login',
    fields: ['restore.lockedRoles[]'],
  },
  RolesUnlocked: {
    meaning: 'These roles can log in again.',
    restsOn: 'the annotation that asks for it, and the write of the Cluster without the lines that locked them out',
    fields: ['restore.lockedRoles[]'],
  },
  DrillPassed: { meaning: 'A restore drill has passed.', ...drill },
  DrillFailed: { meaning: 'A restore drill has failed; the note says why.', ...drill },
  DrillSkipped: { meaning: 'A restore drill found nothing out about the backups; the note says why.', ...drill },
  CredentialsUpdated: {
    meaning: 'The Secret with DATABASE_URL holds changed credentials.',
    restsOn: "the resourceVersion of CNPG's Secret that the app's Secret was written from, or is equal to",
    fields: ['credentials.sourceVersion'],
  },
} as const satisfies Readonly<Record<string, EventRow>>;
export type EventReason = keyof typeof events;
