// Where the remedy of each reason is followed to the letter, until the addon runs again. A reason without a row does not compile.
import type { Reason } from '../../src/api/conditions.ts';

export interface Row {
  /** What is done, in the words of the remedy: a part of its text in src/api/conditions.ts. */
  readonly remedy: string;
  readonly tried: Place;
}

/**
 * integration, real: a row of that name in e2e/integration/remedies.test.ts or e2e/real/remedies.ts. causes: a row of e2e/real/causes.ts
 * with that reason. nothing: nobody has to do anything. A test: one that does more than a row can.
 */
export type Place = 'integration' | 'real' | 'causes' | 'nothing' | { readonly file: string; readonly test: string };

const nothing = { remedy: 'No action needed.', tried: 'nothing' } as const;

const cnpgDown = {
  file: 'e2e/real/outages/cnpg-down.test.ts',
  test: 'everything heals by itself',
} as const;

export const remedies = {
  Running: nothing,
  ClusterHealthy: nothing,
  Published: nothing,
  LoggedIn: nothing,
  Superseded: nothing,
  Promoted: nothing,
  PromotionPending: nothing,
  Applied: nothing,
  Protected: nothing,
  Adopted: nothing,
  DiskNotShrunk: nothing,
  Creating: nothing,
  Provisioning: nothing,
  Applying: nothing,
  Adopting: nothing,
  Deleted: nothing,
  NamespaceTerminating: nothing,
  CredentialsPending: nothing,
  LoginPending: nothing,
  DatabaseStarting: nothing,
  RolePending: nothing,
  InForce: nothing,
  FirstBackupPending: nothing,
  UpgradeBackupPending: nothing,
  DrillFailed: {
    remedy: 'repeat the drill',
    tried: {
      file: 'e2e/real/restore/drill.test.ts',
      test: 'an assertion that does not hold is named, and a drill that passes clears it',
    },
  },
  NoObjectStore: {
    remedy: 'Ask the platform team to configure one',
    tried: {
      file: 'e2e/real/backups/faults.test.ts',
      test: 'without a store it says so, and begins once one is named',
    },
  },
  StoreUnreachable: {
    remedy: 'Check the address of the object store',
    tried: {
      file: 'e2e/real/backups/faults.test.ts',
      test: 'a store that cannot be reached is named, and cleared by itself',
    },
  },
  StoreRefused: {
    remedy: 'Correct what it names',
    tried: {
      file: 'e2e/real/backups/faults.test.ts',
      test: 'keys that are refused are named, and cleared by themselves',
    },
  },
  ArchivingFailing: {
    remedy: 'Correct what the message names',
    tried: { file: 'e2e/real/backups/faults.test.ts', test: 'a Secret that is gone is named, and cleared by itself' },
  },
  BackupFailed: {
    remedy: 'ask for another one',
    tried: {
      file: 'e2e/real/backups/faults.test.ts',
      test: 'a base backup that fails is named, and the next one clears it',
    },
  },
  ArchiveNotEmpty: {
    remedy: 'move the folder that the message names',
    tried: {
      file: 'e2e/real/backups/faults.test.ts',
      test: 'a folder that another server wrote to is named, and taken once it is empty',
    },
  },
  BackupOutOfMemory: {
    remedy: 'Ask the platform team to raise sidecarMemory of the plan',
    tried: {
      file: 'e2e/real/outages/store-settings.test.ts',
      test: 'more memory for the container is the remedy, and what the store compresses is another setting that arrives',
    },
  },
  WindowShorterThanRetention: {
    remedy: 'as soon as the oldest base backup is as old as the retention',
    tried: {
      file: 'e2e/integration/backups.test.ts',
      test: 'a bucket rule that eats into the recovery window is named, until the window is whole',
    },
  },
  BackupOverdue: {
    remedy: 'until it is deleted',
    tried: { file: 'e2e/integration/backups.test.ts', test: 'a schedule that does not come is named, until it comes' },
  },
  PluginOutdated: {
    remedy: 'Upgrade the plugin',
    tried: {
      file: 'e2e/integration/crd-outdated.test.ts',
      test: 'of the plugin: the addon says which field is missing and what to do, and the new CRD needs no restart',
    },
  },

  ClusterMissing: { remedy: 'set the annotation addons.paas.dev/start-empty', tried: 'integration' },
  Suspended: { remedy: 'Set spec.suspend to false', tried: 'integration' },
  SpecUnknown: { remedy: 'remove from the spec what the message names', tried: 'integration' },
  Released: { remedy: 'Apply the same addon again', tried: 'integration' },
  OldObjectTerminating: { remedy: 'check the finalizers of the object', tried: 'integration' },
  NameConflict: { remedy: 'If the object belongs to no addon and nothing uses it, delete it', tried: 'integration' },
  PromotionEnding: {
    remedy: 'set spec.promote again',
    tried: {
      file: 'e2e/integration/promote.test.ts',
      test: 'whose app has no addon any more: the Secret is kept up to date, and spec.promote can be set again',
    },
  },
  PromotionRefused: {
    remedy: 'remove spec.promote of one of them',
    tried: {
      file: 'e2e/integration/promote.test.ts',
      test: 'of two addons to the same app: the first keeps the Secret, and the second one gets it once the first lets it go',
    },
  },
  AdoptionRefused: { remedy: 'Correct the addon as the message says', tried: 'integration' },
  InvalidSpec: { remedy: 'Correct the field that the message names', tried: 'integration' },
  Forbidden: { remedy: 'Grant the permission that the message names', tried: 'integration' },
  FieldNotRemoved: { remedy: 'exempt the operator from the policy', tried: 'integration' },
  CredentialsInvalid: { remedy: 'delete it: CNPG recreates it with a new password', tried: 'integration' },
  CAInvalid: {
    remedy: 'Put the CA that the ConfigMap app-<appId>-database-ca still has back into the key ca.crt',
    tried: 'real',
  },
  RoleNotApplied: {
    remedy: 'remove what the message names, such as a role of the same name in spec.managed.roles',
    tried: 'real',
  },
  RoleNotReady: { remedy: 'delete the Secret <secretName>-login, and the role gets a new password', tried: 'real' },
  LoginOff: { remedy: 'Set readiness.connectionCheck of the operator to Required or Advisory', tried: 'integration' },
  StorageNotExpandable: { remedy: 'Set allowVolumeExpansion on the StorageClass', tried: 'integration' },
  StorageUnverified: { remedy: 'permit the operator to get storageclasses', tried: 'integration' },
  DowngradeRefused: { remedy: 'Request the version in status.running.lowest', tried: 'integration' },
  SecretImmutable: { remedy: 'Delete the object that the message names', tried: 'integration' },
  UpgradePending: { remedy: 'request a version of the present major version', tried: 'integration' },
  VersionEnded: { remedy: 'Set spec.version to a later major version', tried: 'integration' },
  TakingTooLong: { remedy: 'the status of the Cluster (kubectl describe cluster', tried: 'integration' },
  VolumeGrowing: { remedy: 'check the storage driver', tried: 'integration' },
  LoginTimeout: { remedy: 'Wait. If this persists, check the load', tried: 'integration' },
  ConnectionReset: { remedy: 'Wait. If this persists, check the log', tried: 'integration' },

  ChangedOnAdmission: {
    remedy: 'exempt the object from the policy, set spec.suspend to true and then remove it',
    tried: {
      file: 'e2e/integration/admission.test.ts',
      test: 'at a change of plan: it is written once, the database is never called down, and the remedy applies the plan',
    },
  },
  FieldContested: {
    remedy: 'Stop who sets them',
    tried: {
      file: 'e2e/integration/ownership.test.ts',
      test: 'a field that somebody sets again and again is repaired ever more rarely, and named; when that ends, it is repaired',
    },
  },
  CNPGNotInstalled: {
    remedy: 'Install CloudNativePG',
    tried: {
      file: 'e2e/integration/cnpg-missing.test.ts',
      test: 'the operator runs and says what is missing, until they come; and again when they go',
    },
  },
  CRDOutdated: {
    remedy: 'Install the CRD of this version',
    tried: {
      file: 'e2e/integration/crd-outdated.test.ts',
      test: 'of PostgresAddon: it is named, the addon runs, nothing is written in vain, and the new CRD needs no restart',
    },
  },
  CNPGOutdated: {
    remedy: 'Upgrade CloudNativePG, with its CRDs',
    tried: {
      file: 'e2e/integration/crd-outdated.test.ts',
      test: 'of CNPG: the addon says which field is missing and what to do, and the new CRD needs no restart',
    },
  },
  HeldByAnotherOperator: {
    remedy: 'uninstall the one that status.operator names',
    tried: {
      file: 'e2e/integration/two-operators.test.ts',
      test: 'leaves the addons of the first one alone, says who holds them, and takes over when the first one is gone',
    },
  },
  ImageUnsupported: {
    remedy: 'postgres.imageRollout=Now',
    tried: {
      file: 'e2e/integration/images.test.ts',
      test: 'keeps a bare tag until imageRollout is Now, also with another minor version',
    },
  },
  ImageFormUnknown: {
    remedy: 'postgres.imageRollout: Now',
    tried: {
      file: 'e2e/integration/images.test.ts',
      test: 'keeps an image whose version cannot be replaced until imageRollout is Now, and then applies the version',
    },
  },

  ClusterRecreated: { remedy: 'unless its volume claims still exist', tried: 'real' },
  Hibernated: { remedy: 'Remove the annotation from the Cluster', tried: 'real' },
  ReconciliationDisabled: { remedy: 'Remove the annotation from the Cluster', tried: 'real' },
  InstancesFenced: { remedy: 'Remove the annotation from the Cluster', tried: 'real' },
  ClusterUnrecoverable: { remedy: 'delete the Cluster, and the operator creates a new, empty one', tried: 'real' },
  ClusterObjectsFailed: {
    remedy: 'kubectl annotate cluster <cluster> --namespace <namespace> retry="$(date +%s)" --overwrite',
    tried: 'real',
  },
  PluginUnavailable: { remedy: 'remove it from spec.plugins of the Cluster', tried: 'real' },
  PluginMissing: {
    remedy: 'Install or repair the plugin',
    tried: {
      file: 'e2e/real/outages/plugin.test.ts',
      test: 'a new database waits for it and says so, and comes up once it responds',
    },
  },
  ClusterDefinitionInvalid: { remedy: 'Correct in spec of the Cluster what the message names', tried: 'real' },
  InstanceUnreachable: { remedy: 'Allow the CNPG operator to reach port 8000', tried: 'real' },
  ImageProblem: { remedy: 'give it its image (status.image of the addon) back in one change', tried: 'real' },
  OutOfMemory: { remedy: 'Choose a plan with more memory, and delete the pod', tried: 'real' },
  MountFailed: { remedy: 'create the Secret or ConfigMap that it misses', tried: 'real' },
  ContainerNotStarted: { remedy: "Follow the node's message", tried: 'real' },
  LoginForbidden: { remedy: 'As a superuser, give the role LOGIN', tried: 'real' },
  DatabaseMissing: { remedy: 'rename it back', tried: 'real' },
  TlsFailed: { remedy: 'choose another sslMode', tried: 'real' },
  TooManyConnections: { remedy: 'Close connections in the application', tried: 'real' },
  RoleConnectionLimit: { remedy: 'ALTER ROLE ... CONNECTION LIMIT', tried: 'real' },
  DatabaseConnectionLimit: { remedy: 'ALTER DATABASE ... CONNECTION LIMIT', tried: 'real' },
  LoginFailed: { remedy: "Look up the code in PostgreSQL's list of error codes", tried: 'real' },

  QuotaExceeded: { remedy: 'Raise the quota or free up some of it', tried: 'causes' },
  Refused: { remedy: "Follow the server's message", tried: 'causes' },
  ImagePullFailed: { remedy: 'Correct spec.version', tried: 'causes' },
  StorageClassMissing: { remedy: 'Create the StorageClass', tried: 'causes' },
  VolumePending: { remedy: 'the quotas on storage', tried: 'causes' },
  Unschedulable: { remedy: 'free up resources', tried: 'causes' },
  PodsRefused: { remedy: "Follow the server's message", tried: 'causes' },
  CrashLooping: { remedy: 'Read its log with the command in the message', tried: 'causes' },
  DiskFull: { remedy: 'free up space', tried: 'causes' },

  Restoring: nothing,
  RestorePending: nothing,
  RestoreSourceMissing: {
    remedy: 'delete this addon and create it again',
    tried: {
      file: 'e2e/real/restore/restore.test.ts',
      test: 'an addon that is deleted, to a time at which it was idle: its name is not enough, and its archive is',
    },
  },
  RestoreFailed: {
    remedy: 'delete this addon and create it again',
    tried: {
      file: 'e2e/real/restore/restore.test.ts',
      test: 'to a time that the archive does not reach: it is named, and another addon restores the newest state',
    },
  },
  Redacting: nothing,
  RedactionFailed: {
    remedy: 'Correct the ConfigMap, and delete the Job',
    tried: {
      file: 'e2e/real/restore/restore.test.ts',
      test: 'also into another namespace, once its addon permits that, and redacted before anybody can log in',
    },
  },
  UpgradeFailed: {
    remedy: 'Remove the cause, and set spec.version to the new version again',
    tried: {
      file: 'e2e/real/plans/plans.test.ts',
      test: 'to a later major that fails is tried again without its Job, reverted by spec.version, and succeeds without the cause',
    },
  },
  WaitingForUser: {
    remedy: 'A supervised switchover is made by kubectl cnpg promote <cluster> <instance>',
    tried: {
      file: 'e2e/real/core/failover.test.ts',
      test: 'that is supervised waits for a user, says so, and is complete after the promotion',
    },
  },
  CredentialsRejected: {
    remedy: 'Delete the Secret <cluster>-app',
    tried: {
      file: 'e2e/real/core/credentials.test.ts',
      test: 'changed only in the database: the condition reports it, and its remedy works',
    },
  },
  CNPGUnavailable: { remedy: 'Get the CloudNativePG operator running', tried: cnpgDown },
  CNPGNotResponding: { remedy: 'Make sure that the CNPG operator is running', tried: cnpgDown },
  DNSLookupFailed: { remedy: 'Check that the Service exists', tried: cnpgDown },
  ConnectionRefused: { remedy: 'delete the Service: CNPG creates a new one', tried: cnpgDown },
  DatabaseUnreachable: { remedy: 'delete the Service: CNPG creates a new one', tried: cnpgDown },

  NodeUnavailable: {
    remedy: 'Recover the node',
    tried: {
      file: 'e2e/real/outages/node.test.ts',
      test: 'a node that does not respond is named, and the database runs again once it is recovered',
    },
  },
} as const satisfies Readonly<Record<Reason, Row>>;

/** The reasons with a row in that place: a table of this type lacks none of them and has no other. */
export type TriedIn<P extends 'integration' | 'real'> = {
  [R in Reason]: (typeof remedies)[R]['tried'] extends P ? R : never;
}[Reason];
