// What the chart lets the operator and the app teams do: these lists and nothing else.
import { describe, expect, it } from '@jest/globals';
import { fullName, type Manifest, namespace, only, render, type Values } from './helm.ts';

const inWatchedNamespaces = [
  'addons.paas.dev/postgresaddons get',
  'addons.paas.dev/postgresaddons list',
  'addons.paas.dev/postgresaddons patch',
  'addons.paas.dev/postgresaddons watch',
  'addons.paas.dev/postgresaddons/finalizers update',
  'addons.paas.dev/postgresaddons/status patch',
  'core/events list',
  'core/persistentvolumeclaims list',
  'core/pods list',
  'core/secrets create',
  'core/secrets get',
  'core/secrets patch',
  'events.k8s.io/events create',
  'postgresql.cnpg.io/clusters create',
  'postgresql.cnpg.io/clusters get',
  'postgresql.cnpg.io/clusters list',
  'postgresql.cnpg.io/clusters patch',
  'postgresql.cnpg.io/clusters watch',
  'postgresql.cnpg.io/scheduledbackups create',
  'postgresql.cnpg.io/scheduledbackups delete',
  'postgresql.cnpg.io/scheduledbackups get',
  'postgresql.cnpg.io/scheduledbackups list',
  'postgresql.cnpg.io/scheduledbackups patch',
  'postgresql.cnpg.io/scheduledbackups watch',
];
const acrossTheCluster = ['storage.k8s.io/storageclasses get'];
const forTheLease = [
  'coordination.k8s.io/leases create',
  `coordination.k8s.io/leases[${fullName}] get`,
  `coordination.k8s.io/leases[${fullName}] update`,
];

/** Every permission of a role, as `group/resource[name] verb`. */
function permissions(role: Manifest): readonly string[] {
  return role.rules
    .flatMap(({ apiGroups, resources, resourceNames, verbs }: Manifest) =>
      apiGroups.flatMap((group: string) =>
        resources.flatMap((resource: string) =>
          verbs.map(
            (verb: string) => `${group || 'core'}/${resource}${resourceNames ? `[${resourceNames}]` : ''} ${verb}`,
          ),
        ),
      ),
    )
    .sort();
}

/** What the operator's ServiceAccount may do, by namespace; `*` is the whole cluster. */
async function granted(values: Values): Promise<Readonly<Record<string, readonly string[]>>> {
  const manifests = await render(values);
  const account = only(manifests, 'ServiceAccount').metadata;
  const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'));
  const grants: Record<string, readonly string[]> = {};
  for (const { roleRef, subjects, metadata } of bindings) {
    expect(subjects).toEqual([{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }]);
    const role = manifests.find(
      (one) =>
        one.kind === roleRef.kind &&
        one.metadata.name === roleRef.name &&
        one.metadata.namespace === metadata.namespace,
    );
    const where = metadata.namespace ?? '*';
    grants[where] = [...(grants[where] ?? []), ...permissions(role)].sort();
  }
  return grants;
}

describe('the operator', () => {
  it('may work in the whole cluster by default', async () => {
    expect(await granted({})).toEqual({
      '*': [...inWatchedNamespaces, ...acrossTheCluster].sort(),
      [namespace]: forTheLease,
    });
  });

  it('may work in the watched namespaces only, and read StorageClasses', async () => {
    expect(await granted({ watchNamespaces: ['team-a', 'team-b'] })).toEqual({
      '*': acrossTheCluster,
      'team-a': inWatchedNamespaces,
      'team-b': inWatchedNamespaces,
      [namespace]: forTheLease,
    });
  });

  it('may use the Lease of its own namespace when that is watched too', async () => {
    expect(await granted({ watchNamespaces: [namespace] })).toEqual({
      '*': acrossTheCluster,
      [namespace]: [...inWatchedNamespaces, ...forTheLease].sort(),
    });
  });

  it('is elected through the Lease that it may use', async () => {
    const [container] = only(await render(), 'Deployment').spec.template.spec.containers;
    expect(container.env).toContainEqual({ name: 'LEASE_NAME', value: fullName });
  });
});

describe('app teams', () => {
  const label = (role: string) => `rbac.authorization.k8s.io/aggregate-to-${role}`;

  it('may look at PostgresAddons with view, edit and admin', async () => {
    const role = only(await render(), 'ClusterRole', `${fullName}-view`);
    expect(role.metadata.labels).toMatchObject({
      [label('view')]: 'true',
      [label('edit')]: 'true',
      [label('admin')]: 'true',
    });
    expect(permissions(role)).toEqual(['get', 'list', 'watch'].map((verb) => `addons.paas.dev/postgresaddons ${verb}`));
  });

  it('may write PostgresAddons with edit and admin, but not their status', async () => {
    const role = only(await render(), 'ClusterRole', `${fullName}-edit`);
    expect(role.metadata.labels).toMatchObject({ [label('edit')]: 'true', [label('admin')]: 'true' });
    expect(role.metadata.labels).not.toHaveProperty([label('view')]);
    expect(permissions(role)).toEqual(
      ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'].map(
        (verb) => `addons.paas.dev/postgresaddons ${verb}`,
      ),
    );
  });
});
