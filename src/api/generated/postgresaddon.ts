// Generated from crds/addons.paas.dev_postgresaddons.yaml by `npm run generate`; do not edit.

/**
 * The desired state of the database. Only plan is required.
 */
export interface AddonSpec {
  /**
   * The size of the database and its backup level. free: 1 instance, 1Gi disk, 256Mi memory, no backups. standard: 1 instance, 10Gi disk, 1Gi memory, daily backups. pro: 3 instances, 50Gi disk, 4Gi memory, point-in-time recovery. The administrator can change these values. This release does not take backups yet. Can be changed at any time; the disk never shrinks.
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
     * The TLS mode that DATABASE_URL requests. prefer (default): DATABASE_URL has no query parameters, so the client library decides. require, verify-full: DATABASE_URL ends in ?sslmode=require or ?sslmode=verify-full. The certificate is signed by a CA of the Cluster: key ca.crt of the Secret <cluster>-ca, whose key ca.key must not be mounted. With require, libpq (psql, psycopg and others) and most clients encrypt without checking the certificate. node-postgres checks it as with verify-full, and refuses with "self-signed certificate in certificate chain" unless the application mounts ca.crt and sets NODE_EXTRA_CA_CERTS to its path. With verify-full every client needs ca.crt: for Node as above, for libpq and pgx by PGSSLROOTCERT.
     */
    readonly sslMode?: 'prefer' | 'require' | 'verify-full';
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
   * The metadata.generation that this status describes.
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
     * Applying: in progress. Applied: complete. Partial: complete except for what the condition PlanApplied names. Suspended: waiting until spec.suspend is no longer true.
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
     * The backup level currently in force.
     */
    readonly effective?: 'none' | 'daily' | 'pitr';
    /**
     * The start time of the daily base backup: a cron expression with six fields, seconds first, in UTC.
     */
    readonly schedule?: string;
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
