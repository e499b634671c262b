// Generated from crds/addons.paas.dev_postgresaddons.yaml by `npm run generate`; do not edit.

/**
 * What the app team asks for. Only plan is required.
 */
export interface AddonSpec {
  /**
   * The size and the promise. free: 1 instance, 1Gi, 256Mi, no backup. standard: 1 instance, 10Gi, 1Gi, daily backup. pro: 3 instances, 50Gi, 4Gi, point-in-time recovery. May be changed at any time; the disk never shrinks.
   */
  readonly plan: 'free' | 'standard' | 'pro';
  /**
   * PostgreSQL major version 14 to 18, or major.minor such as "17.4". Defaults to the operator's default for a new database, and then stays with what is running. May rise, never fall.
   */
  readonly version?: string;
  /**
   * The app's id. Names the Secret app-<appId>-database-url. Defaults to metadata.name. Cannot be changed, added or removed later.
   */
  readonly appId?: string;
  /**
   * The tenant's id. Names the Cluster db-<tenantId>-<appId>. Defaults to the namespace. Cannot be changed, added or removed later.
   */
  readonly tenantId?: string;
  /**
   * The database and the role the application logs in to. Cannot be changed after creation.
   */
  readonly database?: {
    /**
     * Name of the database. Defaults to app.
     */
    readonly name?: string;
    /**
     * Name of the role that owns the database and logs in. Defaults to app.
     */
    readonly owner?: string;
  };
  /**
   * How applications connect.
   */
  readonly connection?: {
    /**
     * prefer (default) leaves DATABASE_URL without a query, so that the client library decides. require and verify-full add ?sslmode=...; for verify-full the app mounts ca.crt of the Secret <cluster>-ca.
     */
    readonly sslMode?: 'prefer' | 'require' | 'verify-full';
  };
}

/**
 * What is true now. Written by the operator only.
 */
export interface AddonStatus {
  /**
   * creating: never been ready yet. running: ready. provisioning: was ready once and is not now (restart, failover, plan change). deleted: deletion was asked for. This field and ready_at are a published contract and keep these names; conditions say why.
   */
  readonly phase?: 'creating' | 'running' | 'provisioning' | 'deleted';
  /**
   * When the database was ready for the first time (RFC 3339, UTC). Written once, in the same write that first says running; never moves. Snake case because it is a published contract.
   */
  readonly ready_at?: string;
  /**
   * The metadata.generation that this status speaks of.
   */
  readonly observedGeneration?: number;
  /**
   * Where the database runs.
   */
  readonly locality?: 'OnCluster';
  /**
   * The plan that was asked for last and accepted.
   */
  readonly plan?: string;
  /**
   * The PostgreSQL version that the Cluster is asked to run.
   */
  readonly version?: string;
  /**
   * The container image that the Cluster is asked to run.
   */
  readonly image?: string;
  /**
   * Name of the CloudNativePG Cluster. Written once, never recomputed.
   */
  readonly clusterName?: string;
  /**
   * Name of the Secret that holds DATABASE_URL.
   */
  readonly secretName?: string;
  /**
   * What the database has. storage may be larger than the plan's, since disks never shrink.
   */
  readonly resources?: {
    /**
     * Number of PostgreSQL instances.
     */
    readonly instances?: number;
    /**
     * Size of each instance's disk.
     */
    readonly storage?: string;
    /**
     * Memory of each instance (request and limit).
     */
    readonly memory?: string;
    /**
     * The plan's backup level.
     */
    readonly backup?: 'none' | 'daily' | 'pitr';
  };
  /**
   * Host names and port inside the Kubernetes cluster.
   */
  readonly endpoints?: {
    /**
     * host:port that always leads to the primary.
     */
    readonly primary?: string;
    /**
     * host:port that leads to a replica; absent with one instance.
     */
    readonly readOnly?: string;
  };
  /**
   * Backups, as promised and as in force.
   */
  readonly backup?: {
    /**
     * What the plan promises.
     */
    readonly requested?: 'none' | 'daily' | 'pitr';
    /**
     * What is in force now.
     */
    readonly effective?: 'none' | 'daily' | 'pitr';
    /**
     * When the daily base backup starts: cron with six fields, seconds first, UTC.
     */
    readonly schedule?: string;
  };
  /**
   * Which credentials were published. Never a value.
   */
  readonly credentials?: {
    /**
     * resourceVersion of the Secret <cluster>-app that DATABASE_URL was built from.
     */
    readonly sourceVersion?: string;
    /**
     * uid of the Secret that holds DATABASE_URL.
     */
    readonly secretUID?: string;
  };
  /**
   * Ready says whether the database can be used; Reconciling and Stalled are present only while true; the others explain. Reasons are listed in docs/reference/conditions.md.
   */
  readonly conditions?: {
    /**
     * Name of the condition.
     */
    readonly type: string;
    /**
     * Whether it holds.
     */
    readonly status: 'True' | 'False' | 'Unknown';
    /**
     * The metadata.generation it speaks of.
     */
    readonly observedGeneration?: number;
    /**
     * When status last changed.
     */
    readonly lastTransitionTime: string;
    /**
     * One word for programs.
     */
    readonly reason: string;
    /**
     * A sentence for people.
     */
    readonly message: string;
  }[];
}
