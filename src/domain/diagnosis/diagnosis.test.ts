// The causes of recorded situations of CNPG 1.30 on Kubernetes 1.36 (recorded/): the correct one, always with the same message, and none
// that is resolved or belongs to another Cluster.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { projectCluster } from '../../api/cnpg.ts';
import { type Reason, reasons } from '../../api/conditions.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type Facts, projectClaim, projectPod, projectWarning } from '../../api/workload.ts';
import { givenUpRestore } from '../restore/failure.ts';
import { blindSpots, findCause } from './diagnosis.ts';

type Json = Record<string, unknown>;

interface Recorded {
  readonly cluster: KubeObject;
  readonly pods: readonly KubeObject[];
  readonly claims: readonly KubeObject[];
  readonly warnings: readonly (KubeObject & { readonly message: string })[];
}

const folder = join(import.meta.dirname, 'recorded');
const names = readdirSync(folder).map((file) => file.replace('.json', ''));
const read = (name: string): Recorded => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));

function factsOf({ pods, claims, warnings }: Omit<Recorded, 'cluster'>): Facts {
  return {
    pods: pods.map(projectPod),
    claims: claims.map(projectClaim),
    warnings: warnings.map(projectWarning),
    changedAt: '2026-01-01T00:00:00Z',
    unseen: [],
    failed: [],
  };
}

/** A minute after the Cluster was last written. */
const now = Date.parse('2026-01-01T00:01:00Z');
const causeOf = (recorded: Recorded) => findCause(factsOf(recorded), projectCluster(recorded.cluster), now);

/** A recorded situation with other values at some paths: `pods.0.status.phase`. */
function changed(name: string, values: Readonly<Json>): Recorded {
  const recorded = read(name);
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    (valueAt(recorded, keys.join('.')) as Json)[last] = value;
  }
  return recorded;
}

function valueAt(root: unknown, path: string): unknown {
  return path.split('.').reduce((node, key) => {
    if (typeof node !== 'object' || node === null || !(key in node)) throw new Error(`nothing at ${path}`);
    return (node as Json)[key];
  }, root);
}

const table: readonly (readonly [string, Reason | undefined, readonly (string | RegExp)[]])[] = [
  [
    'image-failing',
    'ImagePullFailed',
    ['"ghcr.io/cloudnative-pg/postgresql:17.99"', 'i/o timeout', 'spec.version', /delete Job db-\S+-1-initdb,/],
  ],
  ['image-waiting', 'ImagePullFailed', ['"ghcr.io/cloudnative-pg/postgresql:17.99"', 'i/o timeout', 'spec.version']],
  ['image-invalid', 'ImagePullFailed', ['invalid reference format', 'image pattern']],
  ['class-missing', 'StorageClassMissing', ['StorageClass "nosuch"', 'claim db-sc-1', 'create it']],
  ['class-default-missing', 'StorageClassMissing', ['claim db-noclass-1', 'is-default-class']],
  ['provisioner-absent', 'VolumePending', ['db-provis-1', '"absent-provisioner"', 'kubectl describe pvc -n provis']],
  ['volumes-lacking', 'VolumePending', ['db-wffc-1', '"nobody-waits"']],
  ['claims-over-quota', 'VolumePending', ['claim db-quotapvc-1', 'requests.storage']],
  ['replica-claim-over-quota', 'VolumePending', ['claim db-scale-2', 'ResourceQuota']],
  [
    'memory-lacking',
    'Unschedulable',
    ['Job db-mem-1-initdb', '(Insufficient memory)', 'smaller plan and then delete Job db-mem-1-initdb'],
  ],
  ['anti-affinity', 'Unschedulable', ["(node(s) didn't match pod anti-affinity rules)", 'taints, labels']],
  ['pods-over-quota', 'QuotaExceeded', ['exceeded quota: small', 'limited: pods=0', 'raise the quota']],
  ['limit-range', 'PodsRefused', ['maximum memory usage per Container is 100Mi, but limit is 256Mi']],
  ['instance-over-quota', 'PodsRefused', ['Cluster db-podquota', 'log of its operator', 'ResourceQuota']],
  ['job-failing', 'CrashLooping', ['exit code 1', 'kubectl logs -n crash job/db-crash-1-initdb -c initdb']],
  ['crash-looping', 'CrashLooping', ['kubectl logs -n badparam db-badparam-1 -c postgres --previous']],
  ['out-of-memory', 'OutOfMemory', ['pod db-full-1', '256Mi', 'plan with more memory and then delete pod db-full-1']],
  ['disk-full', 'DiskFull', ['pod db-full-1', 'expand']],
  ['mount-failing', 'MountFailed', ['"node-1"', '/no/such/directory is not a directory', 'create what is missing']],
  [
    'attach-failing',
    'MountFailed',
    ['Job db-attach-1-initdb', 'external-attacher of no.such.driver', 'storage driver'],
  ],
  ['node-silent', 'NodeUnavailable', ['node "node-1"', 'pod db-big-1']],
  ['node-drained', 'NodeUnavailable', ['node "node-1"', 'pod db-big-1']],
  ['cnpg-down', 'CNPGNotResponding', ['Cluster db-anti', 'Deployment']],
  // A resolved cause leaves its events and terminated containers behind.
  ['class-resolved', undefined, []],
  ['disk-recovered', undefined, []],
];

