// The platform team changes the memory of the container that archives, and how a store compresses: the Cluster is told after its ObjectStore,
// restarts then and not later, and status says so. It runs alone, since the operator starts again and the change concerns every database
// with backups.
import { beforeAll, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import {
  type ChartOptions,
  installChart,
  operatorNamespace,
  releaseName,
  storeName,
  storeSecret,
} from '../../../hack/install/operator.ts';
import type { AddonStatus } from '../../../src/api/addon.ts';
import { objectStoreGvr, sidecarName } from '../../../src/api/barman.ts';
import { podGvr } from '../../../src/api/workload.ts';
import { defaultPlans } from '../../../src/domain/database/plans.ts';
import { changesBy } from '../../harness/audit.ts';
import { at, conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { objectsBelow, openBucket } from '../bucket.ts';
import { minutes, operatorUser, useReal } from '../real.ts';

const real = useReal();
/** Less than a base backup takes. */
const little = '80Mi';
const { limit } = defaultPlans.standard.sidecarMemory;
let namespace = '';
let image = '';

const statusNow = (): AddonStatus => real().addons.latest(namespace, 'shop').status as AddonStatus;
const install = (options: ChartOptions = {}): Promise<void> =>
  installChart(real().cluster, image, () => undefined, options);
/** A look costs a write or a request each time. */
const slowly = { timeoutMilliseconds: minutes(10), everyMilliseconds: 3000 };

beforeAll(async () => {
  const get = ['get', 'deployment', releaseName, '--namespace', operatorNamespace];
  image = await real().kubectl([...get, '--output', 'jsonpath={.spec.template.spec.containers[0].image}']);
  namespace = await real().namespace('settings');
  await real().client.apply(storeSecret(real().cluster, namespace));
  await real().apply(namespace, 'shop', { plan: 'standard', backup: { storeRef: { name: storeName } } });
  await openBucket(real(), namespace);
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
  real().atEnd(() => install());
});

async function instance(): Promise<LiveObject> {
  const pod = await real().client.get(podGvr, namespace, `${clusterName(namespace, 'shop')}-1`);
  if (pod === undefined) throw new Error('the instance has no pod');
  return pod;
}

/** The memory limit of the container that archives. */
function limitIn(pod: LiveObject): unknown {
  const containers = at(pod, 'spec', 'initContainers') as readonly { readonly name: string }[];
  return at(
    containers.find(({ name }) => name === sidecarName),
    ...['resources', 'limits', 'memory'],
  );
}

/** Changes the settings of the platform, and waits until the database runs with them. @param memory that the container has then */
async function change(options: ChartOptions, memory: string): Promise<void> {
  const before = await instance();
  const seen = real().addons.of(namespace, 'shop').length;
  const mark = await real().audit.mark();
  await install(options);
  const pod = await eventually(
    `an instance whose container has ${memory}`,
    async () => {
      const found = await instance();
      expect(limitIn(found)).toBe(memory);
      return found;
    },
    slowly,
  );
  // Times of Kubernetes have whole seconds.
  const restarted = Date.parse(String(at(pod, 'metadata', 'creationTimestamp')));
  const isBack = (state: LiveObject): boolean => {
    const { status, lastTransitionTime = '' } = conditionOf(state, 'Ready') ?? {};
    return status === 'True' && Date.parse(lastTransitionTime) >= restarted;
  };
  const addon = await real().addons.until(namespace, 'shop', 'to be ready again', isBack, minutes(10));

  const writes = changesBy(operatorUser, namespace, await real().audit.since(mark));
  const [store, cluster] = writes.filter(({ resource }) => /^(?:objectstores|clusters)$/.test(resource));
  expect([store?.resource, cluster?.resource]).toEqual(['objectstores', 'clusters']);
  const told = Math.floor((cluster?.receivedAt ?? Number.NaN) / 1000) * 1000;
  expect(pod.metadata.uid).not.toBe(before.metadata.uid);
  expect(restarted).toBeGreaterThanOrEqual(told);
  const course = real().addons.of(namespace, 'shop').slice(seen);
  expect(course.map(({ status }) => status?.phase)).toContain('provisioning');
  // As any other change that restarts the instances.
  expect(course.map((state) => conditionOf(state, 'PlanApplied')?.reason)).toContain('Applying');
  expect((addon.status as AddonStatus).planChange).toMatchObject({
    steps: [{ what: 'sidecarMemory', to: memory }],
    restart: true,
    state: 'Applied',
  });
  expect((addon.status as AddonStatus).resources?.sidecarMemory).toBe(memory);
}

/** Asks for a base backup, and waits for the answer: it may be refused. @returns the request */
async function ask(): Promise<string> {
  const request = `${Date.now()}`;
  const annotation = `addons.paas.dev/backup-now=${request}`;
  await real().kubectl(['annotate', 'pga', 'shop', annotation, '--overwrite', '--namespace', namespace]);
  const isAnswered = (state: LiveObject): boolean => {
    const { now } = (state.status as AddonStatus).backup ?? {};
    return now?.request === request || now?.refused === request;
  };
  await real().addons.until(namespace, 'shop', 'an answer to the request', isAnswered);
  return request;
}

it('less memory reaches the instance by a restart that status shows; a base backup that needs more is named', async () => {
  await change({ plans: { standard: { sidecarMemory: { request: little, limit: little } } } }, little);
  await eventually(
    'a base backup to run out of memory',
    async () => {
      await ask();
      expect(conditionOf(real().addons.latest(namespace, 'shop'), 'BackupReady')?.reason).toBe('BackupOutOfMemory');
    },
    slowly,
  );
  const state = await real().reason(namespace, 'shop', 'BackupReady', 'BackupOutOfMemory');
  expect(conditionOf(state, 'BackupReady')?.message).toContain('memory limit');
});

it('more memory for the container is the remedy, and what the store compresses is another setting that arrives', async () => {
  const { destinationPath, serverName } = statusNow().backup ?? {};
  /** The WAL files and base backups that are not compressed. */
  const plain = async (): Promise<readonly string[]> => {
    const names = await objectsBelow(real(), namespace, `${destinationPath}/${serverName}/`);
    return names.filter((name) => /\/(?:[0-9A-F]{24}|data\.tar)$/.test(name));
  };
  expect(await plain()).toEqual([]);
  await change({ store: { wal: undefined, data: undefined } }, limit);
  const store = await real().client.get(objectStoreGvr, namespace, clusterName(namespace, 'shop'));
  const { wal, data } = at(store, 'spec', 'configuration') as { readonly wal?: unknown; readonly data?: unknown };
  expect([wal, data]).toEqual([undefined, undefined]);

  const request = await eventually(
    'a base backup that begins',
    async () => {
      const asked = await ask();
      const { now } = statusNow().backup ?? {};
      expect([now?.request, now?.result === 'Refused']).toEqual([asked, false]);
      return asked;
    },
    slowly,
  );
  const isDone = (state: LiveObject): boolean => {
    const { now } = (state.status as AddonStatus).backup ?? {};
    return now?.request === request && now.result === 'Completed';
  };
  await real().addons.until(namespace, 'shop', 'the base backup', isDone, minutes(10));
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
  const written = await plain();
  expect(written.some((name) => name.startsWith('wals/'))).toBe(true);
  expect(written.some((name) => name.startsWith('base/'))).toBe(true);
  // The lineage is the same one: neither setting is another place.
  expect(statusNow().backup?.serverName).toBe(serverName);
});
