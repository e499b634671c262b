// Remedies, followed to the letter: each reason is brought about, the remedy is carried out, and the addon runs again. Which reason is
// tried where is in harness/remedies.ts. What needs CloudNativePG is in e2e/real/remedies/remedies.test.ts.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import {
  customResourceDefinitions,
  secrets,
  storageClasses,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../hack/cluster/kinds.ts';
import { fixedClass } from '../../hack/cluster/manifests.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { type ConditionType, conditionTypes } from '../../src/api/conditions.ts';
import { clusterOf, placesOf } from '../harness/database.ts';
import { chartPermissions, grant, type Permissions, temporary, without } from '../harness/permissions.ts';
import type { TriedIn } from '../harness/remedies.ts';
import { useSuite } from '../harness/suite.ts';
import { at, type ConditionView, conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite();

interface Trial {
  /** The condition with the reason. Default: Ready. */
  readonly type?: ConditionType;
  /** Leads to the reason, from an empty namespace. */
  readonly bring: (namespace: string) => Promise<unknown>;
  readonly remedy: (namespace: string) => Promise<unknown>;
  /** It changes what all addons have in common: nothing else runs meanwhile. */
  readonly alone?: true;
}

const create = (namespace: string, spec: AddonSpec = { plan: 'free' }) => suite().createAddon(namespace, 'shop', spec);
const patch = (namespace: string, spec: Readonly<Record<string, unknown>>) =>
  suite().patchAddon(namespace, 'shop', spec);

async function run(namespace: string, spec: AddonSpec = { plan: 'free' }): Promise<void> {
  await create(namespace, spec);
  await suite().untilRunning(namespace, 'shop');
}

async function remove(namespace: string): Promise<void> {
  await suite().client.remove(addonGvr, namespace, 'shop');
  await suite().addons.untilGone(namespace, 'shop');
}

/** Keeps an object from going when it is deleted. */
const anchor = 'example.org/anchor';

/** What the chart grants, or less of it. */
async function permit(change: (permissions: Permissions) => Permissions = (all) => all): Promise<void> {
  const { client, cluster, operatorNamespace, operator } = suite();
  await grant(client, operator.user, change(await chartPermissions(cluster, operatorNamespace)));
}

const classOf = (namespace: string): string => `fixed-${namespace}`;

/** A StorageClass of its own for a namespace, without volume expansion. */
async function makeClass(namespace: string): Promise<void> {
  const { client, simulator } = suite();
  const fixed = await client.get(storageClasses, undefined, fixedClass);
  const { apiVersion = '', kind = '' } = fixed ?? {};
  const metadata = { name: classOf(namespace), labels: temporary };
  await client.create(storageClasses, {
    apiVersion,
    kind,
    metadata,
    provisioner: fixed?.provisioner,
    allowVolumeExpansion: false,
  });
  simulator.useStorageClass(namespace, classOf(namespace));
}

/** Another manager owns the owner references too, and a policy refuses their removal. */
async function guardOwners(namespace: string): Promise<void> {
  const { client } = suite();
  const name = clusterOf(namespace);
  const { apiVersion = '', kind = '', metadata } = (await client.get(clusterGvr, namespace, name)) ?? {};
  const object = { apiVersion, kind, metadata: { name, namespace, ownerReferences: metadata?.ownerReferences } };
  const apply = ['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '--filename=-'];
  expect(await suite().kubectl(apply, JSON.stringify(object))).toMatchObject({ code: 0 });
  const api = 'admissionregistration.k8s.io/v1';
  const { group, version, plural } = clusterGvr;
  const rule = { apiGroups: [group], apiVersions: [version], resources: [plural], operations: ['UPDATE'] };
  const expression = '!has(oldObject.metadata.ownerReferences) || has(object.metadata.ownerReferences)';
  const policy = { name: namespace, labels: temporary };
  await client.create(validatingAdmissionPolicies, {
    apiVersion: api,
    kind: 'ValidatingAdmissionPolicy',
    metadata: policy,
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        resourceRules: [rule],
      },
      validations: [{ expression, message: 'owners have to stay' }],
    },
  });
  await client.create(validatingAdmissionPolicyBindings, {
    apiVersion: api,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: policy,
    spec: { policyName: namespace, validationActions: ['Deny'] },
  });
  const dryRun = ['patch', 'cluster', name, '--namespace', namespace, '--type=merge', '--dry-run=server'];
  await eventually('the policy to be in force', async () => {
    const { error } = await suite().kubectl([...dryRun, '--patch={"metadata":{"ownerReferences":null}}']);
    expect(error).toContain('owners have to stay');
  });
}