describe('a recorded situation', () => {
  it.each(table)('%s: %s', (name, reason, words) => {
    const cause = causeOf(read(name));
    expect(cause?.reason).toBe(reason);
    for (const word of words) expect(cause?.message).toMatch(word);
  });

  it('is in the table, and explained by a message that does not change', () => {
    expect([...names].sort()).toEqual(table.map(([name]) => name).sort());
    for (const name of names) {
      const { message = '' } = causeOf(read(name)) ?? {};
      expect(message.length).toBeLessThan(600);
      // The random end of a generated name, a count of nodes, a port of one connection, a time.
      expect(message).not.toMatch(/(initdb|join)-[a-z0-9]{5}\b|\d\/\d nodes|:\d{5}->|\d\d:\d\d:\d\d|combined from/);
    }
  });

  it('has a reason with a warning, after which the operator continues automatically', () => {
    const found = new Set(table.flatMap(([, reason]) => (reason === undefined ? [] : [reason])));
    expect(found.size).toBeGreaterThan(5);
    for (const reason of found) {
      if (reason === 'QuotaExceeded' || reason === 'DiskFull') continue;
      expect(reasons[reason]).toMatchObject({ state: 'progressing', warning: true });
    }
  });

  it.each(table)('%s does not depend on the order of the lists', (name) => {
    const recorded = read(name);
    const { pods, claims, warnings } = recorded;
    const turned = { pods: pods.toReversed(), claims: claims.toReversed(), warnings: warnings.toReversed() };
    expect(causeOf({ ...recorded, ...turned })).toEqual(causeOf(recorded));
  });
});

describe('an upgrade that fails', () => {
  const job = {
    'pods.0.metadata.ownerReferences.0.name': 'db-crash-1-major-upgrade',
    'pods.0.status.containerStatuses.0.name': 'major-upgrade',
  };
  const first = (values: Readonly<Json>) => {
    const recorded = changed('job-failing', { ...job, ...values });
    return { ...recorded, pods: recorded.pods.slice(0, 1) };
  };

  it('is reported after its only attempt, with the log and both remedies', () => {
    const cause = causeOf(first({}));
    expect(cause?.reason).toBe('UpgradeFailed');
    for (const word of [
      'job/db-crash-1-major-upgrade -c major-upgrade',
      'delete Job',
      'set spec.version to the previous version to start the database again',
      'remove the cause before the next attempt',
    ])
      expect(cause?.message).toContain(word);
  });

  it('is not reported while it runs, nor for another Job', () => {
    expect(causeOf(first({ 'pods.0.status.phase': 'Running' }))?.reason).not.toBe('UpgradeFailed');
    // The node was shut down before a container began.
    expect(causeOf(first({ 'pods.0.status': { phase: 'Failed' } }))).toBeUndefined();
    expect(causeOf(read('job-failing'))?.reason).toBe('CrashLooping');
  });
});

