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

/** What a policy does to an object, and when: both as CEL expressions. */
interface Mutation {
  readonly patch: string;
  readonly when: string;
}

/** A policy for one namespace, which is in force some time after this resolves. @param how of its spec: `mutations`, and conditions if any */
async function bind(
  namespace: string,
  { group, version, plural }: Pick<Gvr, 'group' | 'version' | 'plural'>,
  how: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { client } = suite();
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name: `${namespace}-${plural}`, labels: temporary };
  const rule = { apiGroups: [group], apiVersions: [version], resources: [plural], operations: ['CREATE', 'UPDATE'] };
  await client.create(mutatingAdmissionPolicies, {
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata,
    spec: {
      matchConstraints: {
        resourceRules: [rule],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
      ...how,
    },
  });
  await client.create(mutatingAdmissionPolicyBindings, {
    apiVersion,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: metadata.name },
  });
}

/** A policy for one namespace. It is in force when this resolves. @param fields of the spec, as a CEL expression of its type */
async function policy(namespace: string, resource: Gvr, fields: string): Promise<void> {
  const { group, version, kind } = resource;
  const expression = `Object{metadata: Object.metadata{annotations: {"capped": "yes"}}, spec: Object.spec{${fields}}}`;
  await bind(namespace, resource, {
    mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
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
  // Events of earlier transitions are sent in the background.
  expect((await writesSince(mark, namespace)).filter((resource) => resource !== 'events')).toEqual([]);
}

/** A policy of JSON patches for one namespace. It is in force when `seen` says so of a probe, which is created in a dry run. */
async function patching(
  namespace: string,
  resource: Pick<Gvr, 'group' | 'version' | 'plural'>,
  { patch, when }: Mutation,
  probe: Readonly<Record<string, unknown>>,
  seen: (stored: LiveObject) => boolean,
): Promise<void> {
  await bind(namespace, resource, {
    matchConditions: [{ name: 'when', expression: when }],
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: patch } }],
  });
  await eventually('the policy to be in force', async () => {
    const args = ['create', '--dry-run=server', '--validate=false', '--output=json', '--filename=-'];
    const { code, output } = await suite().kubectl(
      args,
      JSON.stringify({ ...probe, metadata: { namespace, ...(probe.metadata as object) } }),
    );
    expect(code).toBe(0);
    expect(seen(JSON.parse(output) as LiveObject)).toBe(true);
  });
}

it('the value of DATABASE_URL: it is never claimed to be published, and the message does not quote it', async () => {
  const namespace = await suite().namespace();
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app-probe' }, data: { DATABASE_URL: 'YQ==' } };
  await patching(
    namespace,
    { group: '', version: 'v1', plural: 'secrets' },
    {
      patch: '[JSONPatch{op: "replace", path: "/data/DATABASE_URL", value: "dmF1bHQ6c2VjcmV0"}]',
      when: 'request.name.startsWith("app-")',
    },
    secret,
    ({ data }) => data?.DATABASE_URL === 'dmF1bHQ6c2VjcmV0',
  );
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  const addon = await suite().untilReason(namespace, 'shop', 'Ready', 'ChangedOnAdmission');
  expect(conditionOf(addon, 'CredentialsPublished')).toMatchObject({
    status: 'False',
    reason: 'ChangedOnAdmission',
    message:
      'the API server stored Secret app-shop-database-url with other values than requested: DATABASE_URL has another value',
  });
  expect(addon.status?.phase).toBe('creating');
  await expectSettled(namespace);
});

it('values of two extra Secrets: both are named in one condition and written once, and the database runs', async () => {
  const namespace = await suite().namespace();
  const probe = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'probe-pgvars' }, data: { PGHOST: 'YQ==' } };
  await patching(
    namespace,
    { group: '', version: 'v1', plural: 'secrets' },
    {
      patch:
        '[JSONPatch{op: "replace", path: has(object.data.PGHOST) ? "/data/PGHOST" : "/data/host", value: "cHJveHk="}]',
      when: 'request.name.endsWith("-pgvars") || request.name.endsWith("-binding")',
    },
    probe,
    ({ data }) => data?.PGHOST === 'cHJveHk=',
  );
  await suite().createAddon(namespace, 'shop', {
    plan: 'free',
    connection: { extraSecrets: ['servicebinding', 'pgvars'] },
  });
  const addon = await untilChanged(namespace, 'ExtrasPublished');
  const { message } = conditionOf(addon, 'ExtrasPublished') ?? {};
  expect(message).toContain(
    'Secret app-shop-database-binding with other values than requested: host has another value',
  );
  expect(message).toContain(
    'Secret app-shop-database-pgvars with other values than requested: PGHOST has another value',
  );
  expect(conditionOf(addon, 'Ready')?.status).toBe('True');
  await expectSettled(namespace);
});

