// Carries out the DatabaseRoles of simulated Clusters as CNPG 1.30 does, both its operator and the instance manager
// (databaserole_controller.go in internal/controller and internal/management/controller, finalizers_delete.go). What a database knows of its
// roles is a table in memory. Where CNPG tries again every 30 s, a change of the Cluster is enough here.
import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { clusterGvr, databaseRoleGvr, reloadLabel } from '../../src/api/cnpg.ts';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { ApiError } from '../../src/kube/errors.ts';
import type { Change } from '../../src/kube/store.ts';
import { secretText } from '../harness/views.ts';
import { timestamp } from './conditions.ts';

/** `RoleFinalizerName` of pkg/utils/finalizers.go. */
export const roleFinalizer = 'cnpg.io/deleteRole';

/** A DatabaseRole whose reclaim policy is `retain`, as far as it is carried out. */
interface SimulatedRole extends LiveObject {
  readonly spec: {
    readonly cluster: { readonly name: string };
    readonly name: string;
    readonly login?: boolean;
    readonly passwordSecret?: { readonly name: string };
  };
  readonly status?: {
    readonly applied?: boolean;
    readonly message?: string;
    readonly observedGeneration?: number;
    readonly secretResourceVersion?: string;
    readonly conditions?: readonly { readonly message: string }[];
  };
}

interface SimulatedCluster extends LiveObject {
  readonly spec: { readonly managed?: { readonly roles?: readonly { readonly name: string }[] } };
}

export interface DatabaseRolesOptions {
  readonly client: KubeClient;
  /** Resolves once a change of a role in a database has been made. */
  readonly pass: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** The roles of a database besides the owner: the password of each; undefined if it cannot log in. */
export type RolesOf = ReadonlyMap<string, string | undefined>;

const farewell = 'cluster resource has been deleted, skipping reconciliation';

export class DatabaseRoles {
  readonly #options: DatabaseRolesOptions;
  /** As the watch showed them. */
  readonly #known = new Map<string, SimulatedRole>();
  readonly #waiting = new Set<string>();
  readonly #work = new Map<string, Promise<void>>();
  /** By uid of the Cluster. A role stays in it when its DatabaseRole goes. */
  readonly #databases = new Map<string, Map<string, string | undefined>>();
  #isOver = false;

  constructor(options: DatabaseRolesOptions) {
    this.#options = options;
  }

  end(): void {
    this.#isOver = true;
  }

  /** @param uid of the Cluster */
  of(uid: string): RolesOf {
    return this.#databaseOf(uid);
  }

  /** A superuser changes the password of a role inside the database. @param uid of the Cluster */
  setPassword(uid: string, role: string, password: string): void {
    this.#databaseOf(uid).set(role, password);
  }

  changed({ type, object }: Change<KubeObject>): void {
    const key = keyOf(object);
    if (type === 'deleted') this.#known.delete(key);
    else this.#known.set(key, object as SimulatedRole);
    if (type !== 'deleted') this.#wake(key);
  }

  /** A Secret was created, changed or deleted. */
  secretChanged({ metadata }: KubeObject): void {
    if (metadata.labels?.[reloadLabel] !== 'true') return;
    for (const [key, role] of this.#known)
      if (role.metadata.namespace === metadata.namespace && role.spec.passwordSecret?.name === metadata.name)
        this.#wake(key);
  }

  clusterChanged({ type, object: { metadata } }: Change<KubeObject>): void {
    for (const [key, role] of this.#known) {
      if (role.metadata.namespace !== metadata.namespace || role.spec.cluster.name !== metadata.name) continue;
      if (type === 'deleted' || metadata.deletionTimestamp !== undefined) this.#queue(key, () => this.#letGo(key));
      else this.#wake(key);
    }
  }

  #databaseOf(uid: string): Map<string, string | undefined> {
    const database = this.#databases.get(uid) ?? new Map<string, string | undefined>();
    this.#databases.set(uid, database);
    return database;
  }