describe('a restore that fails', () => {
  const job = 'db-crash-1-full-recovery';
  const bootstrap = { recovery: { source: 'origin', recoveryTarget: { targetTime: '2026-01-01T00:00:00Z' } } };
  const failing = changed('job-failing', {
    ...Object.fromEntries([0, 1].map((pod) => [`pods.${pod}.metadata.ownerReferences.0.name`, job])),
    ...Object.fromEntries([0, 1].map((pod) => [`pods.${pod}.status.containerStatuses.0.name`, 'full-recovery'])),
    'cluster.spec.bootstrap': bootstrap,
    'cluster.status.phaseReason': `Instance creation failed for the following jobs: ${job}. Check the job logs.`,
  });

  const unlogged =
    'kubectl logs -n crash -l cnpg.io/cluster=db-crash --all-containers --prefix --ignore-errors --tail=-1';
  const byJob = `kubectl logs -n crash job/${job} -c full-recovery`;

  it.each([
    ['by a Job', failing, byJob],
    ['without Jobs', withoutJobs(failing), 'kubectl logs -n crash db-crash-1 -c full-recovery --previous'],
  ])('%s is reported with its log, and with what PostgreSQL says of a time that it does not reach', (_, scene, log) => {
    const cause = causeOf(scene);
    expect(cause?.reason).toBe('RestoreFailed');
    for (const word of [
      `for the cause, see ${log}.`,
      'recovery ended before configured recovery target was reached',
      'from 2026-01-01T00:00:00Z on',
    ])
      expect(cause?.message).toContain(word);
    const newest = causeOf(withCluster(scene, { spec: { bootstrap: { recovery: {} } } }));
    expect(newest?.reason).toBe('RestoreFailed');
    expect(newest?.message).not.toContain('target');
  });

  it('is reported once CNPG gives up: in the same words, if it names a Job', () => {
    const givenUp = (scene: Recorded) => givenUpRestore(projectCluster(scene.cluster));
    expect(givenUp(failing)).toEqual(causeOf(failing));
    expect(givenUp(read('job-failing'))).toBeUndefined();
    for (const phaseReason of [`jobs: ${job}s`, 'instance db-crash-1 cannot be bootstrapped', '']) {
      const { phase } = projectCluster(failing.cluster).status;
      const status = { phase, phaseReason };
      const unnamed = givenUp(withCluster(failing, { status }));
      expect(unnamed).toEqual({
        reason: 'RestoreFailed',
        message: causeOf(failing)?.message.replace(byJob, unlogged),
      });
      // There has been a primary, and so a restore that succeeded.
      expect(givenUp(withCluster(failing, { status: { ...status, currentPrimary: 'db-crash-1' } }))).toBeUndefined();
      expect(givenUp(withCluster(failing, { status, spec: { bootstrap: { initdb: {} } } }))).toBeUndefined();
      expect(givenUp(withCluster(failing, { status: { phase: 'Setting up primary', phaseReason } }))).toBeUndefined();
    }
    const early = { phase: 'Setting up primary', phaseReason: job };
    expect(givenUp(withCluster(failing, { status: early }))).toBeUndefined();
  });

  it.each([
    ['of a Cluster that begins empty', { spec: { bootstrap: { initdb: {} } } }],
    ['of a later instance', { status: { phase: 'Creating a new replica', currentPrimary: 'db-crash-2' } }],
  ])('without Jobs is not the preparation of a disk %s', (_, parts) => {
    const cause = causeOf(withCluster(withoutJobs(failing), parts));
    expect([cause?.reason, cause?.message]).toEqual(['CrashLooping', expect.stringContaining('pod db-crash-1')]);
  });

  it.each(['bootstrap-controller', 'plugin-barman-cloud'])('without Jobs is no failure of container %s', (name) => {
    const { pods, ...rest } = withoutJobs(failing);
    const [pod] = pods as unknown as readonly RawPod[];
    const failed = pod?.status?.initContainerStatuses?.at(-1);
    const status = { ...pod?.status, initContainerStatuses: [{ ...failed, name }] };
    const cause = causeOf({ ...rest, pods: [{ ...pod, status }] as unknown as Recorded['pods'] });
    expect([cause?.reason, cause?.message]).toEqual(['CrashLooping', expect.stringContaining(`container ${name}`)]);
  });

  it('without Jobs is over when PostgreSQL has begun', () => {
    const started = withoutJobs(failing);
    const [pod] = started.pods as unknown as readonly RawPod[];
    const crashed = { exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' };
    const postgres = { name: 'postgres', restartCount: 3, lastState: { terminated: crashed } };
    const waiting = { ...postgres, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    const status = { ...pod?.status, initContainerStatuses: [], containerStatuses: [waiting] };
    const cause = causeOf({ ...started, pods: [{ ...pod, status }] as unknown as Recorded['pods'] });
    expect([cause?.reason, cause?.message]).toEqual(['CrashLooping', expect.stringContaining('container postgres')]);
  });
});

/** The situation with other parts of its Cluster. */
function withCluster(recorded: Recorded, parts: { readonly spec?: object; readonly status?: object }): Recorded {
  return { ...recorded, cluster: { ...recorded.cluster, ...parts } };
}

/** Of the only container of the first pod. */
const container = 'pods.0.status.containerStatuses.0';

describe('a container', () => {
  const waits = (reason: string, message?: string) =>
    changed('crash-looping', {
      [`${container}.state`]: { waiting: { reason, message } },
      [`${container}.lastState`]: {},
    });

  it.each([
    'ErrImagePull',
    'ImagePullBackOff',
    'InvalidImageName',
    'ErrImageNeverPull',
    'ImageInspectError',
    'RegistryUnavailable',
  ])('without its image is reported, also with %s alone', (reason) => {
    const { message } = causeOf(waits(reason)) ?? {};
    expect(message).toMatch(/^image "ghcr\.io\/cloudnative-pg\/postgresql:17" cannot be pulled; correct spec\.version/);
  });

  it.each(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'])(
    'that the node cannot start is reported with the words of the node: %s',
    (reason) => {
      const words = 'secret "db-badparam-app" not found';
      expect(causeOf(waits(reason, words))).toEqual({
        reason: 'ContainerNotStarted',
        message: `the node cannot start container postgres of pod db-badparam-1 (${words}); follow the node's message`,
      });
    },
  );

  it('of the first instance is reported, in whatever order they are listed', () => {
    const { pods, ...others } = waits('RunContainerError');
    const second = JSON.parse(JSON.stringify(pods).replaceAll('db-badparam-1', 'db-badparam-2'));
    for (const listed of [
      [...pods, ...second],
      [...second, ...pods],
    ])
      expect(causeOf({ ...others, pods: listed })?.message).toContain('container postgres of pod db-badparam-1');
  });

  it('crashes again and again from the second restart on, each after less than 10 min', () => {
    const afterRestarts = (restartCount: number, finishedAt: string) =>
      causeOf(
        changed('crash-looping', {
          [`${container}.state`]: { running: {} },
          [`${container}.restartCount`]: restartCount,
          [`${container}.lastState.terminated`]: { exitCode: 1, startedAt: '2026-11-21T12:00:00Z', finishedAt },
        }),
      );
    expect(afterRestarts(2, '2026-11-21T12:09:59Z')?.reason).toBe('CrashLooping');
    expect(afterRestarts(1, '2026-11-21T12:09:59Z')).toBeUndefined();
    expect(afterRestarts(2, '2026-11-21T12:10:00Z')).toBeUndefined();
  });

  it('is described without a limit or an exit code that is not known', () => {
    const unlimited = causeOf(changed('out-of-memory', { 'cluster.spec.resources': {} }));
    expect(unlimited?.message).toContain('needs more than its memory limit; choose');
    const codeless = causeOf(changed('crash-looping', { [`${container}.lastState.terminated.exitCode`]: undefined }));
    expect(codeless?.message).toContain('repeatedly exits; for the cause');
  });
});

describe('the node of a pod', () => {
  it.each<readonly [string, Json]>([
    ['it is lost', { reason: 'NodeLost' }],
    ['its pods are evicted', { conditions: [{ type: 'DisruptionTarget', reason: 'DeletionByTaintManager' }] }],
  ])('does not respond if %s', (_, status) => {
    expect(causeOf(changed('crash-looping', { 'pods.0.status': status }))?.message).toContain('does not respond');
  });

  it('evicted it, and said which resource it lacks', () => {
    const message = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 96Mi.';
    const status = { phase: 'Failed', reason: 'Evicted', message };
    expect(causeOf(changed('crash-looping', { 'pods.0.status': status }))).toEqual({
      reason: 'NodeUnavailable',
      message:
        'node "node-1" evicted pod db-badparam-1 (The node was low on resource: memory); free up the resource it ran out of, or add a node',
    });
    const ended = { phase: 'Failed', reason: 'NodeShutdown' };
    expect(causeOf(changed('crash-looping', { 'pods.0.status': ended }))).toBeUndefined();
  });

  it('cannot mount a volume, which an event about this volume explains better than a newer list', () => {
    const recorded = read('mount-failing');
    const lists = recorded.warnings.map((warning) => ({
      ...warning,
      message: 'Unable to attach or mount volumes: unmounted volumes=[pgdata]',
      lastTimestamp: '2026-11-21T13:00:00Z',
    }));
    expect(causeOf({ ...recorded, warnings: [...recorded.warnings, ...lists] })).toEqual(causeOf(recorded));
    expect(causeOf({ ...recorded, warnings: lists })?.message).toContain('(Unable to attach');
  });
});

describe('a volume', () => {
  it('that cannot be provisioned is reported with the words of the provisioner', () => {
    const message = 'rpc error: code = ResourceExhausted desc = no space left in pool "a"';
    expect(causeOf(changed('class-missing', { 'warnings.2.message': message }))).toEqual({
      reason: 'VolumePending',
      message:
        'no volume can be provisioned for claim db-sc-1 of StorageClass "nosuch" (no space left in pool "a"); check its provisioner',
    });
  });

  it('that one pod waits for is reported, whatever the others do', () => {
    const recorded = read('volumes-lacking');
    const other = changed('volumes-lacking', {
      'pods.0.metadata.name': 'db-wffc-2-join-aaaaa',
      'pods.0.status': { phase: 'Running' },
    });
    expect(causeOf({ ...recorded, pods: [...recorded.pods, ...other.pods] })).toEqual(causeOf(recorded));
  });
});

describe('the message stays the same', () => {
  it('while kubelet tries to pull an image and while it waits', () => {
    const failing = causeOf(read('image-failing'));
    expect(causeOf(read('image-waiting'))).toEqual(failing);
    // During the back-off, an older kubelet shows the cause only in the event.
    const brief = changed('image-waiting', { [`${container}.state.waiting.message`]: 'Back-off pulling image "x"' });
    expect(causeOf(brief)).toEqual(failing);
  });

  it('while a container is between two crashes and while it runs for a moment', () => {
    const recorded = read('crash-looping');
    const running = { running: { startedAt: '2026-11-21T12:37:00Z' } };
    const ended = valueAt(recorded, `${container}.lastState`);
    for (const state of [running, ended]) {
      const later = changed('crash-looping', { [`${container}.state`]: state, [`${container}.restartCount`]: 9 });
      expect(causeOf(later)).toEqual(causeOf(recorded));
    }
  });

  it('while a Job creates another pod', () => {
    const recorded = read('job-failing');
    const next = changed('job-failing', {
      'pods.0.metadata.name': 'db-crash-1-initdb-zzzzz',
      'pods.0.metadata.uid': 'next',
      'pods.0.status': { phase: 'Running' },
    });
    const again = { ...recorded, pods: [...recorded.pods, ...next.pods.slice(0, 1)] };
    expect(causeOf(again)).toEqual(causeOf(recorded));
  });

  it('while the use of the quota and the number of nodes change', () => {
    const quota = read('pods-over-quota');
    const warnings = quota.warnings.map((warning) => ({
      ...warning,
      message: warning.message.replace('used: pods=0', 'used: pods=7'),
    }));
    expect(causeOf({ ...quota, warnings })).toEqual(causeOf(quota));
    const message =
      '0/7 nodes are available: 7 Insufficient memory. preemption: 0/7 nodes are available: 7 No preemption victims found.';
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    const more = changed('memory-lacking', { 'pods.0.status.conditions': conditions });
    expect(causeOf(more)).toEqual(causeOf(read('memory-lacking')));
  });
});

describe('a resolved problem is not a cause', () => {
  const later = '2026-11-21T13:00:00Z';
  const anInstance = (name: string, uid: string): Json => ({
    metadata: {
      name,
      uid: `uid-${name}`,
      creationTimestamp: later,
      ownerReferences: [{ kind: 'Cluster', name: 'any', uid, controller: true }],
    },
    spec: { nodeName: 'node-1' },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
        { type: 'PodReadyToStartContainers', status: 'True' },
      ],
      containerStatuses: [{ name: 'postgres', ready: false, restartCount: 0, state: { running: {} } }],
    },
  });

  it('a refused pod, once the instance has one', () => {
    const { uid } = read('pods-over-quota').cluster.metadata;
    expect(causeOf(changed('pods-over-quota', { 'pods.0': anInstance('db-quota-1', uid) }))).toBeUndefined();
  });

  it('a refused pod of a deleted Cluster with the same name', () => {
    const now = causeOf(changed('pods-over-quota', { 'claims.0.metadata.creationTimestamp': later }));
    expect(now?.reason).toBe('PodsRefused');
    expect(now?.message).not.toContain('quota: small');
  });

  it('a StorageClass that was missing, once the claim is bound or about to be', () => {
    const bound = changed('class-missing', { 'claims.0.status.phase': 'Bound', 'pods.0.status.conditions': [] });
    expect(causeOf(bound)).toBeUndefined();
    const binding = changed('class-missing', { 'claims.0.spec.volumeName': 'pv-1' });
    expect(causeOf(binding)).toBeUndefined();
  });

  it('a StorageClass that was missing, once the claim has another', () => {
    const retried = changed('class-missing', { 'claims.0.spec.storageClassName': 'standard' });
    expect(causeOf(retried)?.reason).not.toBe('StorageClassMissing');
  });

  it('a claim that was missing, once it exists', () => {
    const made = changed('replica-claim-over-quota', { 'claims.0.metadata.name': 'db-scale-2' });
    expect(causeOf(made)).toBeUndefined();
  });

  it('a claim that waits for its pod because of its StorageClass', () => {
    const early = changed('volumes-lacking', { 'pods.0.status.conditions': [] });
    expect(causeOf(early)).toBeUndefined();
  });

  it('an event with a newer one', () => {
    const message = 'Error creating: pods "db-quota-1-initdb-aaaaa" is forbidden: violates PodSecurity';
    const newer = { 'warnings.0.message': message, 'warnings.0.lastTimestamp': later };
    expect(causeOf(changed('pods-over-quota', newer))?.message).toContain('violates PodSecurity');
    const older = { 'warnings.0.message': message, 'warnings.0.lastTimestamp': '2026-11-21T12:22:53Z' };
    expect(causeOf(changed('pods-over-quota', older))?.message).toContain('quota: small');
    // Of the same second, in any order.
    const same = changed('pods-over-quota', { ...newer, 'warnings.1.lastTimestamp': later });
    expect(causeOf({ ...same, warnings: same.warnings.toReversed() })).toEqual(causeOf(same));
    // The claim is created in the second of the first refusal.
    const now = { 'warnings.1.lastTimestamp': later, 'claims.0.metadata.creationTimestamp': later };
    expect(causeOf(changed('pods-over-quota', now))?.message).toContain('quota: small');
  });

  it('an event of an object that was replaced', () => {
    expect(causeOf(changed('class-missing', { 'claims.0.metadata.uid': 'another' }))?.reason).toBe('VolumePending');
  });

  it('a mount that failed, once the containers may start', () => {
    const conditions = [{ type: 'PodReadyToStartContainers', status: 'True' }];
    expect(causeOf(changed('mount-failing', { 'pods.0.status.conditions': conditions }))).toBeUndefined();
    const started = changed('mount-failing', {
      'pods.0.status.conditions': [],
      'pods.0.status.initContainerStatuses.0.state': { running: {} },
    });
    expect(causeOf(started)).toBeUndefined();
  });

  it('restarts a long time ago, and a first failed attempt', () => {
    const restarted = changed('crash-looping', {
      [`${container}.state`]: { running: { startedAt: later } },
      [`${container}.lastState.terminated.startedAt`]: '2026-11-20T14:00:00Z',
    });
    expect(causeOf(restarted)).toBeUndefined();
    const failing = read('job-failing');
    expect(causeOf({ ...failing, pods: failing.pods.slice(0, 1) })).toBeUndefined();
    expect(causeOf(changed('job-failing', { 'pods.2.status': { phase: 'Succeeded' } }))).toBeUndefined();
  });

  it('a pod of a deleted Cluster with the same name', () => {
    const former = changed('crash-looping', { 'cluster.metadata.uid': 'another' });
    expect(causeOf(former)?.reason).not.toBe('CrashLooping');
  });
});