/** The installed CRD accepts one more plan, or no longer. */
async function offerPlan(plan: string | undefined): Promise<void> {
  const { client } = suite();
  const name = `${addonGvr.plural}.${addonGvr.group}`;
  const crd = await client.get(customResourceDefinitions, undefined, name);
  const text = JSON.stringify(crd?.spec?.versions);
  const plans = '"free","standard","pro"';
  const added = `${plans},"gold"`;
  const changed = plan === undefined ? text.replace(added, plans) : text.replace(plans, added);
  expect(changed).not.toBe(text);
  await client.patch(customResourceDefinitions, undefined, name, { spec: { versions: JSON.parse(changed) } });
}

/** The installed CRD has one more field, as that of a later version, or no longer. */
async function offerField(isThere: boolean): Promise<void> {
  const { client } = suite();
  const name = `${addonGvr.plural}.${addonGvr.group}`;
  const crd = await client.get(customResourceDefinitions, undefined, name);
  const versions = structuredClone(crd?.spec?.versions) as readonly { schema: { openAPIV3Schema: SchemaView } }[];
  for (const { schema } of versions) {
    const { properties } = schema.openAPIV3Schema.properties.spec;
    if (isThere) properties.future = { type: 'string' };
    else delete properties.future;
  }
  await client.patch(customResourceDefinitions, undefined, name, { spec: { versions } });
}

interface SchemaView {
  readonly properties: { readonly spec: { readonly properties: Record<string, object> } };
}

/** What CNPG says of a Cluster for which no cause was found. */
const phaseReason = 'the instance waits for its archive';

/** The primary is alive for CNPG, but logins of applications come to nothing; later they succeed again. */
const troubled = (trouble: 'silence' | 'reset'): Trial => ({
  type: 'Connectable',
  bring: async (namespace) => {
    await run(namespace);
    suite().databases.trouble(namespace, clusterOf(namespace), trouble);
    // A new URL has to be proved: the operator logs in.
    await patch(namespace, { connection: { sslMode: 'require' } });
  },
  remedy: async (namespace) => suite().databases.relieve(namespace, clusterOf(namespace)),
});

/** The server name of backups that the simulator does not make. */
const lineage = 'db-shop-0a1b2c3d';

