// For tests of the controller: reconcile() with its queue, back-off and check-ups, against the model's API server, on a clock that only
// the test moves. What goes wrong is switched on and off by the test. Product code must never import it.
import { projectAddon } from '../api/addon.ts';
import type { Random } from '../api/clock.ts';
import { clusterLabel, projectCluster } from '../api/cnpg.ts';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import type { Answer as LoginAnswer, LoginResult, Question } from '../api/login.ts';
import {
  type ReconciledResource,
  reconciledResources,
  resources,
  type WatchedResource,
  watchedResources,
} from '../api/resources.ts';
import { roles } from '../domain/children.ts';
import { authoritySecretName } from '../domain/names.ts';
import { ApiError } from '../kube/errors.ts';
import { believing, Refusals } from '../kube/passing.ts';
import type { ResourceClient } from '../kube/resources.ts';
import { authorityOf } from '../model/authority.ts';
import { answerTo, cnpgSteps, stands } from '../model/cnpg.ts';
import { collectorSteps } from '../model/collector.ts';
import { namespaceSteps } from '../model/namespace.ts';
import {
  addonName,
  nameOf,
  namespace,
  passwordIn,
  type Slot,
  type Stored,
  slotOf,
  slots,
  watchedSlots,
} from '../model/objects.ts';
import { isStopped } from '../model/rest.ts';
import { type Answer, apply, create, merge, remove, replaceStatus, setFinalizers } from '../model/server.ts';
import { platform } from '../model/sight.ts';
import { emptyState, epoch, live, type State } from '../model/state.ts';
import { type UserStep, userSteps } from '../model/user.ts';
import { Backoff } from '../runtime/backoff.ts';
import type { Log } from '../runtime/log.ts';
import { type Next, WorkQueue } from '../runtime/queue.ts';
import { ManualClock, settle } from '../testing/clock.ts';
import type { Cache } from './cache.ts';
import type { Clients } from './clients.ts';
import { DeletedAddons } from './deleted-addons.ts';
import type { Availability, Dependencies, WatchedCaches } from './dependencies.ts';
import { Drills } from './drills.ts';
import { keyOf } from './key.ts';
import { reconcile } from './reconcile.ts';
import { Repairs } from './repairs.ts';
import { Resync } from './resync.ts';
import { Beside } from './testing-beside.ts';

export const key = keyOf(namespace, addonName);
export const minute = 60_000;
export const hour = 60 * minute;

/** CNPG, the garbage collector and the namespace controller take a step after this time. */
const reaction = 3_000;

/** One reconcile. */
interface Run {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly next: Next | 'error';
  readonly wrote: boolean;
}

export interface Request {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly verb: 'get' | 'list' | 'create' | 'apply' | 'finalizers' | 'status' | 'delete';
  /** The resource, for objects that the model does not have. */
  readonly on: Slot | ReconciledResource;
  readonly error?: ApiError;
}

/** What goes wrong at the moment. */
export interface Faults {
  /** The response to a request instead of its effect. */
  readonly answer?: (request: Omit<Request, 'at' | 'error'>) => ApiError | undefined;
  /** Instead of a login to the model's database. */
  readonly login?: LoginResult;
  readonly availability?: Partial<Readonly<Record<WatchedResource, Availability>>>;
  /** CNPG does nothing. */
  readonly noCnpg?: boolean;
  /** No Job ends. */
  readonly noJobs?: boolean;
  /** Other addons have every place for a restore drill. */
  readonly noDrillPlace?: boolean;
  /** The other installation of the operator no longer runs. */
  readonly isAlone?: boolean;
  /** Another replica may lead. */
  readonly noLease?: boolean;
}

interface WorldOptions {
  /** For back-off and check-ups. */
  readonly random?: Random;
  /** Whether the StorageClass allows volume expansion. */
  readonly expandable?: boolean;
}

export class World {
  readonly clock = new ManualClock(epoch);
  readonly runs: Run[] = [];
  readonly requests: Request[] = [];
  /** Messages of the log, and the phases that were announced. */
  readonly logged: string[] = [];
  readonly announced: string[] = [];
  /** How often the queue reported that the addon is reconciled without a pause. */
  spins = 0;
  /** What the reconciles use. */
  readonly deps: Dependencies;
  readonly queue: WorkQueue;
  faults: Faults = {};
  /** What else a login does: it is told what was asked, once the login has succeeded. */
  onLogin: (question: Question) => void = () => {};
  #state: State;
  #surroundingsPlanned = false;
  #wrote = false;
  /** Since when the archive has to catch up with a mark of a restore drill. Milliseconds since the start. */
  #markedAt = 0;
  readonly #deletedAddons: DeletedAddons;
  readonly #beside = new Beside(() => this.queue.add(key));
  readonly #drills: Drills;