describe('another Cluster of the namespace', () => {
  const together = (mine: string, theirs: string, rename: (text: string) => string): Recorded => {
    const own = read(mine);
    const other: Recorded = JSON.parse(rename(JSON.stringify(read(theirs))));
    return {
      cluster: own.cluster,
      pods: [...own.pods, ...other.pods],
      claims: [...own.claims, ...other.claims],
      warnings: [...own.warnings, ...other.warnings],
    };
  };

  it.each(table.filter(([, reason]) => reason !== undefined))('%s is not mistaken for this one', (name) => {
    const { cluster } = read(name);
    const plain = read('class-resolved');
    for (const neighbour of [`${plain.cluster.metadata.name}-b`, `${plain.cluster.metadata.name}x`]) {
      const other = together('class-resolved', name, (text) => text.replaceAll(cluster.metadata.name, neighbour));
      expect(causeOf(other)).toBeUndefined();
    }
  });

  it('whose name continues with a number is distinguished by its Jobs', () => {
    // Of Cluster db-1; its claim comes by its label only, so db sees nothing of it but events.
    const theirs: Recorded = JSON.parse(
      JSON.stringify(read('pods-over-quota')).replaceAll('db-quota-1', 'db-1-1').replaceAll('db-quota', 'db-1'),
    );
    const { claims } = changed('pods-over-quota', { 'claims.0.metadata.name': 'db-1' });
    const cluster = { ...theirs.cluster, metadata: { ...theirs.cluster.metadata, name: 'db' } };
    expect(causeOf({ ...theirs, cluster, claims })?.message).not.toContain('small');
    expect(causeOf(theirs)?.message).toContain('small');
  });
});

