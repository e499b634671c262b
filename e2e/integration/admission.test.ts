// An admission policy changes what the operator writes: the field is written once, named with what it is, and a database that works is not
// called down for it.
import { expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { isWrite, type Mark } from '../harness/audit.ts';
import { clusterOf, databaseOf } from '../harness/database.ts';
import { temporary } from '../harness/permissions.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite();

/** Enough for either kind. */
const probeSpec = { schedule: '0 0 0 * * *', cluster: { name: 'probe' } };

/** A policy for one namespace. It is in force when this resolves. @param fields of the spec, as a CEL expression of its type */
async function policy(namespace: string, { group, version, plural, kind }: Gvr, fields: string): Promise<void> {
  const { client } = suite();
  const api = 'admissionregistration.k8s.io/v1';
  const metadata = { name: `${namespace}-${plural}`, labels: temporary };
  const rule = { apiGroups: [group], apiVersions: [version], resources: [plural], operations: ['CREATE', 'UPDATE'] };
  const expression = `Object{metadata: Object.metadata{annotations: {"capped": "yes"}}, spec: Object.spec{${fields}}}`;
  await client.create(mutatingAdmissionPolicies, {
    apiVersion: api,
    kind: 'MutatingAdmissionPolicy',
    metadata,
    spec: {
      matchConstraints: {
        resourceRules: [rule],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
    },
  });
  await client.create(mutatingAdmissionPolicyBindings, {
    apiVersion: api,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: metadata.name },
  });
  await eventually('the policy to be in force', async () => {
    const probe = { apiVersion: `${group}/${version}`, kind, metadata: { name: 'probe', namespace }, spec: probeSpec };
    const dryRun = [
      'create',
      '--dry-run=server',
      '--validate=false',
      '--output=jsonpath={.metadata.annotations.capped}',
      '--filename=-',
    ];
    expect(await suite().kubectl(dryRun, JSON.stringify(probe))).toMatchObject({ code: 0, output: 'yes' });
  });
}

async function lift(namespace: string, { plural }: Gvr): Promise<void> {
  await suite().client.remove(mutatingAdmissionPolicyBindings, undefined, `${namespace}-${plural}`);
}

const memory = (size: string): string =>
  `resources: Object.spec.resources{requests: {"memory": "${size}"}, limits: {"memory": "${size}"}}`;

async function untilChanged(namespace: string, type = 'PlanApplied'): Promise<LiveObject> {
  const holds = (state: LiveObject): boolean =>
    isRunning(state) &&
    conditionOf(state, type)?.reason === 'ChangedOnAdmission' &&
    conditionOf(state, type)?.observedGeneration === state.metadata.generation;
  return await suite().addons.until(namespace, 'shop', `running, ${type} ChangedOnAdmission`, holds);
}

/** The operator's writes in the namespace since a mark, by resource. */
async function writesSince(mark: Mark, namespace: string): Promise<readonly string[]> {
  const { audit, operator } = suite();
  const requests = await audit.since(mark);
  return requests
    .filter((request) => request.user === operator.user && request.namespace === namespace && isWrite(request))
    .map(({ resource }) => resource);
}

async function expectSettled(namespace: string): Promise<void> {
  const mark = await suite().audit.mark();
  await suite().fence();
  expect(await writesSince(mark, namespace)).toEqual([]);
}

it('at creation: the database runs, status says with what, and nothing is written again', async () => {
  const namespace = await suite().namespace();
  await policy(namespace, clusterGvr, memory('512Mi'));
  const mark = await suite().audit.mark();
  await suite().createAddon(namespace, 'shop', { plan: 'standard' });
  const addon = await untilChanged(namespace);
  expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'False' });
  expect(conditionOf(addon, 'PlanApplied')?.message).toBe(
    `the API server stored Cluster ${clusterOf(namespace)} with other values than requested: resources.requests.memory is "512Mi" instead of "1Gi", resources.limits.memory is "512Mi" instead of "1Gi"`,
  );
  expect(conditionOf(addon, 'Ready')?.status).toBe('True');
  expect(addon.status?.resources).toMatchObject({ instances: 1, memory: '512Mi' });
  expect((await writesSince(mark, namespace)).filter((resource) => resource === 'clusters')).toHaveLength(1);
  await expectSettled(namespace);
});

