// Generated from crds/addons.paas.dev_postgresaddons.yaml by `npm run generate`; do not edit.

/**
 * The desired state of the database. Only plan is required.
 */
export interface AddonSpec {
  /**
   * The size of the database and its backup level. free: 1 instance, 1Gi disk, 256Mi memory, no backups. standard: 1 instance, 10Gi disk, 1Gi memory, daily backups. pro: 3 instances, 50Gi disk, 4Gi memory, point-in-time recovery. The administrator can change these values. Can be changed at any time; the disk never shrinks.
   */
  readonly plan: 'free' | 'standard' | 'pro';
  /**
   * PostgreSQL major version from 14 to 18, or major.minor such as "17.4". Defaults to the running version; for a new database, to the default of the operator. Never below what has run on the data (status.running): a lower version is not applied, and the condition PlanApplied says so.
   */
  readonly version?: string;
  /**
   * Whether deleting this object deletes the data. standard (default): everything is deleted with it. protected: the database, the Secret and the backups stay in service, and applying the same object again adopts them. Can be changed at any time. Deleting the namespace deletes everything in either mode.
   */
  readonly mode?: 'standard' | 'protected';
  /**
   * If true, the operator creates, changes and repairs nothing for this addon, and changes to this spec wait. The database keeps running, status still reports what CloudNativePG reports, and a deletion is still carried out. Defaults to false.
   */
  readonly suspend?: boolean;
  /**
   * The id of the app; part of the name of the Secret, app-<appId>-database-url. Defaults to metadata.name. Cannot be changed, added or removed later.
   */
  readonly appId?: string;
  /**
   * The id of the tenant; part of the name of the Cluster, db-<tenantId>-<appId>. Defaults to the namespace. Cannot be changed, added or removed later.
   */
  readonly tenantId?: string;
  /**
   * The database that the application uses, and the role it logs in as. Cannot be changed after creation.
   */
  readonly database?: {
    /**
     * The name of the database. Defaults to app.
     */
    readonly name?: string;
    /**
     * The name of the role that owns the database and that the application logs in as. Defaults to app.
     */
    readonly owner?: string;
  };
  /**
   * How the application connects to the database.
   */
  readonly connection?: {
    /**
     * The TLS mode that DATABASE_URL requests. prefer (default): DATABASE_URL has no query parameters, so the client library decides. require, verify-full: DATABASE_URL ends in ?sslmode=require or ?sslmode=verify-full, and the key ca.crt of the ConfigMap app-<appId>-database-ca has the CA that signs the certificate of the server. With require, libpq (psql, psycopg and others) and most clients encrypt without checking the certificate. node-postgres checks it as with verify-full, and refuses with "self-signed certificate in certificate chain" without the CA. Mount the ConfigMap, and set NODE_EXTRA_CA_CERTS (Node) or PGSSLROOTCERT (libpq, pgx) to the path of ca.crt.
     */
    readonly sslMode?: 'prefer' | 'require' | 'verify-full';
    /**
     * Other forms of the credentials, each in a Secret of its own. servicebinding: app-<appId>-database-binding, of the type servicebinding.io/postgresql, for what implements the Service Binding Specification, which finds it by status.binding. pgvars: app-<appId>-database-pgvars, with PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and, with an sslMode other than prefer, PGSSLMODE, for an application that takes all of them as environment variables. They follow the credentials and sslMode as DATABASE_URL does. One that is not listed any more is deleted.
     *
     * @maxItems 2
     */
    readonly extraSecrets?: ('servicebinding' | 'pgvars')[];
  };
  /**
   * Login roles besides the owner of the database, each with a Secret app-<appId>-database-<role> that holds its DATABASE_URL. read: reads every table. write: also changes the rows of every table. admin: may do what the owner may. The tables, sequences and functions that the owner or admin makes later are included. With any of them, only these roles and the owner can connect to the database. One that is not listed any more cannot log in, and its Secret is deleted.
   *
   * @maxItems 3
   */
  readonly roles?: ('read' | 'write' | 'admin')[];
  /**
   * The schemas besides public in which the roles read and write get their rights. In one that does not exist yet, they get them within ten minutes after it was created. Rights in one that is not listed any more are not revoked.
   *
   * @maxItems 16
   */
  readonly roleSchemas?: string[];
  /**
   * Where and when backups are taken. Has no effect with a plan without backups.
   */
  readonly backup?: {
    /**
     * The object store to write to. Defaults to the one that the platform team chose.
     */
    readonly storeRef?: {
      /**
       * The name of an object store that the platform team declared for this namespace.
       */
      readonly name: string;
    };
    /**
     * When the daily base backup starts, in UTC: six fields, seconds first, such as "0 30 2 * * *" for 02:30, or @hourly, @daily, @weekly or @monthly. Not more often than once an hour. Defaults to a time between 02:00 and 04:00 that differs for each addon.
     */
    readonly schedule?: string;
    /**
     * How long every state of the database stays restorable: a number of days, weeks or months such as 14d, 2w or 1m. Defaults to 7d with daily backups and to 35d with point-in-time recovery, within the bounds of the object store.
     */
    readonly retention?: string;
    /**
     * Restore drills: at these times, the newest state is restored from the backups into a second database, the assertions are checked there, and it is removed again. status.backup.lastDrill tells the result. One drill needs as much memory and disk as an instance of the plan.
     */
    readonly drill?: {
      /**
       * When drills begin, in UTC: six fields, seconds first, such as "0 0 4 * * 0" for Sundays at 04:00, or @daily, @weekly or @monthly. Not more often than once an hour. Each begins up to 15 minutes later, and waits while as many others are running as the platform team permits.
       */
      readonly schedule: string;
      /**
       * Queries that the application's role runs in the restored database, in read-only transactions. All of them together have 60 seconds. Without any, it is checked that a login succeeds.
       *
       * @maxItems 20
       */
      readonly assertions?: {
        /**
         * A single SELECT, such as SELECT count(*) > 0 FROM orders. Its first value, as text, is compared.
         */
        readonly sql: string;
        /**
         * The value that is expected. Defaults to "true".
         */
        readonly expect?: string;
      }[];
    };
  };
  /**
   * Makes this database the one that another app of this namespace uses. The Secret app-<appId>-database-url gets the DATABASE_URL of this database, in one write, once a login to it has succeeded. The PostgresAddon of that app keeps its database. Remove the field to give the Secret back to it.
   */
  readonly promote?: {
    /**
     * The appId of the app.
     */
    readonly appId: string;
  };
  /**
   * Begins the database with the data of another one, from its backups, instead of empty. The other one is only read. Cannot be changed, added or removed later.
   */
  readonly restore?: {
    /**
     * Where the data come from, and of which time.
     */
    readonly from: {
      /**
       * The name of a PostgresAddon that has backups. The new database has the same database name, owner and PostgreSQL major version, and a disk that is at least as large.
       */
      readonly addon?: string;
      /**
       * The namespace of that PostgresAddon, which has to permit it: with this namespace in its annotation addons.paas.dev/restore-allowed-from. Defaults to this namespace.
       */
      readonly namespace?: string;
      /**
       * A lineage of backups of this namespace, also of an addon that no longer exists. spec.version must have the major version of the backups, and spec.database must name the database and the owner that they have: CloudNativePG creates an empty one if it does not find them.
       */
      readonly archive?: {
        /**
         * The name of the object store that it is in.
         */
        readonly store: string;
        /**
         * The name of the lineage, as in status.backup.lineages of the addon that wrote it.
         */
        readonly serverName: string;
      };
      /**
       * The time of the state to restore, with its time zone, such as 2026-01-02T03:04:05Z: what was committed later is left out. Defaults to the newest state that the archive has.
       */
      readonly targetTime?: string;
    };
    /**
     * SQL that runs in the restored database, as its owner and in one transaction, before anything of it is published: without success there is no DATABASE_URL and no backup.
     */
    readonly redaction?: {
      /**
       * Where the SQL is, in this namespace.
       */
      readonly configMapKeyRef: {
        /**
         * The name of the ConfigMap.
         */
        readonly name: string;
        /**
         * The key in the ConfigMap, such as redaction.sql.
         */
        readonly key: string;
      };
    };
  };
}

