// The pod of `helm test`: a free addon from its creation to its removal, as an application's team would see it. It must never touch an addon
// that it has not created, and never print a password.
import { addonApiVersion, addonGvr, fieldManager, type PostgresAddon, projectAddon } from './api/addon.ts';
import { type Clock, pause, type Random } from './api/clock.ts';
import { clusterGvr } from './api/cnpg.ts';
import type { Gvr, KubeObject, Secret } from './api/kubernetes.ts';
import type { LoginResult } from './api/login.ts';
import type { Clients } from './controller/clients.ts';
import { urlSecretName } from './domain/names.ts';
import { ApiError } from './kube/errors.ts';
import { Store } from './kube/store.ts';
import type { Transport } from './kube/transport.ts';
import { Reflector } from './kube/watch.ts';

/** A database takes half a minute, and longer where its image has to be pulled. Together, below the five minutes of `helm test`. */
const createMilliseconds = 210_000;
const removeMilliseconds = 60_000;
/** The operator can write its status between the read and the delete. */
const deleteAttempts = 10;

export interface SmokeTest {
  readonly transport: Transport;
  readonly api: Pick<Clients, 'addons' | 'secrets'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly login: (url: string) => Promise<LoginResult>;
  readonly namespace: string;
  /** Of the addon. */
  readonly name: string;
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
  const created = await createAddon(test);
  const addons = new Watched(test, addonGvr, projectAddon);
  const clusters = new Watched(test, clusterGvr, (raw) => raw);
  try {
    try {
      await addons.until('the addon to run', createMilliseconds, test.signal, (list) => isRunning(test, list, created));
      await logIn(test);
    } finally {
      await deleteAddon(test, created);
    }
    const isGone = (list: readonly KubeObject[]) => !list.some((cluster) => isOf(cluster, created));
    await clusters.until('the Cluster to be gone', removeMilliseconds, undefined, isGone);
    test.say('its database is gone');
  } finally {
    await Promise.all([addons.stop(), clusters.stop()]);
  }
}

async function createAddon({ api, namespace, name, say }: SmokeTest): Promise<KubeObject> {
  const { kind } = addonGvr;
  const manifest = { apiVersion: addonApiVersion, kind, metadata: { name, namespace }, spec: { plan: 'free' } };
  try {
    const created = await api.addons.create(manifest, `${fieldManager}-smoke-test`);
    say(`PostgresAddon ${namespace}/${name} created`);
    return created;
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'Conflict')) throw error;
    const remedy = `If a test that was broken off left it, delete it: kubectl delete pga ${name} --namespace ${namespace}`;
    throw new SmokeTestError(`PostgresAddon ${namespace}/${name} exists already. ${remedy}`);
  }
}

/** @throws SmokeTestError if it cannot run without somebody's help, or was deleted */
function isRunning(test: SmokeTest, list: readonly PostgresAddon[], { metadata }: KubeObject): boolean {
  const addon = list.find(({ metadata: { uid } }) => uid === metadata.uid);
  if (addon === undefined) throw new SmokeTestError('the PostgresAddon was deleted by somebody else');
  const { phase, conditions = [] } = addon.status ?? {};
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready !== undefined) test.say(`${phase}: ${ready.reason}: ${ready.message}`);
  if (conditions.some(({ type }) => type === 'Stalled'))
    throw new SmokeTestError(`the addon cannot run: ${ready?.reason}: ${ready?.message}`);
  return phase === 'running' && ready?.status === 'True';
}

async function logIn({ api, namespace, name, login, say }: SmokeTest): Promise<void> {
  const secret = urlSecretName(name);
  const { data } = ((await api.secrets.get(namespace, secret)) ?? {}) as Partial<Secret>;
  const url = data?.DATABASE_URL;
  if (url === undefined) throw new SmokeTestError(`Secret ${secret} has no DATABASE_URL`);
  const result = await login(Buffer.from(url, 'base64').toString());
  if (result.kind !== 'ok') {
    const why = result.kind === 'failed' ? `${result.why}: ${result.detail}` : 'it was not attempted';
    throw new SmokeTestError(`the login with DATABASE_URL from this pod failed: ${why}`);
  }
  say(`logged in with DATABASE_URL${result.version === undefined ? '' : `: PostgreSQL ${result.version}`}`);
}

async function deleteAddon({ api, namespace, name, say }: SmokeTest, created: KubeObject): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const addon = await api.addons.get(namespace, name);
    if (addon === undefined || addon.metadata.uid !== created.metadata.uid) return;
    try {
      await api.addons.delete(namespace, name, addon.metadata);
      return say('the addon is deleted');
    } catch (error) {
      const isOlder = error instanceof ApiError && error.reason === 'Conflict';
      if (!isOlder || attempt === deleteAttempts) throw error;
    }
  }
}

/** Whether it is owned by the addon. */
function isOf({ metadata: { ownerReferences = [] } }: KubeObject, { metadata: { uid } }: KubeObject): boolean {
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
      onStatus: () => this.#wake(),
    });
    this.#reflector.start();
  }

  /**
   * Looks at the objects whenever one of them changes.
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
      if (left <= 0) throw new SmokeTestError(`waited ${milliseconds / 1000} s in vain for ${what}${why}`);
      const either = signal === undefined ? this.#changed.signal : AbortSignal.any([this.#changed.signal, signal]);
      await pause(this.#clock, left, either);
    }
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
  }

  #wake(): void {
    this.#changed.abort();
  }
}