const trials: Readonly<Record<TriedIn<'integration'>, Trial>> = {
  ClusterMissing: {
    bring: async (namespace) => {
      await run(namespace, { plan: 'standard' });
      // Suspended, so that no other Cluster is created. Its lineage is recorded once it is gone: of a Cluster that has no such archive, the
      // lineage would end.
      await patch(namespace, { suspend: true });
      await suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');
      await suite().client.remove(clusterGvr, namespace, clusterOf(namespace));
      await suite().untilReason(namespace, 'shop', 'Ready', 'Suspended');
      const lineages = [{ serverName: lineage, from: '2026-01-02T03:00:00Z' }];
      await suite().client.patch(addonGvr, namespace, 'shop', { status: { backup: { lineages } } }, 'status');
      await suite().untilReason(namespace, 'shop', 'Ready', 'ClusterMissing');
      await patch(namespace, { suspend: false });
      const isActive = (addon: LiveObject): boolean =>
        conditionOf(addon, 'Suspended') === undefined && at(addon.status, 'observedGeneration') === 3;
      await suite().addons.until(namespace, 'shop', 'not to be suspended', isActive);
    },
    // The message names the server name.
    remedy: async (namespace) => {
      const addon = await suite().untilReason(namespace, 'shop', 'Ready', 'ClusterMissing');
      const [, annotation = ''] =
        /set the annotation (\S+=\S+) /.exec(conditionOf(addon, 'Ready')?.message ?? '') ?? [];
      expect(annotation).toContain(lineage);
      const { code } = await suite().kubectl(['annotate', 'pga', 'shop', '--namespace', namespace, annotation]);
      expect(code).toBe(0);
    },
  },
  Suspended: {
    bring: async (namespace) => await create(namespace, { plan: 'free', suspend: true }),
    remedy: (namespace) => patch(namespace, { suspend: false }),
  },
  // The operator is older than the CRD.
  SpecUnknown: {
    bring: async (namespace) => {
      const mark = await suite().audit.mark();
      await offerField(true);
      const spec = { plan: 'free', future: 'x' };
      const object = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name: 'shop', namespace }, spec };
      await eventually('the field to be served', async () => {
        const apply = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'];
        expect(await suite().kubectl(apply, JSON.stringify(object))).toMatchObject({ code: 0 });
      });
      // A watch that was begun before goes on without the field for a second.
      await eventually('the operator to watch with it', async () => {
        const requests = await suite().audit.since(mark);
        const ofAddons = requests.filter(
          ({ user, verb, resource }) =>
            [user, verb, resource].join() === [suite().operator.user, 'watch', addonGvr.plural].join(),
        );
        expect(ofAddons).not.toEqual([]);
      });
      await create(namespace, spec as AddonSpec);
    },
    remedy: async (namespace) => {
      try {
        const { message } = conditionOf(suite().addons.latest(namespace, 'shop'), 'Ready') ?? {};
        expect(message).toContain('spec.future');
        expect(await suite().client.get(clusterGvr, namespace, clusterOf(namespace))).toBeUndefined();
        await patch(namespace, { future: null });
      } finally {
        await offerField(false);
      }
    },
    alone: true,
  },
  Released: {
    bring: async (namespace) => {
      await run(namespace, { plan: 'free', mode: 'protected' });
      await suite().client.patch(addonGvr, namespace, 'shop', { metadata: { finalizers: [anchor] } });
      await suite().client.remove(addonGvr, namespace, 'shop');
    },
    remedy: async (namespace) => {
      await suite().client.patch(addonGvr, namespace, 'shop', { metadata: { finalizers: null } });
      await suite().addons.untilGone(namespace, 'shop');
      await create(namespace, { plan: 'free', mode: 'protected' });
    },
  },
  OldObjectTerminating: {
    bring: async (namespace) => {
      await run(namespace);
      const [gvr, name] = placesOf(namespace).cluster;
      await suite().client.patch(gvr, namespace, name, { metadata: { finalizers: [anchor] } });
      await remove(namespace);
      await create(namespace);
    },
    remedy: (namespace) =>
      suite().client.patch(clusterGvr, namespace, clusterOf(namespace), { metadata: { finalizers: null } }),
  },
  NameConflict: {
    bring: async (namespace) => {
      const metadata = { name: clusterOf(namespace), namespace };
      const spec = { instances: 1, storage: { size: '1Gi' } };
      await suite().client.create(clusterGvr, { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata, spec });
      await create(namespace);
    },
    remedy: (namespace) => suite().client.remove(clusterGvr, namespace, clusterOf(namespace)),
  },
  AdoptionRefused: {
    bring: async (namespace) => {
      await run(namespace, { plan: 'free', mode: 'protected' });
      await remove(namespace);
      await create(namespace, { plan: 'free', mode: 'protected', database: { name: 'other' } });
    },
    // The schema does not let the name of the database be changed.
    remedy: async (namespace) => {
      await remove(namespace);
      await create(namespace, { plan: 'free', mode: 'protected', database: { name: 'app' } });
    },
  },
  InvalidSpec: {
    alone: true,
    bring: async (namespace) => {
      await offerPlan('gold');
      try {
        await eventually('the other schema', () => create(namespace, { plan: 'gold' as AddonSpec['plan'] }));
      } finally {
        await offerPlan(undefined);
      }
    },
    remedy: (namespace) => patch(namespace, { plan: 'free' }),
  },
  Forbidden: {
    alone: true,
    bring: async (namespace) => {
      await permit((all) => without(all, 'clusters', 'create'));
      await create(namespace);
    },
    remedy: () => permit(),
  },
  FieldNotRemoved: {
    type: 'Protected',
    bring: async (namespace) => {
      await run(namespace);
      await guardOwners(namespace);
      await suite().client.patch(addonGvr, namespace, 'shop', { spec: { mode: 'protected' } });
    },
    remedy: (namespace) => suite().client.remove(validatingAdmissionPolicyBindings, undefined, namespace),
  },
  CredentialsInvalid: {
    bring: async (namespace) => {
      await run(namespace);
      const [gvr, name] = placesOf(namespace).source;
      await suite().client.patch(gvr, namespace, name, { data: { password: null } });
    },
    remedy: (namespace) => suite().client.remove(secrets, namespace, placesOf(namespace).source[1]),
  },
  LoginOff: {
    alone: true,
    type: 'RolesReady',
    bring: async (namespace) => {
      await suite().operator.stop();
      await suite().startOperator({ environment: { READINESS_CONNECTION_CHECK: 'Off' } });
      await run(namespace, { plan: 'free', roles: ['read'] });
    },
    remedy: async () => {
      await suite().operator.stop();
      await suite().replaceOperator();
    },
  },
  StorageNotExpandable: {
    type: 'PlanApplied',
    bring: async (namespace) => {
      await makeClass(namespace);
      await run(namespace);
      await patch(namespace, { plan: 'standard' });
    },
    remedy: (namespace) =>
      suite().client.patch(storageClasses, undefined, classOf(namespace), { allowVolumeExpansion: true }),
  },
  StorageUnverified: {
    alone: true,
    type: 'PlanApplied',
    bring: async (namespace) => {
      await run(namespace);
      await permit((all) => without(all, 'storageclasses'));
      await patch(namespace, { plan: 'standard' });
    },
    remedy: () => permit(),
  },
  DowngradeRefused: {
    type: 'PlanApplied',
    bring: async (namespace) => {
      await run(namespace);
      await patch(namespace, { version: '14' });
    },
    remedy: async (namespace) => {
      const { status } = (await suite().client.get(addonGvr, namespace, 'shop')) ?? {};
      await patch(namespace, { version: at(status, 'running', 'lowest') });
    },
  },
  UpgradePending: {
    type: 'PlanApplied',
    // It cannot become ready, as with a version that has no image.
    bring: async (namespace) => {
      suite().simulator.hold(namespace, clusterOf(namespace));
      await create(namespace, { plan: 'free', version: '17.99' });
      const begun = ({ status }: LiveObject): boolean => at(status, 'pgDataImageInfo', 'majorVersion') === 17;
      await suite().clusters.until(namespace, clusterOf(namespace), 'its first files', begun);
      await patch(namespace, { version: '18' });
    },
    remedy: async (namespace) => {
      await patch(namespace, { version: '17' });
      const corrected = ({ spec }: LiveObject): boolean => String(spec?.imageName).includes(':17-');
      await suite().clusters.until(namespace, clusterOf(namespace), 'the other image', corrected);
      suite().simulator.release(namespace, clusterOf(namespace));
    },
  },
  VersionEnded: {
    type: 'EndOfLife',
    bring: (namespace) => run(namespace, { plan: 'free', version: '14' }),
    remedy: (namespace) => patch(namespace, { version: '16' }),
  },
  TakingTooLong: {
    bring: async (namespace) => {
      const { simulator, client } = suite();
      await run(namespace);
      simulator.hold(namespace, clusterOf(namespace));
      await simulator.report(namespace, clusterOf(namespace), {
        phase: 'Failing over',
        readyInstances: null,
        phaseReason,
      });
      const addon = await suite().untilReason(namespace, 'shop', 'Ready', 'Provisioning');
      // The wait began longer ago.
      const lastTransitionTime = new Date(Date.now() - 11 * 60_000).toISOString().replace(/\.\d+/, '');
      const conditions = ((addon.status?.conditions ?? []) as readonly ConditionView[]).map((condition) =>
        condition.type === 'Reconciling' ? { ...condition, lastTransitionTime } : condition,
      );
      await client.patch(addonGvr, namespace, 'shop', { status: { conditions } }, 'status');
    },
    remedy: async (namespace) => {
      const { output } = await suite().kubectl(['describe', 'cluster', clusterOf(namespace), '--namespace', namespace]);
      expect(output).toContain(phaseReason);
      const well = { phase: 'Cluster in healthy state', readyInstances: 1, phaseReason: null };
      await suite().simulator.report(namespace, clusterOf(namespace), well);
      suite().simulator.release(namespace, clusterOf(namespace));
    },
  },
  // The default StorageClass allows it, but its driver does not get to it.
  VolumeGrowing: {
    type: 'PlanApplied',
    bring: async (namespace) => {
      await run(namespace);
      suite().simulator.delayVolumes(namespace, clusterOf(namespace));
      await patch(namespace, { plan: 'standard' });
    },
    remedy: (namespace) => suite().simulator.finishVolumes(namespace, clusterOf(namespace)),
  },
  LoginTimeout: troubled('silence'),
  ConnectionReset: troubled('reset'),
  SecretImmutable: {
    bring: async (namespace) => {
      await run(namespace);
      const { urlSecret, source } = placesOf(namespace);
      await suite().client.patch(secrets, namespace, urlSecret[1], { immutable: true });
      const password = Buffer.from('another').toString('base64');
      await suite().client.patch(secrets, namespace, source[1], { data: { password } });
    },
    remedy: (namespace) => suite().client.remove(secrets, namespace, placesOf(namespace).urlSecret[1]),
  },
};

