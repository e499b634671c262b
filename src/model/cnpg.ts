// Models CloudNativePG, one reaction at a time: credentials, first start, restarts, failover. What it reports can be older than the
// spec, but never describes a spec that it has not read.

import { projectCluster } from '../api/cnpg.ts';
import type { Answer, Question } from '../api/login.ts';
import { millisecondsOf } from '../api/time.ts';
import { serverNameOf } from '../domain/backup/archive.ts';
import { authorityVersion } from './authority.ts';
import { dataOf, type Fields, nameOf, namespace, type Stored, textOf } from './objects.ts';
import { afterLoss, afterRole, answersTo } from './roles.ts';
import { edit, place } from './server.ts';
import { live, numbered, type State, timeOf } from './state.ts';
import type { Step } from './step.ts';
import { higherOf, majorOf, versionIn } from './versions.ts';

const healthy = 'Cluster in healthy state';

/** What CNPG does next with its Cluster, if anything. */
export function cnpgSteps(state: State): readonly Step[] {
  const cluster = live(state, 'cluster');
  const lost = cluster === undefined ? afterLoss(state) : undefined;
  if (lost !== undefined) return [step('reports a role to be gone', lost)];
  // A foreign Cluster without the operator's spec is not modelled.
  if (
    cluster === undefined ||
    cluster.metadata.deletionTimestamp !== undefined ||
    cluster.spec?.instances === undefined
  )
    return [];
  const source = live(state, 'source');
  if (source === undefined && state.ending) return [];
  if (source === undefined) return [step('makes the credentials', makeCredentials(state, cluster))];
  if (source.metadata.ownerReferences?.[0]?.uid !== cluster.metadata.uid) return [];
  if (statusOf(cluster).secretVersion !== source.metadata.resourceVersion)
    return [
      step(
        'takes the credentials',
        change(state, (now) => takeCredentials(now, source)),
      ),
    ];
  const { ran, becoming } = cluster.inside ?? {};
  const asked = runningPart(cluster);
  if (becoming !== undefined && becoming !== asked) return [step('restarts further', change(state, begin))];
  if (becoming !== undefined || ran === undefined) return [step('is healthy', change(state, finish))];
  if (statusOf(cluster).phase !== healthy) return [step('has recovered', change(state, finish))];
  if (ran !== asked) return [step('begins to restart', change(state, begin))];
  const role = afterRole(state, cluster);
  return [...(role === undefined ? [] : [step('makes a role', role)]), ...backupSteps(state, cluster)];
}

/** A Backup needs its plugin in the instances, and the ObjectStore. */
function backupSteps(state: State, cluster: Stored): readonly Step[] {
  const backup = live(state, 'backup');
  const store = live(state, 'objectStore');
  const serverName = serverNameOf(projectCluster(cluster));
  const isOpen =
    backup?.status?.phase === undefined && backup?.metadata.ownerReferences?.[0]?.uid === cluster.metadata.uid;
  if (store === undefined || serverName === undefined) return [];
  // The container on the primary reports what the store contains.
  const isUnreported =
    backup?.status?.phase === 'completed' && backup.metadata.name.startsWith(serverName) && store.status === undefined;
  if (!isOpen && !isUnreported) return [];
  const windows = store.status?.serverRecoveryWindow as Fields | undefined;
  const at = (backup?.status?.stoppedAt as string | undefined) ?? timeOf(state);
  const window = { firstRecoverabilityPoint: at, lastSuccessfulBackupTime: at };
  const noted = edit(state, 'objectStore', (object) => ({
    ...object,
    status: { serverRecoveryWindow: { ...windows, [serverName]: window } },
  }));
  if (noted.kind !== 'done') return [];
  const ended = edit(noted.state, 'backup', (object) => ({
    ...object,
    status: { phase: 'completed', stoppedAt: at },
  }));
  return ended.kind === 'done' ? [step('completes the backup', ended.state)] : [];
}