/**
 * The observed state of the database. Written only by the operator.
 */
export interface AddonStatus {
  /**
   * creating: the database has never been ready. running: it is ready. provisioning: it has been ready before and is not ready now (restart, failover, plan change). deleted: the addon is being deleted. The conditions give the cause. This field and ready_at are a published contract and keep their names.
   */
  readonly phase?: 'creating' | 'running' | 'provisioning' | 'deleted';
  /**
   * When the database first became ready (RFC 3339, UTC). Written once, together with the first phase running, and never changed. In snake case because it is a published contract.
   */
  readonly ready_at?: string;
  /**
   * The metadata.generation that this status describes; -1 as long as the operator has written none.
   */
  readonly observedGeneration?: number;
  /**
   * The metadata.uid of the object that this status describes. A backup tool can restore the status of an earlier object; nothing but clusterName is taken from it.
   */
  readonly uid?: string;
  /**
   * The installation of the operator that operates this addon: namespace/name of its Lease. Another installation leaves the addon alone until this one no longer runs.
   */
  readonly operator?: string;
  /**
   * Where the database runs. Always OnCluster, the Kubernetes cluster of this object.
   */
  readonly locality?: 'OnCluster';
  /**
   * The last plan that was requested and accepted.
   */
  readonly plan?: string;
  /**
   * The PostgreSQL version set in the Cluster.
   */
  readonly version?: string;
  /**
   * The PostgreSQL image set in the Cluster.
   */
  readonly image?: string;
  /**
   * What has run on the data. Recorded when CloudNativePG reports every instance ready, so it lags behind version and image during a change. Absent until the database was ready once.
   */
  readonly running?: {
    /**
     * The image with which every instance was last ready.
     */
    readonly image?: string;
    /**
     * The PostgreSQL version in the tag of that image.
     */
    readonly version: string;
    /**
     * The lowest version that is applied without changing the major: the highest minor version that has run, as far as image tags and the last login tell.
     */
    readonly lowest: string;
    /**
     * lastTransitionTime of the Cluster's Ready condition at that time.
     */
    readonly since?: string;
  };
  /**
   * The name of the CloudNativePG Cluster. Written once and never recomputed.
   */
  readonly clusterName?: string;
  /**
   * The name of the Secret that holds DATABASE_URL.
   */
  readonly secretName?: string;
  /**
   * The resources of the database. storage is the size of the volume claims; it can be larger than that of the plan, because a disk never shrinks.
   */
  readonly resources?: {
    /**
     * The number of PostgreSQL instances.
     */
    readonly instances?: number;
    /**
     * The disk size of each instance.
     */
    readonly storage?: string;
    /**
     * The memory request and limit of each instance.
     */
    readonly memory?: string;
    /**
     * The memory limit of the second container of each instance, which writes the backups. Absent without one.
     */
    readonly sidecarMemory?: string;
    /**
     * The backup level of the plan.
     */
    readonly backup?: 'none' | 'daily' | 'pitr';
  };
  /**
   * The last change of plan or version and its effects. Absent until the first change.
   */
  readonly planChange?: {
    /**
     * The previous plan.
     */
    readonly from?: string;
    /**
     * The requested plan.
     */
    readonly to?: string;
    /**
     * The settings that change, in the order of the plan table.
     */
    readonly steps?: {
      /**
       * The setting: version, image (its form, with {version} in place of the version), instances, memory, storage, shared_buffers, max_connections, synchronous or backup.
       */
      readonly what: string;
      /**
       * The value before the change.
       */
      readonly from: string;
      /**
       * The value after the change.
       */
      readonly to: string;
    }[];
    /**
     * Whether instances restart. With a single instance, the database is unavailable during the restart.
     */
    readonly restart?: boolean;
    /**
     * Whether the disk stays larger than the plan specifies, because a disk never shrinks.
     */
    readonly diskKept?: boolean;
    /**
     * Applying: in progress. Applied: complete. Partial: complete except for what the condition PlanApplied names. Suspended: waiting until the addon is no longer suspended.
     */
    readonly state?: 'Applying' | 'Applied' | 'Partial' | 'Suspended';
  };
  /**
   * The effects of a change to the plan named by the annotation addons.paas.dev/preview. Nothing is applied. Absent without the annotation.
   */
  readonly preview?: {
    /**
     * The plan that the annotation names.
     */
    readonly plan?: string;
    /**
     * The settings that change, in the order of the plan table.
     */
    readonly steps?: {
      /**
       * The setting: version, image (its form, with {version} in place of the version), instances, memory, storage, shared_buffers, max_connections, synchronous or backup.
       */
      readonly what: string;
      /**
       * The value before the change.
       */
      readonly from: string;
      /**
       * The value after the change.
       */
      readonly to: string;
    }[];
    /**
     * Whether instances would restart.
     */
    readonly restart?: boolean;
    /**
     * Whether the disk would stay larger than the plan specifies.
     */
    readonly diskKept?: boolean;
    /**
     * Which parts would not be applied and why, or why no preview is possible.
     */
    readonly message?: string;
  };
  /**
   * The instance that was the primary at the last successful login with DATABASE_URL. Absent before the first one.
   */
  readonly primary?: string;
  /**
   * lastTransitionTime of the Cluster's Ready condition at that login. A later value triggers a new login.
   */
  readonly readySince?: string;
  /**
   * Host names and ports of the database inside the Kubernetes cluster.
   */
  readonly endpoints?: {
    /**
     * host:port of the current primary.
     */
    readonly primary?: string;
    /**
     * host:port of the replicas. Absent with one instance.
     */
    readonly readOnly?: string;
  };
  /**
   * The backup level that the plan promises and the one in force.
   */
  readonly backup?: {
    /**
     * The backup level that the plan promises.
     */
    readonly requested?: 'none' | 'daily' | 'pitr';
    /**
     * What could be restored now: none until a base backup is completed, and while WAL does not reach the archive.
     */
    readonly effective?: 'none' | 'daily' | 'pitr';
    /**
     * When the daily base backup starts: a cron expression with six fields, seconds first, in UTC.
     */
    readonly schedule?: string;
    /**
     * The object store that backups are written to.
     */
    readonly store?: string;
    /**
     * The folder in the object store; the lineage is a folder below it with the name of serverName.
     */
    readonly destinationPath?: string;
    /**
     * The name of the present lineage of backups: what one server wrote without a break. A new database, a new major version and a return to a plan with backups each begin a new one.
     */
    readonly serverName?: string;
    /**
     * How long backups stay restorable.
     */
    readonly retention?: string;
    /**
     * Since when that has been the retention.
     */
    readonly retentionSince?: string;
    /**
     * When the next scheduled base backup starts.
     */
    readonly nextTime?: string;
    /**
     * When the newest base backup of the present lineage was completed.
     */
    readonly lastSuccessTime?: string;
    /**
     * The last base backup that failed in the present lineage. Absent once a later one was completed.
     */
    readonly lastFailure?: {
      /**
       * When it failed.
       */
      readonly time?: string;
      /**
       * What CloudNativePG or the plugin reported.
       */
      readonly message?: string;
      /**
       * The name of the Backup.
       */
      readonly backup?: string;
    };
    /**
     * Since when there has been a failed Backup that the operator made. It removes those that are older than the retention.
     */
    readonly failedSince?: string;
    /**
     * The times that the database can be restored to.
     */
    readonly recoveryWindow?: {
      /**
       * The end of the oldest base backup.
       */
      readonly from?: string;
      /**
       * When the last WAL file was archived, as PostgreSQL said at the last login: at most ten minutes old while the database answers. Absent while readiness.connectionCheck is Off.
       */
      readonly to?: string;
    };
    /**
     * Whether the WAL reaches the archive. ok: a file was archived within the last 15 minutes. idle: none was, and none waits. late: none was, although some wait. failing: the last attempt failed. unknown: no login has told since the first base backup, or there is none yet.
     */
    readonly archiving?: 'ok' | 'idle' | 'late' | 'failing' | 'unknown';
    /**
     * The last base backup that was requested by the annotation addons.paas.dev/backup-now.
     */
    readonly now?: {
      /**
       * The value of the annotation.
       */
      readonly request: string;
      /**
       * Running: it was begun. Refused: it was not begun, and message says why.
       */
      readonly result: 'Running' | 'Completed' | 'Failed' | 'Refused';
      /**
       * The name of the Backup.
       */
      readonly backup?: string;
      /**
       * When it was begun.
       */
      readonly startTime?: string;
      /**
       * When it ended or was refused.
       */
      readonly endTime?: string;
      /**
       * Why it failed or was refused, or why another one was.
       */
      readonly message?: string;
      /**
       * A later value of the annotation that was refused because this one was running.
       */
      readonly refused?: string;
    };
    /**
     * The restore drill that is in progress. Absent otherwise.
     */
    readonly drill?: {
      /**
       * Archiving: it waits until everything that was committed before it began is in the archive. Restoring: that is restored into a second database and checked there. Removing: the second database is being removed.
       */
      readonly step: 'Archiving' | 'Restoring' | 'Removing';
      /**
       * When the drill began.
       */
      readonly startTime: string;
      /**
       * The value of the annotation that requested it. Absent for a scheduled one.
       */
      readonly request?: string;
      /**
       * The lineage of backups that is restored.
       */
      readonly serverName?: string;
      /**
       * The state that is restored.
       */
      readonly mark?: {
        /**
         * Its position in the WAL.
         */
        readonly lsn: string;
        /**
         * The WAL file that this position is in.
         */
        readonly wal: string;
        /**
         * When the database was in this state.
         */
        readonly time: string;
      };
      /**
       * When the restore began.
       */
      readonly restoreTime?: string;
      /**
       * Until when the second database stays after a restore that failed, for its log. A new drill removes it before.
       */
      readonly keptUntil?: string;
    };
    /**
     * The last restore drill that ended.
     */
    readonly lastDrill?: {
      /**
       * When it ended.
       */
      readonly time: string;
      /**
       * Passed: the newest state was restored, and every assertion holds. Failed: not, and message says why. Skipped: nothing was found out about the backups, for example since a quota leaves no room; message says why.
       */
      readonly result: 'Passed' | 'Failed' | 'Skipped';
      /**
       * The last value of the annotation addons.paas.dev/drill-now that was carried out.
       */
      readonly request?: string;
      /**
       * The time of the state that was restored.
       */
      readonly recoveryPoint?: string;
      /**
       * How old that state was when the restore began, such as 4m12s: what would have been lost.
       */
      readonly age?: string;
      /**
       * How long the restore took, with the assertions, such as 1m30s.
       */
      readonly duration?: string;
      /**
       * What was found out.
       */
      readonly message?: string;
    };
    /**
     * When the last restore drill ended that passed.
     */
    readonly lastDrillPassTime?: string;
    /**
     * The last restore drill that failed. Absent once a later one passed.
     */
    readonly drillFailure?: {
      /**
       * When it ended.
       */
      readonly time: string;
      /**
       * What was found out.
       */
      readonly message?: string;
    };
    /**
     * When the next scheduled restore drill begins.
     */
    readonly nextDrillTime?: string;
    /**
     * The last lineages of backups, the present one first.
     */
    readonly lineages?: {
      /**
       * The name of the lineage.
       */
      readonly serverName: string;
      /**
       * The object store that it is in.
       */
      readonly store?: string;
      /**
       * The folder that it is in.
       */
      readonly destinationPath?: string;
      /**
       * The PostgreSQL version that wrote it first.
       */
      readonly version?: string;
      /**
       * The end of its first base backup.
       */
      readonly since?: string;
      /**
       * The end of its oldest base backup when it was last seen.
       */
      readonly from?: string;
      /**
       * When the next one replaced it, or backups stopped.
       */
      readonly until?: string;
    }[];
  };
  /**
   * The backups that this database was restored from. Absent for one that began empty.
   */
  readonly restore?: {
    /**
     * The name of the lineage.
     */
    readonly serverName: string;
    /**
     * The namespace that it is of. Absent if that is the addon's own.
     */
    readonly namespace?: string;
    /**
     * The object store that it is in.
     */
    readonly store?: string;
    /**
     * The time of the state that was restored. Absent for the newest one.
     */
    readonly targetTime?: string;
    /**
     * The name of the database.
     */
    readonly database?: string;
    /**
     * The role that owns it.
     */
    readonly owner?: string;
    /**
     * The major version of PostgreSQL that wrote the backups.
     */
    readonly major?: number;
    /**
     * How long it may take. Absent once the database was ready.
     */
    readonly estimate?: string;
    /**
     * How long it took, from the creation of the Cluster until CloudNativePG reported it ready, such as 4m12s.
     */
    readonly duration?: string;
    /**
     * The size of the restored database at the login that named lockedRoles, as a quantity.
     */
    readonly size?: string;
    /**
     * Whether the SQL of spec.restore.redaction has been committed; Unknown if the Cluster was made again since. Absent if the database was restored without any.
     */
    readonly redaction?: 'Pending' | 'Completed' | 'Unknown';
    /**
     * The roles besides the owner that could log in to the source, up to 100. They cannot log in to this database, since their passwords are those of the source, until the annotation addons.paas.dev/unlock-roles of the addon is "true". Absent until a login has named them, and once they can.
     */
    readonly lockedRoles?: string[];
  };
  /**
   * The app that this database is promoted to, or is going to be. Stays until its Secret was given back. The condition Promoted says whether the Secret holds the DATABASE_URL of this database.
   */
  readonly promotion?: {
    /**
     * The appId of the app.
     */
    readonly appId: string;
    /**
     * The name of its Secret.
     */
    readonly secretName?: string;
  };
  /**
   * The objects besides the Secret with DATABASE_URL. One is listed before it is written, and until it was deleted. The condition ExtrasPublished says whether they hold the credentials, or the CA.
   */
  readonly extras?: {
    /**
     * read-url: DATABASE_URL leads to the replicas; present with a plan that has any. ca: the CA that signs the certificate of the server; present with spec.connection.sslMode require or verify-full. The others are those of spec.connection.extraSecrets.
     */
    readonly form: 'read-url' | 'servicebinding' | 'pgvars' | 'ca';
    /**
     * The name of the Secret; with ca, of the ConfigMap.
     */
    readonly name: string;
    /**
     * The resourceVersion of the Secret of CNPG that the published CA is from.
     */
    readonly sourceVersion?: string;
  }[];
  /**
   * The login roles besides the owner. One is listed before anything of it is made, and until it is seen that it cannot log in. The condition RolesReady says whether their Secrets hold a DATABASE_URL that logs in.
   */
  readonly roles?: {
    /**
     * What it may do, as in spec.roles.
     */
    readonly role: 'read' | 'write' | 'admin';
    /**
     * Its name in PostgreSQL.
     */
    readonly name: string;
    /**
     * The name of the Secret with its DATABASE_URL.
     */
    readonly secretName: string;
    /**
     * The resourceVersion of the Secret with its password, <secretName>-login, at the last login with it that succeeded after its rights had been granted.
     */
    readonly passwordVersion?: string;
    /**
     * The schemas of which it was given the rights then, as far as they existed.
     */
    readonly schemas?: string[];
  }[];
  /**
   * The Secret of the form servicebinding, where the Service Binding Specification looks for it. Present while it is there.
   */
  readonly binding?: {
    /**
     * Its name.
     */
    readonly name: string;
  };
  /**
   * Identifies the published credentials. Never contains a credential.
   */
  readonly credentials?: {
    /**
     * The resourceVersion of the Secret <cluster>-app that DATABASE_URL was built from.
     */
    readonly sourceVersion?: string;
    /**
     * The uid of the Secret that holds DATABASE_URL.
     */
    readonly secretUID?: string;
  };
  /**
   * Ready says whether the database can be used. Reconciling, Stalled, Suspended and EndOfLife are present only while true. The other conditions give details. Reasons are listed in docs/reference/conditions.md.
   */
  readonly conditions?: {
    /**
     * The type of the condition.
     */
    readonly type: string;
    /**
     * The status of the condition.
     */
    readonly status: 'True' | 'False' | 'Unknown';
    /**
     * The metadata.generation that the condition describes.
     */
    readonly observedGeneration?: number;
    /**
     * When the status of the condition last changed.
     */
    readonly lastTransitionTime: string;
    /**
     * The reason for the status, in CamelCase, for programs.
     */
    readonly reason: string;
    /**
     * The explanation of the status, for people.
     */
    readonly message: string;
  }[];
}