describe('what CNPG does not report', () => {
  it('everything: its operator has not processed the Cluster', () => {
    const cause = causeOf(changed('claims-over-quota', { 'cluster.status': {} }));
    expect(cause?.reason).toBe('CNPGNotResponding');
    expect(cause?.message).toContain('does not watch this namespace');
  });

  it('nothing, once it has started', () => {
    expect(causeOf(changed('claims-over-quota', { 'cluster.status.phase': 'Setting up primary' }))).toBeUndefined();
  });

  it('a missing pod, while the others are ready and nothing is under way', () => {
    const ready = { 'cluster.spec.instances': 2 };
    expect(causeOf(changed('class-resolved', ready))?.reason).toBe('PodsRefused');
    const leaving = { ...ready, 'pods.0.metadata.deletionTimestamp': '2026-11-21T15:00:00Z' };
    expect(causeOf(changed('class-resolved', leaving))).toBeUndefined();
    expect(causeOf(changed('class-resolved', { ...ready, 'pods.0.status.conditions': [] }))).toBeUndefined();
    // A Job that prepares an instance.
    expect(causeOf(changed('cnpg-down', { 'cluster.status.readyInstances': 0 }))).toBeUndefined();
    // Without a number, a Cluster has one instance.
    expect(causeOf(changed('class-resolved', { 'cluster.spec.instances': undefined }))).toBeUndefined();
  });

  it('an expansion of a disk that does not finish, reported last', () => {
    const cause = causeOf(changed('class-resolved', { 'claims.0.spec.resources.requests.storage': '2Gi' }));
    expect(cause?.reason).toBe('VolumeGrowing');
    expect(cause?.message).toContain('from 1Gi to 2Gi');
    const failed = changed('class-resolved', {
      'claims.0.spec.resources.requests.storage': '2Gi',
      'warnings.0.reason': 'VolumeResizeFailed',
      'warnings.0.message': 'resize volume failed: no room',
      'warnings.0.involvedObject.uid': valueAt(read('class-resolved'), 'claims.0.metadata.uid'),
    });
    expect(causeOf(failed)?.message).toContain('from 1Gi to 2Gi (resize volume failed: no room); if');
    const both = changed('crash-looping', { 'claims.0.spec.resources.requests.storage': '2Gi' });
    expect(causeOf(both)?.reason).toBe('CrashLooping');
  });
});