/** An instance fails: another one takes over, or the only one restarts. Undefined if none is running. */
export function failOver(state: State): State | undefined {
  const cluster = live(state, 'cluster');
  if (cluster === undefined || statusOf(cluster).phase !== healthy || cluster.metadata.deletionTimestamp !== undefined)
    return undefined;
  const { primary, instances } = statusOf(cluster);
  const other = primary === instanceName(1) ? instanceName(2) : instanceName(1);
  return change(state, (now) =>
    report(now, state, {
      phase: 'Failing over',
      ready: false,
      readyInstances: instances - 1,
      targetPrimary: instances > 1 ? other : primary,
    }),
  );
}

/** A user writes a new password into CNPG's Secret. Undefined if there is no Secret. */
export function rotatePassword(state: State): State | undefined {
  const source = live(state, 'source');
  const owner = source?.metadata.ownerReferences?.[0]?.uid;
  if (source === undefined || owner === undefined) return undefined;
  const [number, next] = numbered(state);
  const data = dataOf({ password: `pw-${number}.${owner}` });
  const answer = edit(next, 'source', (secret) => ({ ...secret, data: { ...secret.data, ...data } }));
  return answer.kind === 'done' ? answer.state : undefined;
}

/** The fields whose change restarts instances. */
export function runningPart(cluster: Stored): string {
  const { instances, imageName, resources, postgresql } = cluster.spec ?? {};
  const archives = serverNameOf(projectCluster(cluster)) !== undefined;
  return JSON.stringify([instances, imageName, resources, (postgresql as Fields | undefined)?.parameters, archives]);
}

/** The image that the instances were last started with; undefined before the first start. */
export function imageThatRan({ inside }: Stored): string | undefined {
  return inside?.ran === undefined ? undefined : JSON.parse(inside.ran)[1];
}

/** What the operator writes into every Cluster, and the model into a foreign one. */
interface WithDatabase {
  readonly bootstrap: { readonly [method: string]: { readonly database: string; readonly owner: string } };
}

interface Report {
  readonly phase: string;
  readonly ready: boolean;
  readonly readyInstances: number;
  readonly primary?: string;
  readonly targetPrimary?: string;
}

function begin(cluster: Stored, state: State): Stored {
  const { instances, primary } = statusOf(cluster);
  const report_ = { phase: 'Upgrading cluster', ready: false, readyInstances: instances - 1, primary };
  return { ...report(cluster, state, report_), inside: { ...cluster.inside, becoming: runningPart(cluster) } };
}

function finish(cluster: Stored, state: State): Stored {
  const instances = Number(cluster.spec?.instances);
  const target = (cluster.status?.targetPrimary as string | undefined) ?? instanceName(1);
  // When scaling to one instance, the first one stays.
  const primary = instances === 1 ? instanceName(1) : target;
  const { becoming: _, ...inside } = cluster.inside ?? {};
  const version = versionIn(cluster) ?? '';
  const up = { phase: healthy, ready: true, readyInstances: instances, primary, targetPrimary: primary };
  return {
    ...withDataOf(version, report(cluster, state, up)),
    inside: { ...inside, ran: runningPart(cluster), highest: higherOf(inside.highest, version) },
  };
}

function report(
  cluster: Stored,
  state: State,
  { phase, ready, readyInstances, primary, targetPrimary }: Report,
): Stored {
  const status = ready ? 'True' : 'False';
  const before = conditionOf(cluster);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : timeOf(state);
  return {
    ...cluster,
    status: {
      ...cluster.status,
      phase,
      readyInstances,
      ...(primary !== undefined && { currentPrimary: primary }),
      ...(targetPrimary !== undefined && { targetPrimary }),
      conditions: [{ type: 'Ready', status, lastTransitionTime }],
    },
  };
}