const rows = (Object.entries(trials) as readonly (readonly [TriedIn<'integration'>, Trial])[]).map(
  ([reason, trial]) => ({ reason, type: 'Ready', ...trial }) as const,
);
type Row = (typeof rows)[number];

const beside = rows.filter(({ alone }) => alone !== true);
const places = new Map<string, string>();
const placeOf = ({ reason }: Row): string => places.get(reason) ?? '';

async function bring(row: Row): Promise<void> {
  const namespace = await suite().namespace();
  places.set(row.reason, namespace);
  await row.bring(namespace);
}

async function expectReported(row: Row): Promise<void> {
  const addon = await suite().untilReason(placeOf(row), 'shop', row.type, row.reason);
  expect(conditionOf(addon, row.type)?.message).not.toBe('');
}

/** It runs, and nothing of the trouble is said any more. */
async function expectHealed(row: Row): Promise<void> {
  const holds = (state: LiveObject): boolean =>
    isRunning(state) &&
    (conditionTypes[row.type].present === 'while true' || conditionOf(state, row.type)?.status === 'True') &&
    !JSON.stringify(state.status?.conditions).includes(`"${row.reason}"`) &&
    conditionOf(state, 'Stalled') === undefined &&
    state.metadata.deletionTimestamp === undefined;
  await suite().addons.until(placeOf(row), 'shop', 'to run as asked', holds);
}

