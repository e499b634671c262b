// The pod of `helm test`: a free addon from its creation to its removal, as an application's team would see it. It must never touch an addon
// that it has not created, and never print a password.
import { addonApiVersion, addonGvr, fieldManager, type PostgresAddon, projectAddon } from './api/addon.ts';
import { type Clock, pause, type Random } from './api/clock.ts';
import { clusterGvr } from './api/cnpg.ts';
import type { Gvr, KubeObject, Secret } from './api/kubernetes.ts';
import type { LoginResult } from './api/login.ts';
import type { Clients } from './controller/clients.ts';
import { urlSecretName } from './domain/names.ts';
import type { ConnectionCheck } from './domain/observed.ts';
import { ApiError } from './kube/errors.ts';
import { Store } from './kube/store.ts';
import type { Transport } from './kube/transport.ts';
import { Reflector } from './kube/watch.ts';

/** A database takes half a minute, and longer where its image has to be pulled. Together, below the deadline of the pod. */
const createMilliseconds = 180_000;
const loginMilliseconds = 20_000;
const deleteMilliseconds = 20_000;
const removeMilliseconds = 40_000;
const betweenAttempts = 1_000;
/** How long the addon may be stalled: some of what is in the way passes by itself. */
const stalledMilliseconds = 30_000;
const betweenLooks = 5_000;

/** On the addon: which test created it. */
const testAnnotation = 'addons.paas.dev/smoke-test';

export interface SmokeTest {
  readonly transport: Transport;
  readonly api: Pick<Clients, 'addons' | 'secrets'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly login: (url: string) => Promise<LoginResult>;
  readonly namespace: string;
  /** Of the addon. */
  readonly name: string;
  /** Differs from test to test: an addon without it was created by somebody else. */
  readonly id: string;
  /** Whether the login has to succeed. */
  readonly connectionCheck: ConnectionCheck;
  /** Receives the progress, a line at a time. */
  readonly say: (line: string) => void;
  /** Ends the test early; the addon is deleted all the same. */
  readonly signal: AbortSignal;
}

/** Why the test failed, in a sentence for whoever installed the operator. */
export class SmokeTestError extends Error {
  override readonly name = 'SmokeTestError';
}

/**
 * Creates a free addon, waits until it runs, logs in with its DATABASE_URL, deletes it, and waits until its Cluster is gone.
 * @throws SmokeTestError for whatever is not as it should be; ApiError for a request that is refused
 */
export async function smokeTest(test: SmokeTest): Promise<void> {
  const addons = new Watched(test, addonGvr, projectAddon);
  const clusters = new Watched(test, clusterGvr, ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }));
  try {
    const { uid } = await deletingAfterwards(test, async (created) => {
      await addons.until('the addon to run', createMilliseconds, test.signal, progress(test, created));
      await logIn(test);
    });
    const isGone = (list: readonly KubeObject[]) => !list.some((cluster) => isOwnedBy(cluster, uid));
    await clusters.until('the Cluster to be gone', removeMilliseconds, undefined, isGone);
    test.say('its database is gone');
  } finally {
    await Promise.all([addons.stop(), clusters.stop()]);
  }
}

/**
 * Creates the addon, and deletes it whatever happens then: also if the request was not answered, since it can have been carried out.
 * @returns the identity of the addon
 */
async function deletingAfterwards(
  test: SmokeTest,
  use: (created: KubeObject) => Promise<void>,
): Promise<{ readonly uid: string }> {
  const { say } = test;
  try {
    const created = await createAddon(test);
    await use(created);
    await deleteAddon(test);
    return created.metadata;
  } catch (error) {
    await deleteAddon(test).catch((second: unknown) => say(`the addon could not be deleted: ${second}`));
    throw error;
  }
}

async function createAddon({ api, namespace, name, id, say }: SmokeTest): Promise<KubeObject> {
  const metadata = { name, namespace, annotations: { [testAnnotation]: id } };
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, spec: { plan: 'free' } };
  try {
    const created = await api.addons.create(manifest, `${fieldManager}-smoke-test`);
    say(`PostgresAddon ${namespace}/${name} created`);
    return created;
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'Conflict')) throw error;
    const remedy = `If an interrupted test left it behind, delete it: kubectl delete pga ${name} --namespace ${namespace}`;
    throw new SmokeTestError(`PostgresAddon ${namespace}/${name} exists already. ${remedy}`);
  }
}