function makeCredentials(state: State, cluster: Stored): State {
  const [number, next] = numbered(state);
  const { apiVersion, kind, metadata } = cluster;
  const { bootstrap } = cluster.spec as unknown as WithDatabase;
  const { database = 'app', owner: username = 'app' } = Object.values(bootstrap)[0] ?? {};
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
  return place(next, 'source', {
    type: 'kubernetes.io/basic-auth',
    metadata: {
      name: nameOf.source,
      namespace,
      uid: `uid-${number}`,
      resourceVersion: '',
      ownerReferences: [owner],
    },
    data: dataOf({ username, password: `pw-${number}.${metadata.uid}`, dbname: database }),
  });
}

/** The major version of the files. CNPG reports it before the first start, and changes it once pg_upgrade has succeeded. */
function withDataOf(version: string, cluster: Stored): Stored {
  const pgDataImageInfo = { majorVersion: Number(majorOf(version)) };
  return { ...cluster, status: { ...cluster.status, pgDataImageInfo } };
}

function takeCredentials(cluster: Stored, source: Stored): Stored {
  const password = textOf(source, 'password') ?? '';
  const began = cluster.status === undefined ? withDataOf(versionIn(cluster) ?? '', cluster) : cluster;
  return {
    ...cluster,
    status: {
      ...(cluster.status === undefined ? { phase: 'Setting up primary' } : {}),
      ...began.status,
      secretsResourceVersion: {
        applicationSecretVersion: source.metadata.resourceVersion,
        serverCaSecretVersion: authorityVersion(cluster.metadata.uid),
      },
    },
    inside: { ...cluster.inside, password },
  };
}

/** What CNPG last reported about a Cluster. */
export function statusOf(cluster: Stored): {
  readonly phase: unknown;
  readonly primary: string;
  readonly instances: number;
  readonly secretVersion: unknown;
} {
  const { phase, currentPrimary, secretsResourceVersion } = cluster.status ?? {};
  const secretVersion = (secretsResourceVersion as Fields | undefined)?.applicationSecretVersion;
  const instances = Number(cluster.status?.readyInstances ?? 1);
  return { phase, primary: String(currentPrimary ?? ''), instances, secretVersion };
}

/** Whether the instances are up and run the current spec. */
export function runsAsAsked(cluster: Stored): boolean {
  return cluster.inside?.ran === runningPart(cluster) && cluster.inside.becoming === undefined && stands(cluster);
}

/** Whether a login can reach an instance. */
export function stands(cluster: Stored): boolean {
  return statusOf(cluster).phase === healthy;
}

function conditionOf(cluster: Stored): { readonly status: string; readonly lastTransitionTime: string } | undefined {
  return (
    cluster.status?.conditions as
      | readonly { readonly status: string; readonly lastTransitionTime: string }[]
      | undefined
  )?.[0];
}

/** When the Cluster last became ready or not ready. It changes with every restart and failover. */
export function readySince(cluster: Stored): string | undefined {
  return conditionOf(cluster)?.lastTransitionTime;
}

function instanceName(number: number): string {
  return `${nameOf.cluster}-${number}`;
}

function change(state: State, how: (cluster: Stored, state: State) => Stored): State {
  const answer = edit(state, 'cluster', (cluster) => how(cluster, state));
  return answer.kind === 'done' ? answer.state : state;
}

function step(label: string, state: State): Step {
  return { actor: 'CNPG', label, state };
}

/** What the database answers at a login: nothing is written to it, so that its base backup was the last that was archived. */
export function answerTo({ archiver, otherRoles, roles }: Question, state: State): Answer {
  const { stoppedAt } = (live(state, 'backup')?.status ?? {}) as { readonly stoppedAt?: string };
  const archivedAt = millisecondsOf(stoppedAt);
  return {
    ...(archiver !== undefined && archivedAt !== undefined && { archiver: { archivedAt, waiting: 0 } }),
    ...(otherRoles && { otherRoles: ['report'] }),
    ...(roles && { roles: answersTo(roles, state, live(state, 'cluster')) }),
  };
}
