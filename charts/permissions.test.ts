// The permissions that the chart grants to the operator and to app teams: those in the table of resources and no others.
import { describe, expect, it } from '@jest/globals';
import { type ResourceName, type ResourceRow, resources, watchedResources } from '../src/api/resources.ts';
import { children, roles } from '../src/domain/children.ts';
import { fullName, type Manifest, namespace, only, render, type Values } from './helm.ts';

/** The permissions of a scope in the table, in the format of `permissions()`. */
function inTable(scope: ResourceRow['scope']): readonly string[] {
  const rows: readonly ResourceRow[] = Object.values(resources).filter((row) => row.scope === scope);
  return rows
    .flatMap(({ gvr, permissions }) =>
      permissions.flatMap(({ verbs, subresource, ownOnly }) => {
        const path = subresource === undefined ? gvr.plural : `${gvr.plural}/${subresource}`;
        return verbs.map((verb) => `${gvr.group || 'core'}/${path}${ownOnly ? `[${fullName}]` : ''} ${verb}`);
      }),
    )
    .sort();
}

/** A permission in the form of `inTable()`. */
function permissionOf(name: ResourceName, verb: string): string {
  const { group, plural } = resources[name].gvr;
  return `${group || 'core'}/${plural} ${verb}`;
}

const inWatchedNamespaces = inTable('namespaced');
const acrossTheCluster = inTable('cluster');
const forTheLease = inTable('own namespace');

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
  expect(bindings.length).toBeGreaterThan(0);
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

  it('deletes nothing but removable children, Backups and the ObjectStores of restore drills, finds no Secret that it cannot name, and gets nothing by a wildcard', async () => {
    const all = Object.values(await granted({})).flat();
    const withVerb = (...verbs: readonly string[]) =>
      all.filter((permission) => verbs.some((verb) => permission.endsWith(` ${verb}`)));
    expect(all.length).toBeGreaterThan(20);
    const removable = roles.filter((role) => children[role].removable).map((role) => children[role].resource);
    expect(withVerb('delete', 'deletecollection').toSorted()).toEqual(
      [...new Set([...removable, 'backups' as const, 'objectStores' as const])]
        .map((resource) => permissionOf(resource, 'delete'))
        .toSorted(),
    );
    expect(withVerb('list', 'watch').filter((permission) => permission.includes('secrets'))).toEqual([]);
    expect(all.filter((permission) => permission.includes('*'))).toEqual([]);
  });

  it('may list and watch what it keeps in memory', () => {
    for (const name of watchedResources)
      for (const verb of ['list', 'watch']) expect(inWatchedNamespaces).toContain(permissionOf(name, verb));
  });

  it.each(roles)('may do to the %s what it does to every child', (role) => {
    const { resource, removable } = children[role];
    for (const verb of ['get', 'create', 'patch', ...(removable ? ['delete'] : [])])
      expect(inWatchedNamespaces).toContain(permissionOf(resource, verb));
  });

  it('is elected through the Lease that it may use', async () => {
    const [container] = only(await render(), 'Deployment').spec.template.spec.containers;
    expect(container.env).toContainEqual({ name: 'LEASE_NAME', value: fullName });
  });
});

describe('app teams', () => {
  const label = (role: string) => `rbac.authorization.k8s.io/aggregate-to-${role}`;

  it('are permitted to view PostgresAddons with view, edit and admin', async () => {
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