/** Whether the addon runs, for each list of the addons. It says each step once. */
function progress({ clock, say }: SmokeTest, { metadata: { uid } }: KubeObject) {
  let said = '';
  let wasSeen = false;
  let stalledSince: number | undefined;
  /** @throws SmokeTestError if it cannot run without somebody's help, or was deleted */
  return (list: readonly PostgresAddon[]): boolean => {
    const addon = list.find(({ metadata }) => metadata.uid === uid);
    if (addon === undefined && wasSeen) throw new SmokeTestError('somebody else deleted the PostgresAddon');
    if (addon === undefined) return false;
    wasSeen = true;
    const { phase, conditions = [] } = addon.status ?? {};
    const ready = conditions.find(({ type }) => type === 'Ready');
    const state = ready === undefined ? 'the operator has not seen the addon yet' : `${ready.reason}: ${ready.message}`;
    if (state !== said) say(state);
    said = state;
    const isStalled = conditions.some(({ type }) => type === 'Stalled');
    stalledSince = isStalled ? (stalledSince ?? clock.monotonic()) : undefined;
    if (stalledSince !== undefined && clock.monotonic() - stalledSince >= stalledMilliseconds)
      throw new SmokeTestError(`the addon cannot run: ${state}`);
    return phase === 'running' && ready?.status === 'True';
  };
}

/** The way to a new database takes a moment: a NetworkPolicy or a Service is not everywhere at once. */
async function logIn({ api, namespace, name, login, connectionCheck, clock, signal, say }: SmokeTest): Promise<void> {
  if (connectionCheck === 'Off') return say('no login, since readiness.connectionCheck is Off');
  const secret = urlSecretName(name);
  const { data } = ((await api.secrets.get(namespace, secret)) ?? {}) as Partial<Secret>;
  const url = data?.DATABASE_URL;
  if (url === undefined) throw new SmokeTestError(`Secret ${secret} has no DATABASE_URL`);
  const end = clock.monotonic() + loginMilliseconds;
  for (;;) {
    const result = await login(Buffer.from(url, 'base64').toString());
    if (result.kind === 'ok')
      return say(`logged in with DATABASE_URL${result.version === undefined ? '' : `: PostgreSQL ${result.version}`}`);
    const why = result.kind === 'failed' ? `${result.why}: ${result.detail}` : 'it was not attempted';
    const failure = `the login with DATABASE_URL from this pod failed: ${why}`;
    if (signal.aborted || clock.monotonic() > end) {
      if (connectionCheck === 'Advisory') return say(failure);
      throw new SmokeTestError(failure);
    }
    await pause(clock, betweenAttempts, signal);
  }
}

/** Deletes the addon of this test, if there is one. What passes by itself is tried again, within the grace period of the pod. */
async function deleteAddon({ api, namespace, name, id, clock, say }: SmokeTest): Promise<void> {
  const end = clock.monotonic() + deleteMilliseconds;
  for (;;) {
    try {
      const addon = await api.addons.get(namespace, name);
      const { annotations, deletionTimestamp } = addon?.metadata ?? {};
      if (addon === undefined || annotations?.[testAnnotation] !== id || deletionTimestamp !== undefined) return;
      await api.addons.delete(namespace, name, addon.metadata);
      return say('the addon is deleted');
    } catch (error) {
      const passes = error instanceof ApiError && [0, 404, 409, 429, 500, 502, 503, 504].includes(error.code);
      if (!passes || clock.monotonic() > end) throw error;
    }
    await pause(clock, betweenAttempts);
  }
}

function isOwnedBy({ metadata: { ownerReferences = [] } }: KubeObject, uid: string): boolean {
  return ownerReferences.some((owner) => owner.uid === uid);
}

/** The objects of one kind in the namespace of the test, as a watch reports them. */
class Watched<T extends KubeObject> {
  readonly #reflector: Reflector<T>;
  readonly #store: Store<T>;
  readonly #clock: Clock;
  #changed = new AbortController();

  constructor({ transport, clock, random, namespace, say }: SmokeTest, gvr: Gvr, project: (raw: KubeObject) => T) {
    this.#clock = clock;
    this.#store = new Store(project, () => this.#wake());
    this.#reflector = new Reflector({
      ...{ transport, gvr, namespace, store: this.#store, clock, random },
      onError: (error) => say(String(error)),
    });
    this.#reflector.start();
  }

  /**
   * Looks at the objects whenever one of them changes, and from time to time.
   * @param look whether it is so; what it throws ends the wait
   * @throws SmokeTestError when the time is over, or when `signal` aborts
   */
  async until(
    what: string,
    milliseconds: number,
    signal: AbortSignal | undefined,
    look: (list: readonly T[]) => boolean,
  ): Promise<void> {
    const end = this.#clock.monotonic() + milliseconds;
    for (;;) {
      this.#changed = new AbortController();
      const { synced, failure } = this.#reflector.status;
      if (signal?.aborted === true) throw new SmokeTestError(`stopped while waiting for ${what}`);
      if (synced && look([...this.#store.values()])) return;
      const left = end - this.#clock.monotonic();
      const why = failure === undefined ? '' : `: ${failure.message}`;
      if (left <= 0) throw new SmokeTestError(`timed out after ${milliseconds / 1000} s waiting for ${what}${why}`);
      const either = signal === undefined ? this.#changed.signal : AbortSignal.any([this.#changed.signal, signal]);
      await pause(this.#clock, Math.min(left, betweenLooks), either);
    }
  }

  stop(): Promise<void> {
    return this.#reflector.stop();
  }

  #wake(): void {
    this.#changed.abort();
  }
}