  #wake(key: string): void {
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.#queue(key, async () => {
      this.#waiting.delete(key);
      await this.#turn(key);
    });
  }

  /** One after the other for each role. */
  #queue(key: string, work: () => Promise<void>): void {
    const done = (this.#work.get(key) ?? Promise.resolve()).then(async () => {
      if (this.#isOver) return;
      try {
        await work();
      } catch (error) {
        // It, its Cluster or its namespace went away, or somebody else has changed it.
        const code = error instanceof ApiError ? error.code : undefined;
        if (code === 409) this.#queue(key, work);
        else if (code !== 404 && !this.#isOver) this.#options.onError(error);
      }
    });
    this.#work.set(key, done);
  }

  async #live(key: string): Promise<SimulatedRole | undefined> {
    const [namespace, name = ''] = key.split('/');
    return (await this.#options.client.get(databaseRoleGvr, namespace, name)) as SimulatedRole | undefined;
  }

  async #turn(key: string): Promise<void> {
    const { client, pass } = this.#options;
    const live = await this.#live(key);
    if (live === undefined) return;
    const role = await this.#notePassword(live);
    const { metadata, spec, status } = role;
    const cluster = await client.get(clusterGvr, metadata.namespace, spec.cluster.name);
    if (cluster === undefined || !isUp(cluster)) return;
    if (metadata.deletionTimestamp !== undefined) return await this.#release(role);
    if (isManaging(cluster, spec.name))
      return await this.#fail(role, 'database role is already managed by the CNPG cluster');
    const database = this.#databaseOf(cluster.metadata.uid);
    if (status?.applied === true && isReconciled(role) && database.has(spec.name)) return;
    const { finalizers = [] } = metadata;
    if (!finalizers.includes(roleFinalizer)) await this.#setFinalizers(role, [...finalizers, roleFinalizer]);
    const secret = await this.#secretOf(role);
    if (spec.passwordSecret !== undefined && secret === undefined)
      return await this.#fail(role, `secrets "${spec.passwordSecret.name}" not found`);
    await pass();
    const isOpen = spec.login === true && secret !== undefined;
    database.set(spec.name, isOpen ? secretText(secret, 'password') : undefined);
    await this.#report(role, {
      applied: true,
      message: null,
      observedGeneration: metadata.generation,
      secretResourceVersion: secret?.metadata.resourceVersion ?? null,
    });
  }

  /** The instance manager may not watch Secrets: a condition tells it of a new version. */
  async #notePassword(role: SimulatedRole): Promise<SimulatedRole> {
    const [noted] = role.status?.conditions ?? [];
    if (role.spec.passwordSecret === undefined)
      return noted === undefined ? role : await this.#report(role, { conditions: null });
    const version = (await this.#secretOf(role))?.metadata.resourceVersion;
    if (version === undefined || noted?.message === version) return role;
    const condition = { type: 'PasswordSecretChange', status: 'True', reason: 'ChangeDetected', message: version };
    return await this.#report(role, { conditions: [{ ...condition, lastTransitionTime: timestamp(0) }] });
  }

  async #secretOf({ metadata, spec }: SimulatedRole): Promise<LiveObject | undefined> {
    const { name } = spec.passwordSecret ?? {};
    return name === undefined ? undefined : await this.#options.client.get(secrets, metadata.namespace, name);
  }

  /** Its Cluster was deleted. */
  async #letGo(key: string): Promise<void> {
    const role = await this.#live(key);
    if (role === undefined) return;
    const status = { applied: false, message: farewell, observedGeneration: null };
    await this.#release(role.status?.message === farewell ? role : await this.#report(role, status));
  }

  async #release(role: SimulatedRole): Promise<void> {
    const { finalizers = [] } = role.metadata;
    const others = finalizers.filter((one) => one !== roleFinalizer);
    if (others.length < finalizers.length) await this.#setFinalizers(role, others);
  }

  async #setFinalizers({ metadata }: SimulatedRole, finalizers: readonly string[]): Promise<void> {
    // What others add or remove meanwhile is kept.
    const { namespace, name, uid, resourceVersion } = metadata;
    const patch = { metadata: { uid, resourceVersion, finalizers } };
    await this.#options.client.patch(databaseRoleGvr, namespace, name, patch);
  }

  async #fail(role: SimulatedRole, message: string): Promise<void> {
    if (role.status?.applied !== false || role.status.message !== message)
      await this.#report(role, { applied: false, message });
  }

  /** Like CNPG, by a patch of some fields: it has two writers of the status. */
  async #report({ metadata }: SimulatedRole, status: Readonly<Record<string, unknown>>): Promise<SimulatedRole> {
    const { namespace, name, uid } = metadata;
    const patch = { metadata: { uid }, status };
    return (await this.#options.client.patch(databaseRoleGvr, namespace, name, patch, 'status')) as SimulatedRole;
  }
}

/** Whether the primary carries out roles. */
function isUp({ status = {} }: LiveObject): boolean {
  return Number(status.readyInstances) > 0 && status.currentPrimary === status.targetPrimary;
}

function isManaging(cluster: LiveObject, role: string): boolean {
  const { managed } = (cluster as SimulatedCluster).spec;
  return managed?.roles?.some(({ name }) => name === role) === true;
}

function isReconciled({ metadata, spec, status = {} }: SimulatedRole): boolean {
  const isSeen = metadata.generation === status.observedGeneration;
  const [noted] = status.conditions ?? [];
  return isSeen && (spec.passwordSecret === undefined || noted?.message === status.secretResourceVersion);
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return `${namespace}/${name}`;
}
