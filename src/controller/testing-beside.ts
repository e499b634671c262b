// For tests of the controller: what the model's API server does not have, and what happens to it: the second database of a restore drill,
// and the Job of a redaction. Product code must never import it.
import type { KubeObject, Manifest, Secret } from '../api/kubernetes.ts';
import { drillName, redactionJobName, sourceSecretName } from '../domain/names.ts';
import { ApiError } from '../kube/errors.ts';
import type { Preconditions } from '../kube/resources.ts';
import { dataOf, nameOf, namespace } from '../model/objects.ts';

const drill = drillName(nameOf.cluster);
const password = 'pw-drill';
/** What can exist, by kind and name, and whether a watch tells of it. */
const places: Readonly<Record<string, { readonly isWatched: boolean }>> = {
  [`ObjectStore ${drill}`]: { isWatched: true },
  [`Cluster ${drill}`]: { isWatched: true },
  [`Secret ${sourceSecretName(drill)}`]: { isWatched: false },
  [`Job ${redactionJobName(nameOf.cluster)}`]: { isWatched: false },
};

export class Beside {
  readonly #objects = new Map<string, KubeObject>();
  readonly #changed: () => void;
  #serial = 0;

  /** @param changed called when a watch reports a change */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whether an object of that kind and name belongs here. */
  has(kind: string, name: string): boolean {
    return Object.hasOwn(places, `${kind} ${name}`);
  }

  get(kind: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${kind} ${name}`);
  }

  /** The objects of the drill, or the Job. */
  kinds(): readonly string[] {
    return [...this.#objects.values()].map(({ kind }) => kind);
  }

  create({ metadata, ...rest }: Manifest): KubeObject {
    const { name } = metadata;
    if (this.get(rest.kind, name) !== undefined) throw refusal(409, 'Conflict');
    const made = { ...rest, metadata: { ...metadata, namespace, uid: `beside-${this.#next()}` } };
    return this.#put(JSON.parse(JSON.stringify(made)) as KubeObject);
  }

  delete(kind: string, name: string, { uid, resourceVersion }: Preconditions): void {
    const before = this.get(kind, name);
    if (before === undefined) throw refusal(404, 'NotFound');
    if (before.metadata.uid !== uid || before.metadata.resourceVersion !== resourceVersion)
      throw refusal(409, 'Conflict');
    this.#objects.delete(`${kind} ${name}`);
  }

  /** The API server has said that it is gone. */
  forget(kind: string, name: string): void {
    this.#objects.delete(`${kind} ${name}`);
  }

  /** Somebody deletes what there is of a kind. */
  lose(kind: string): void {
    const gone = [...this.#objects.values()].find((object) => object.kind === kind);
    if (gone !== undefined) this.#drop(gone);
  }

  /**
   * The garbage collector, CNPG or the Job takes a step. @returns whether one did
   * @param living the uids of the model's objects
   */
  step(living: readonly string[], { noCnpg = false, noJobs = false }: Idle): boolean {
    const all = [...this.#objects.values()];
    const uids = [...living, ...all.map(({ metadata }) => metadata.uid)];
    const orphan = all.find(
      ({ metadata: { ownerReferences = [] } }) => !ownerReferences.some(({ uid }) => uids.includes(uid)),
    );
    if (orphan !== undefined) return this.#drop(orphan);
    const cluster = this.get('Cluster', drill);
    if (cluster !== undefined && !('status' in cluster) && !noCnpg) return this.#restore(cluster);
    const job = this.get('Job', redactionJobName(nameOf.cluster));
    if (job === undefined || 'status' in job || noJobs) return false;
    this.#put({ ...job, status: { conditions: [{ type: 'Complete', status: 'True' }] } } as KubeObject);
    return true;
  }

  /** Whether a login with this password leads to the second database. */
  admits(given: string | undefined): boolean {
    return given === password && this.get('Secret', sourceSecretName(drill)) !== undefined;
  }

  #restore(cluster: KubeObject): boolean {
    const { apiVersion, kind, metadata } = cluster;
    const { bootstrap } = (cluster as unknown as { readonly spec: Restored }).spec;
    const { database, owner: username } = bootstrap.recovery;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: sourceSecretName(drill),
        namespace,
        uid: `beside-${this.#next()}`,
        resourceVersion: '',
        ownerReferences: [owner],
      },
      data: dataOf({ username, password, dbname: database }),
    };
    const { resourceVersion } = this.#put(secret).metadata;
    const primary = `${metadata.name}-1`;
    const status = {
      phase: 'Cluster in healthy state',
      readyInstances: 1,
      currentPrimary: primary,
      targetPrimary: primary,
      secretsResourceVersion: { applicationSecretVersion: resourceVersion },
    };
    this.#put({ ...cluster, status } as KubeObject);
    this.#changed();
    return true;
  }

  #drop(object: KubeObject): true {
    const place = `${object.kind} ${object.metadata.name}`;
    this.#objects.delete(place);
    if (places[place]?.isWatched === true) this.#changed();
    return true;
  }

  #put(object: KubeObject): KubeObject {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `beside-${this.#next()}` } };
    this.#objects.set(`${object.kind} ${object.metadata.name}`, stored);
    return stored;
  }

  #next(): number {
    this.#serial += 1;
    return this.#serial;
  }
}

function refusal(code: number, reason: string): ApiError {
  return new ApiError({ code, reason, message: '' });
}

/** What does nothing at the moment. */
interface Idle {
  readonly noCnpg?: boolean;
  readonly noJobs?: boolean;
}

interface Restored {
  readonly bootstrap: { readonly recovery: { readonly database: string; readonly owner: string } };
}