describe('what is missing', () => {
  const absent = ['instance-over-quota', 'claims-over-quota', 'cnpg-down'];

  it.each(absent)('%s: is no cause while CloudNativePG is working, except for a claim that a pod refers to', (name) => {
    const recorded = read(name);
    const soon = Date.parse('2026-01-01T00:00:09Z');
    const named = recorded.pods.some((pod) => JSON.stringify(pod).includes('persistentvolumeclaim \\"'));
    const cause = findCause(factsOf(recorded), projectCluster(recorded.cluster), soon);
    expect(cause === undefined).toBe(!named);
    expect(findCause(factsOf(recorded), projectCluster(recorded.cluster), soon + 1000)).toBeDefined();
    const unreported = { ...projectCluster(recorded.cluster), status: {} };
    expect(findCause(factsOf(recorded), unreported, soon) === undefined).toBe(!named);
    const gone: Facts = { ...factsOf(recorded), changedAt: undefined };
    expect(findCause(gone, projectCluster(recorded.cluster), now) === undefined).toBe(!named);
  });
});

describe('without permissions', () => {
  const all: Facts = {
    pods: [],
    claims: [],
    warnings: [],
    changedAt: '2026-01-01T00:00:00Z',
    unseen: ['pods', 'persistentvolumeclaims', 'events'],
    failed: [],
  };

  it('absence is no evidence', () => {
    for (const name of ['instance-over-quota', 'claims-over-quota', 'cnpg-down', 'pods-over-quota'])
      expect(findCause(all, projectCluster(read(name).cluster), now)).toBeUndefined();
    const half: Facts = { ...factsOf(read('pods-over-quota')), pods: [], unseen: ['pods'] };
    expect(findCause(half, projectCluster(read('pods-over-quota').cluster), now)).toBeUndefined();
  });

  it('what can be observed is still used', () => {
    const recorded = read('class-default-missing');
    const claimsOnly: Facts = { ...all, claims: factsOf(recorded).claims, unseen: ['pods', 'events'] };
    expect(findCause(claimsOnly, projectCluster(recorded.cluster), now)?.reason).toBe('StorageClassMissing');
    expect(blindSpots({ kind: 'found', object: claimsOnly })).toContain('is not permitted to list pods and events');
    expect(blindSpots({ kind: 'found', object: { ...all, unseen: ['events'] } })).toContain('to list events in');
  });

  it('a failed list is no evidence either, and is not called a missing permission', () => {
    for (const name of ['instance-over-quota', 'claims-over-quota', 'cnpg-down', 'pods-over-quota'])
      expect(
        findCause({ ...all, unseen: [], failed: all.unseen }, projectCluster(read(name).cluster), now),
      ).toBeUndefined();
    expect(blindSpots({ kind: 'found', object: { ...all, unseen: [], failed: ['events'] } })).toBe(
      'events in this namespace could not be listed, so the cause may remain unknown',
    );
  });

  it('reports nothing if nothing was missing, or there was no search', () => {
    expect(blindSpots({ kind: 'found', object: { ...all, unseen: [] } })).toBeUndefined();
    expect(blindSpots({ kind: 'unread' })).toBeUndefined();
  });
});