type Outcome = PromiseSettledResult<unknown>;

/** Does something for all rows at once. What fails for one of them is a failure of its own tests, not of the others. */
async function eachBeside(outcomes: Map<Row, Outcome>, act: (row: Row) => Promise<unknown>): Promise<void> {
  const settled = await Promise.allSettled(beside.map(act));
  beside.forEach((row, n) => {
    const outcome = settled[n];
    if (outcome !== undefined) outcomes.set(row, outcome);
  });
}

function expectDone(outcome: Outcome | undefined): void {
  if (outcome?.status !== 'fulfilled') throw outcome?.reason ?? new Error('it was not begun');
}

describe('beside each other', () => {
  const brought = new Map<Row, Outcome>();
  beforeAll(async () => {
    await eachBeside(brought, bring);
  });

  it.each(beside)('is reported: $reason', async (row) => {
    expectDone(brought.get(row));
    await expectReported(row);
  });

  describe('once the remedy was carried out', () => {
    const remedied = new Map<Row, Outcome>();
    beforeAll(async () => {
      await eachBeside(remedied, (row) => row.remedy(placeOf(row)));
    });

    it.each(beside)('the addon runs: $reason', async (row) => {
      expectDone(remedied.get(row));
      await expectHealed(row);
    });
  });
});

describe('alone', () => {
  it.each(rows.filter(({ alone }) => alone === true))(
    'the addon runs once the remedy was carried out: $reason',
    async (row) => {
      try {
        await bring(row);
        await expectReported(row);
      } finally {
        await row.remedy(placeOf(row));
      }
      await expectHealed(row);
    },
  );
});