  constructor({ random = () => 0.5, expandable = true }: WorldOptions = {}) {
    const rules = { steps: [], late: [], lag: 0, expandable };
    this.#state = emptyState(rules, { steps: 0, resyncs: 0, travels: 0 });
    const { clock } = this;
    const cluster = () => this.seen('cluster');
    this.#deletedAddons = new DeletedAddons({
      get: () => {
        const found = cluster();
        return found && projectCluster(found);
      },
    });
    this.#drills = new Drills(1, clock, (which) => this.queue.add(which));
    this.deps = {
      platform,
      clock,
      log: this.#log(),
      caches: this.#caches(),
      sees: () => true,
      sameApp: { others: () => [] },
      drills: {
        take: (which) => this.faults.noDrillPlace !== true && this.#drills.take(which),
        settle: (which) => this.#drills.settle(which),
      },
      otherOperators: { isGone: () => this.faults.isAlone === true },
      schema: { missing: [], ofStatus: undefined },
      heldAddons: { report: () => {}, forget: () => {} },
      repairs: new Repairs(clock),
      availability: () => ({
        addons: 'served',
        clusters: 'served',
        databaseRoles: 'served',
        objectStores: 'served',
        scheduledBackups: 'served',
        ...this.faults.availability,
      }),
      api: this.#clients(),
      login: async (url, question) => this.faults.login ?? this.#login(url, question),
      entropy: () => 'entropy of a test',
      resync: new Resync(clock, random),
      deletedAddons: this.#deletedAddons,
      mayWrite: () => this.faults.noLease !== true,
      announce: (_, before, after) => this.announced.push(`${before?.phase} -> ${after.phase}`),
    };
    this.queue = new WorkQueue({
      workers: 1,
      clock,
      backoff: new Backoff({ baseMilliseconds: 1000, maximumMilliseconds: 600_000, random }),
      handle: async (which, _, offWorker) => {
        this.#wrote = false;
        const at = clock.monotonic();
        try {
          const next = await reconcile(which, this.deps, offWorker);
          this.runs.push({ at, next, wrote: this.#wrote });
          return next;
        } catch (error) {
          this.runs.push({ at, next: 'error', wrote: this.#wrote });
          throw error;
        }
      },
      onSpin: () => {
        this.spins += 1;
      },
      onError: (_, error) => {
        if (!(error instanceof ApiError)) throw error;
      },
    });
    this.queue.start();
  }

  /** The object as the API server has it. */
  seen(slot: Slot): Stored | undefined {
    return live(this.#state, slot);
  }

  /** The kinds of what exists that the model does not have: of a restore drill, or a redaction. */
  beside(): readonly string[] {
    return this.#beside.kinds();
  }

  /** Somebody deletes what there is of such a kind. */
  lose(kind: string): void {
    this.#beside.lose(kind);
    this.#planSurroundings();
  }

  /** Whether an obstacle that exists, and that status reports, keeps the operator from doing more. */
  isStopped(): boolean {
    const addon = this.seen('addon');
    return addon !== undefined && isStopped(this.#state, addon);
  }

  /** A step of a user, if it applies. What is watched is reported at once. */
  user(label: UserStep): void {
    const change: (state: State) => State | undefined = userSteps[label];
    this.change((state) => change(state) ?? state);
  }

  /** A change by others. */
  change(how: (state: State) => State): void {
    const before = this.#synced();
    this.#state = how(before);
    this.#report(before, this.#state);
    this.#planSurroundings();
  }

  /** Reports the addon as a watch does when something about all addons changed. */
  trigger(): void {
    this.queue.add(key);
  }

  /** Moves time, and then waits until nothing runs. @throws Error if reconciles follow each other without time passing */
  async advance(milliseconds: number): Promise<void> {
    await this.clock.advance(milliseconds);
    for (let turns = 0; this.queue.depth > 0 || this.queue.inFlight > 0; turns += 1) {
      if (turns > 50) {
        await this.queue.stop(0);
        throw new Error('it is reconciled again and again, and time does not pass');
      }
      await settle();
    }
  }

  /** What happened in the last milliseconds. */
  lately(milliseconds: number): { readonly runs: readonly Run[]; readonly requests: readonly Request[] } {
    const since = this.clock.monotonic() - milliseconds;
    const isLate = ({ at }: { readonly at: number }): boolean => at > since;
    return { runs: this.runs.filter(isLate), requests: this.requests.filter(isLate) };
  }

  #synced(): State {
    return { ...this.#state, clock: Math.floor(this.clock.monotonic() / 1000) };
  }

  #report(before: State, after: State): void {
    const gone = live(before, 'addon');
    if (gone !== undefined && live(after, 'addon')?.metadata.uid !== gone.metadata.uid)
      this.#deletedAddons.add(projectAddon(gone));
    this.#noteDrill();
    if (watchedSlots.some((slot) => live(before, slot) !== live(after, slot))) this.queue.add(key);
  }

  #noteDrill(): void {
    const addon = this.seen('addon');
    if (addon !== undefined) this.#drills.note('there', projectAddon(addon));
  }

  #planSurroundings(): void {
    if (this.#surroundingsPlanned) return;
    this.#surroundingsPlanned = true;
    this.clock.after(reaction, () => {
      this.#surroundingsPlanned = false;
      const state = this.#synced();
      const living = slots.flatMap((slot) => live(state, slot)?.metadata.uid ?? []);
      if (this.#beside.step(living, this.faults)) this.#planSurroundings();
      const [step] = [
        ...collectorSteps(state),
        ...(this.faults.noCnpg === true ? [] : cnpgSteps(state)),
        ...namespaceSteps(state),
      ];
      if (step !== undefined) this.change(() => step.state);
    });
  }

  #login(url: string, question: Question = {}): LoginResult {
    const { assertions } = question;
    if (assertions !== undefined)
      return this.#beside.admits(passwordIn(url))
        ? { kind: 'ok', assertions: assertions.map(() => undefined) }
        : { kind: 'failed', why: 'refused', detail: '' };
    const cluster = this.seen('cluster');
    if (cluster === undefined || !stands(cluster)) return { kind: 'failed', why: 'refused', detail: '' };
    if (cluster.inside?.password !== passwordIn(url)) return { kind: 'failed', why: 'credentials', detail: '' };
    this.onLogin(question);
    return { kind: 'ok', ...answerTo(question, this.#state), ...this.#walAnswer(question) };
  }

  /** What is marked is archived five minutes later. */
  #walAnswer({ drill }: Question): LoginAnswer {
    const time = this.clock.now();
    const now = this.clock.monotonic();
    if (drill === 'mark') {
      this.#markedAt = now;
      return { mark: { lsn: '0/5000028', wal: walFile(5), time } };
    }
    if (drill !== 'archived') return {};
    return { archivedWal: walFile(now - this.#markedAt < 5 * minute ? 4 : 5) };
  }

  #ask(verb: Request['verb'], on: Request['on']): void {
    const at = this.clock.monotonic();
    const error = this.faults.answer?.({ verb, on });
    this.requests.push(error === undefined ? { at, verb, on } : { at, verb, on, error });
    if (error !== undefined) throw error;
  }

  #send(verb: Request['verb'], slot: Slot, write: (state: State) => Answer): Stored | undefined {
    this.#ask(verb, slot);
    const before = this.#synced();
    const answer = write(before);
    if (answer.kind === 'error') throw new ApiError(answer.error);
    this.#wrote = true;
    this.#state = answer.state;
    // Own writes are in the caches at once; only the end of the addon is news.
    const had = live(before, 'addon');
    if (had !== undefined && live(answer.state, 'addon') === undefined) this.#report(before, answer.state);
    this.#noteDrill();
    this.#planSurroundings();
    return answer.object;
  }

  #sendBeside<T>(verb: Request['verb'], resource: ReconciledResource, write: () => T): T {
    this.#ask(verb, resource);
    const answer = write();
    this.#wrote = true;
    this.#planSurroundings();
    return answer;
  }

  #log(): Log {
    const write =
      (level: string): Log['info'] =>
      (message) =>
        this.logged.push(`${level}: ${message}`);
    const log: Log = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: () => log,
    };
    return log;
  }

  #clients(): Clients {
    const refusals = new Refusals(this.clock);
    const clients = reconciledResources.map((name) => [name, believing(this.#client(name), name, refusals)]);
    return Object.fromEntries(clients) as unknown as Clients;
  }

  #client(resource: ReconciledResource): ResourceClient {
    const { kind } = resources[resource].gvr;
    const slotNamed = (name: string): Slot => {
      const slot = slotOf(kind, name);
      if (slot === undefined) throw new Error(`the model has no ${kind} ${name}`);
      return slot;
    };
    const written = (verb: Request['verb'], manifest: Manifest, write: (state: State) => Answer): KubeObject => {
      const object = this.#send(verb, slotNamed(manifest.metadata.name), write);
      if (object === undefined) throw new Error('nothing was written');
      return object;
    };
    const get = async (where: string | undefined, name: string): Promise<KubeObject | undefined> => {
      if (where !== (resources[resource].scope === 'namespaced' ? namespace : undefined))
        throw new Error(`the model has no ${kind} in namespace ${where}`);
      const slot = slotOf(kind, name);
      this.#ask('get', slot ?? resource);
      if (slot !== undefined) return this.seen(slot);
      if (name === authoritySecretName(nameOf.cluster)) return authorityOf(this.seen('cluster')) ?? undefined;
      if (this.#beside.has(kind, name)) return this.#beside.get(kind, name);
      const metadata = { name, namespace: '', uid: '', resourceVersion: '' };
      const { expandable } = this.#state.rules;
      return { apiVersion: 'v1', kind, metadata, allowVolumeExpansion: expandable } as KubeObject;
    };
    return {
      get,
      getBriefly: get,
      list: () => Promise.reject(new Error('no reconcile lists without a limit')),
      listFirst: async (_, __, keep, { labelSelector } = {}) => {
        this.#ask('list', resource);
        if (resource !== 'volumeClaims') throw failing(403, 'Forbidden', `${kind} is forbidden`);
        const isOfIt = labelSelector === `${clusterLabel}=${nameOf.cluster}`;
        const claims = !isOfIt || this.seen('cluster')?.inside?.ran === undefined ? [] : [`${nameOf.cluster}-1`];
        const items = claims.map((name): KubeObject => {
          const metadata = { name, namespace, uid: '', resourceVersion: '' };
          const { size } = (this.seen('cluster')?.spec?.storage ?? {}) as { readonly size?: string };
          const spec = { storageClassName: 'disk' };
          return { apiVersion: 'v1', kind, metadata, spec, status: { capacity: { storage: size } } } as KubeObject;
        });
        return { items: items.map(keep), complete: true };
      },
      create: async (manifest) =>
        this.#beside.has(kind, manifest.metadata.name)
          ? this.#sendBeside('create', resource, () => this.#beside.create(manifest))
          : written('create', manifest, (state) => create(state, manifest)),
      apply: async (manifest) => written('apply', manifest, (state) => apply(state, manifest)),
      merge: async (manifest) =>
        resource === 'addons'
          ? written('finalizers', manifest, (state) => setFinalizers(state, manifest))
          : written('apply', manifest, (state) => merge(state, manifest)),
      replaceStatus: async (manifest) => {
        const status = manifest.status as Readonly<Record<string, unknown>>;
        return written('status', manifest, (state) => replaceStatus(state, manifest.metadata, status));
      },
      delete: async (where, name, preconditions) => {
        if (where !== namespace) throw new Error(`the model has no namespace ${where}`);
        if (this.#beside.has(kind, name))
          return this.#sendBeside('delete', resource, () => this.#beside.delete(kind, name, preconditions));
        const slot = slotNamed(name);
        this.#send('delete', slot, (state) => remove(state, slot, preconditions));
      },
    };
  }

  /** Caches that are always up to date. */
  #caches(): WatchedCaches {
    const cached = (resource: WatchedResource): Cache<KubeObject> => ({
      get: (_, name) => {
        const { kind } = resources[resource].gvr;
        const slot = slotOf(kind, name);
        const object = this.#beside.has(kind, name) ? this.#beside.get(kind, name) : slot && this.seen(slot);
        return object && resources[resource].project(object);
      },
      inNamespace: () => [],
      record: () => {},
      // Of the model's objects, the caches are always up to date.
      forget: (_, name) => this.#beside.forget(resources[resource].gvr.kind, name),
    });
    return Object.fromEntries(watchedResources.map((name) => [name, cached(name)])) as unknown as WatchedCaches;
  }
}

function walFile(number: number): string {
  return `00000001000000000000000${number}`;
}

/** A refusal or failure by the API server. */
export function failing(code: number, reason: string, message = '', retryAfterSeconds?: number): ApiError {
  return new ApiError({ code, reason, message, retryAfterSeconds });
}

/** Whether a request is a write of a child. */
export function isWriteOf({ verb, on }: Omit<Request, 'at' | 'error'>, ...slots: readonly Slot[]): boolean {
  const isWrite = verb === 'create' || verb === 'apply' || verb === 'delete';
  return isWrite && (slots.length === 0 ? roles : slots).includes(on as never);
}

/** Whether a request is a write of what the model does not have. */
export function isWriteBeside({ verb, on }: Omit<Request, 'at' | 'error'>): boolean {
  return (verb === 'create' || verb === 'delete') && (on === 'clusters' || on === 'objectStores' || on === 'jobs');
}