it('at a change of plan: it is written once, the database is never called down, and the remedy applies the plan', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  await suite().untilRunning(namespace, 'shop');
  // Everything stays as it is.
  const { cluster } = await databaseOf(suite().client, namespace);
  const parameters = JSON.stringify(at(cluster, 'spec', 'postgresql', 'parameters'));
  const size = JSON.stringify(at(cluster, 'spec', 'storage', 'size'));
  const same = `storage: Object.spec.storage{size: ${size}}, postgresql: Object.spec.postgresql{parameters: ${parameters}}`;
  await policy(namespace, clusterGvr, `${memory('256Mi')}, ${same}`);
  const mark = await suite().audit.mark();
  const seen = suite().addons.of(namespace, 'shop').length;
  await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
  const addon = await untilChanged(namespace);
  expect(addon.status).toMatchObject({ plan: 'standard', planChange: { to: 'standard', state: 'Partial' } });
  expect(addon.status?.resources).toMatchObject({ instances: 1, memory: '256Mi' });
  const states = suite().addons.of(namespace, 'shop').slice(seen);
  expect(states.map((state) => conditionOf(state, 'Ready')?.status)).toEqual(states.map(() => 'True'));
  expect((await writesSince(mark, namespace)).filter((resource) => resource === 'clusters')).toHaveLength(1);
  await expectSettled(namespace);

  await lift(namespace, clusterGvr);
  await eventually('the end of the policy', async () => {
    const annotate = [
      'patch',
      'cluster',
      clusterOf(namespace),
      '--namespace',
      namespace,
      '--type=merge',
      '--dry-run=server',
    ];
    const change = [
      ...annotate,
      '--patch={"metadata":{"annotations":{"capped":"no"}}}',
      '--output=jsonpath={.metadata.annotations.capped}',
    ];
    expect((await suite().kubectl(change)).output).toBe('no');
  });
  await suite().patchAddon(namespace, 'shop', { suspend: true });
  await suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');
  await suite().patchAddon(namespace, 'shop', { suspend: null });
  const isApplied = (state: LiveObject): boolean =>
    isRunning(state) && conditionOf(state, 'PlanApplied')?.status === 'True';
  const applied = await suite().addons.until(namespace, 'shop', 'the plan to be applied', isApplied);
  expect(applied.status?.resources).toMatchObject({ instances: 1, memory: '1Gi' });
});

it('an image from a mirror: the database keeps it, and status has the image that runs', async () => {
  const image = 'mirror.example.com/postgresql:17';
  const namespace = await suite().namespace();
  await policy(namespace, clusterGvr, `imageName: "${image}"`);
  const mark = await suite().audit.mark();
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  const holds = (state: LiveObject): boolean => isRunning(state) && state.status?.image === image;
  const addon = await suite().addons.until(namespace, 'shop', 'running with the image of the mirror', holds);
  expect(conditionOf(addon, 'Ready')?.status).toBe('True');
  await expectSettled(namespace);
  expect((await writesSince(mark, namespace)).filter((resource) => resource === 'clusters')).toHaveLength(1);
});

it('a ScheduledBackup: only its condition says so', async () => {
  const namespace = await suite().namespace();
  await policy(namespace, scheduledBackupGvr, 'schedule: "0 0 3 * * *"');
  await suite().createAddon(namespace, 'shop', { plan: 'standard' });
  const addon = await untilChanged(namespace, 'BackupReady');
  expect(conditionOf(addon, 'PlanApplied')?.status).toBe('True');
  await expectSettled(namespace);
  await suite().client.remove(addonGvr, namespace, 'shop');
});
