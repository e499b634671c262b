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
   * Whether deleting this object may destroy data. standard (default): everything goes with it. protected: the database, the Secret and the backups stay in service, and applying the same object again takes them back. May be changed at any time. The end of the namespace ends every protection.
   */
  readonly mode?: 'standard' | 'protected';
  /**
   * true stops all work on this addon: nothing is created, changed or repaired, and a change of this spec waits. The database runs on, status goes on telling what CloudNativePG reports, and a deletion is still carried out. Defaults to false.
   */
  readonly suspend?: boolean;
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
   * The last change of plan or version, with what it takes; absent while there has been none.
   */
  readonly planChange?: {
    /**
     * The plan before.
     */
    readonly from?: string;
    /**
     * The plan asked for.
     */
    readonly to?: string;
    /**
     * What changes, in the order of the table of plans.
     */
    readonly steps?: {
      /**
       * What changes: version, instances, memory, storage, shared_buffers, max_connections, synchronous or backup.
       */
      readonly what: string;
      /**
       * Its value before.
       */
      readonly from: string;
      /**
       * Its value after.
       */
      readonly to: string;
    }[];
    /**
     * Whether instances restart. A plan with one instance is away meanwhile.
     */
    readonly restart?: boolean;
    /**
     * Whether the disk stays larger than the plan says, since disks never shrink.
     */
    readonly diskKept?: boolean;
    /**
     * Applying: under way. Applied: done. Partial: done but for what the condition PlanApplied names. Suspended: waits for the end of spec.suspend.
     */
    readonly state?: 'Applying' | 'Applied' | 'Partial' | 'Suspended';
  };
  /**
   * What a change to the plan in the annotation addons.paas.dev/preview would do; nothing of it is applied. Goes with the annotation.
   */
  readonly preview?: {
    /**
     * The plan looked at, as the annotation names it.
     */
    readonly plan?: string;
    /**
     * What changes, in the order of the table of plans.
     */
    readonly steps?: {
      /**
       * What changes: version, instances, memory, storage, shared_buffers, max_connections, synchronous or backup.
       */
      readonly what: string;
      /**
       * Its value before.
       */
      readonly from: string;
      /**
       * Its value after.
       */
      readonly to: string;
    }[];
    /**
     * Whether instances would restart.
     */
    readonly restart?: boolean;
    /**
     * Whether the disk would stay larger than the plan says.
     */
    readonly diskKept?: boolean;
    /**
     * What of it would not be carried out and why, or why nothing can be said.
     */
    readonly message?: string;
  };
  /**
   * The instance that was the primary at the last login with DATABASE_URL; absent before it and where the check is off.
   */
  readonly primary?: string;
  /**
   * Since when the Cluster was ready, in CloudNativePG's words, at that login. A later time asks for another.
   */
  readonly readySince?: string;
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