it('accepts facts of any form, and always returns a bounded message', () => {
  const leaf = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.boolean(), fc.constant({}), fc.constant([]));
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), leaf, (name, at, value) => {
      const { cluster, ...lists } = read(name);
      replaceOne(lists, at, value);
      const list = (part: unknown) => (Array.isArray(part) ? part : []);
      const facts = factsOf({ pods: list(lists.pods), claims: list(lists.claims), warnings: list(lists.warnings) });
      const message = findCause(facts, projectCluster(cluster), now)?.message ?? '';
      expect(message.length).toBeLessThan(1000);
    }),
    { numRuns: 2000 },
  );
});

/** Replaces the member number `at` of all members, modulo their number, by `value`. */
function replaceOne(root: object, at: number, value: unknown): void {
  const places: (readonly [Json, string])[] = [];
  const visit = (node: object): void => {
    for (const [key, member] of Object.entries(node)) {
      places.push([node as Json, key]);
      if (typeof member === 'object' && member !== null) visit(member);
    }
  };
  visit(root);
  const [node, key] = places[at % places.length] ?? [{}, ''];
  node[key] = value;
}

/** What is seen of a pod, as far as the change of a scene needs it. */
interface RawPod {
  readonly metadata: Json & {
    readonly name: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: { readonly initContainers?: readonly Json[]; readonly containers: readonly Json[] };
  readonly status: Json & {
    readonly conditions?: readonly Json[];
    readonly initContainerStatuses?: readonly Json[];
    readonly containerStatuses?: readonly Json[];
  };
}

/**
 * A recorded situation as CNPG 1.31 would bring it about (cloudnative-pg#11319): what a Job did, an init container of the instance's pod does,
 * which kubelet restarts. Constructed, not recorded.
 */
function withoutJobs(recorded: Recorded): Recorded {
  const { uid } = recorded.cluster.metadata;
  const seen = new Set<string>();
  const pods = (recorded.pods as unknown as readonly RawPod[]).flatMap((pod) => {
    const [owner] = pod.metadata.ownerReferences ?? [];
    if (owner?.kind !== 'Job') return [pod];
    const instance = owner.name.replace(/-[a-z-]+$/, '');
    if (seen.has(instance) || pod.status.phase === 'Succeeded') return [];
    seen.add(instance);
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status;
    const crashed = pod.status.phase === 'Failed';
    const prepares = containerStatuses.map((container) =>
      crashed
        ? {
            ...container,
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: container.state,
          }
        : container,
    );
    const postgres = {
      name: 'postgres',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'PodInitializing' } },
    };
    return [
      {
        ...pod,
        metadata: { ...pod.metadata, name: instance, ownerReferences: [{ ...owner, kind: 'Cluster', name: 'x', uid }] },
        spec: {
          ...pod.spec,
          initContainers: [...(pod.spec.initContainers ?? []), ...pod.spec.containers],
          containers: [{ ...pod.spec.containers[0], name: 'postgres' }],
        },
        status: {
          ...pod.status,
          phase: 'Pending',
          conditions: (pod.status.conditions ?? []).map((one) =>
            one.type === 'Ready' || one.type === 'ContainersReady'
              ? { ...one, status: 'False', reason: 'ContainersNotReady' }
              : one,
          ),
          initContainerStatuses: [...initContainerStatuses, ...prepares],
          containerStatuses: [postgres],
        },
      },
    ];
  });
  const events = recorded.warnings as readonly (Recorded['warnings'][number] & { readonly involvedObject: Json })[];
  const warnings = events
    .filter(({ involvedObject }) => involvedObject.kind !== 'Job')
    .map((event) => ({
      ...event,
      involvedObject: {
        ...event.involvedObject,
        name: String(event.involvedObject.name).replace(/-(initdb|join)-[a-z0-9]{5}$/, ''),
      },
    }));
  return { ...recorded, pods: pods as unknown as Recorded['pods'], warnings };
}