const managedBy = 'app.kubernetes.io/managed-by';

it('the label managed-by of a protected Cluster: it is named, written once, and the way to adopt the database is said', async () => {
  const namespace = await suite().namespace();
  await patching(
    namespace,
    clusterGvr,
    {
      patch: `[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("${managedBy}"), value: "platform"}]`,
      when: 'has(object.metadata.labels)',
    },
    {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Cluster',
      metadata: { name: 'probe', labels: { a: 'b' } },
      spec: { instances: 1, storage: { size: '1Gi' } },
    },
    ({ metadata }) => metadata.labels?.[managedBy] === 'platform',
  );
  const created = await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
  const addon = await untilChanged(namespace);
  expect(conditionOf(addon, 'PlanApplied')?.message).toContain(`metadata.labels.${managedBy} is "platform"`);
  await expectSettled(namespace);
  const before = (await databaseOf(suite().client, namespace)).cluster?.metadata.uid;
  await suite().client.remove(addonGvr, namespace, 'shop');
  await suite().addons.untilGone(namespace, 'shop');
  await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
  // It may be anybody's now: what is certain is that it must not be deleted.
  const refused = await suite().untilReason(namespace, 'shop', 'Ready', 'NameConflict');
  expect(conditionOf(refused, 'Ready')?.message).toMatch(/set that label to adopt it; it may hold data/);
  await lift(namespace, clusterGvr);
  const label = { metadata: { labels: { [managedBy]: 'postgres-addon-operator' } } };
  await eventually('the label', async () => {
    const { metadata } = await suite().client.patch(clusterGvr, namespace, clusterOf(namespace), label);
    expect(metadata.labels?.[managedBy]).toBe('postgres-addon-operator');
  });
  const again = await suite().untilRunning(namespace, 'shop');
  expect(again.metadata.uid).not.toBe(created.metadata.uid);
  expect(conditionOf(again, 'Adopted')?.status).toBe('True');
  expect((await databaseOf(suite().client, namespace)).cluster?.metadata.uid).toBe(before);
});

it('the owner reference of a Cluster: it is named, and written once', async () => {
  const namespace = await suite().namespace();
  await patching(
    namespace,
    clusterGvr,
    {
      patch: '[JSONPatch{op: "remove", path: "/metadata/ownerReferences"}]',
      when: 'has(object.metadata.ownerReferences)',
    },
    {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Cluster',
      metadata: { name: 'probe', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'a' }] },
      spec: { instances: 1, storage: { size: '1Gi' } },
    },
    ({ metadata }) => metadata.ownerReferences === undefined,
  );
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  const addon = await untilChanged(namespace);
  expect(conditionOf(addon, 'PlanApplied')?.message).toContain('metadata.ownerReferences is absent');
  await expectSettled(namespace);
});

it('the finalizer of a protected addon: protection is not claimed, and it is written once', async () => {
  const namespace = await suite().namespace();
  await patching(
    namespace,
    addonGvr,
    { patch: '[JSONPatch{op: "remove", path: "/metadata/finalizers"}]', when: 'has(object.metadata.finalizers)' },
    {
      apiVersion: 'addons.paas.dev/v1alpha1',
      kind: 'PostgresAddon',
      metadata: { name: 'probe', finalizers: ['example.com/a'] },
      spec: { plan: 'free' },
    },
    ({ metadata }) => metadata.finalizers === undefined,
  );
  await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
  const addon = await untilChanged(namespace, 'Protected');
  expect(conditionOf(addon, 'Protected')).toMatchObject({ status: 'False' });
  expect(conditionOf(addon, 'Protected')?.message).toContain('metadata.finalizers is []');
  await expectSettled(namespace);
});

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
  // Noon: an addon's own time is somewhere between 02:00 and 04:00, so this is always another one.
  await policy(namespace, scheduledBackupGvr, 'schedule: "0 0 12 * * *"');
  await suite().createAddon(namespace, 'shop', { plan: 'standard' });
  const addon = await untilChanged(namespace, 'BackupReady');
  expect(conditionOf(addon, 'PlanApplied')?.status).toBe('True');
  await expectSettled(namespace);
  await suite().client.remove(addonGvr, namespace, 'shop');
});