describe('without Jobs, as CNPG 1.31 prepares disks,', () => {
  const hasJob = ({ pods, warnings }: Recorded): boolean => /"kind":\s*"Job"/.test(JSON.stringify([pods, warnings]));
  const scenes = table.filter(([name]) => hasJob(read(name)));

  it('the scenes are those with a Job', () => {
    expect(scenes.length).toBeGreaterThan(8);
    for (const [name] of scenes) expect(hasJob(withoutJobs(read(name)))).toBe(false);
  });

  it.each(scenes)('%s: %s', (name, reason, words) => {
    const cause = causeOf(withoutJobs(read(name)));
    // Without a Job there is no Event about its pods: only CNPG's log has the words of the API server.
    const isSilent = name === 'pods-over-quota' || name === 'limit-range';
    expect(cause?.reason).toBe(isSilent ? 'PodsRefused' : reason);
    expect(cause?.message).not.toMatch(/Job |job\/|-initdb|-join/);
    const same = words.filter((word) => !isSilent && !/Job|initdb/.test(String(word)));
    for (const word of same) expect(cause?.message).toMatch(word);
  });

  it('an image that cannot be pulled is left by deleting the pod of the instance', () => {
    expect(causeOf(withoutJobs(read('image-failing')))?.message).toMatch(/then delete pod db-img-1,/);
  });

  it('an instance that no node can run is not deleted: CNPG replaces its pod', () => {
    expect(causeOf(withoutJobs(read('memory-lacking')))?.message).not.toContain('delete');
  });

  it('the log is that of the init container, before its restart', () => {
    const message = causeOf(withoutJobs(read('job-failing')))?.message;
    expect(message).toContain('kubectl logs -n crash db-crash-1 -c initdb --previous');
  });
});
