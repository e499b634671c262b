// The RBAC permissions of an operator under test: those that the chart renders, or fewer, to test how it behaves without one.
import { join } from 'node:path';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import type { KubeClient, Manifest } from '../../hack/cluster/client.ts';
import type { Cluster } from '../../hack/cluster/cluster.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../hack/cluster/kinds.ts';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** A ClusterRole, or a Role of one namespace. */
export interface Grant {
  readonly name: string;
  /** undefined: a ClusterRole. */
  readonly namespace: string | undefined;
  readonly rules: readonly Rule[];
}

export type Permissions = readonly Grant[];

/** Label of objects that a test run may leave in the cluster; the next run removes them. */
export const temporaryLabel = 'e2e.addons.paas.dev/temporary';
export const temporary = { [temporaryLabel]: 'true' };

const chart = join(repositoryRoot, 'charts/postgres-addon-operator');
const release = 'postgres-addon-operator';

/**
 * What the chart grants the operator.
 * @param home the operator's own namespace
 * @param watched the namespaces that it watches; none means all
 * @param template the file of the chart that grants them
 */
export async function chartPermissions(
  cluster: Cluster,
  home: string,
  watched: readonly string[] = [],
  template = 'templates/rbac.yaml',
): Promise<Permissions> {
  const { stdout } = await execa(join(cluster.bin, 'helm'), [
    ...['template', release, chart, '--namespace', home, '--show-only', template],
    ...['--set-json', `watchNamespaces=${JSON.stringify(watched)}`],
  ]);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest & Partial<Grant>);
  return objects
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .map(({ metadata, rules = [] }) => ({ name: metadata.name, namespace: metadata.namespace, rules }));
}

/** The permissions without some verbs of one resource, or without the resource when no verb is named. */
export function without(permissions: Permissions, resource: string, ...verbs: readonly string[]): Permissions {
  const kept = (rule: Rule): readonly Rule[] => {
    if (!rule.resources.includes(resource)) return [rule];
    const left = verbs.length === 0 ? [] : rule.verbs.filter((verb) => !verbs.includes(verb));
    return left.length === 0 ? [] : [{ ...rule, verbs: left }];
  };
  return permissions.map((one) => ({ ...one, rules: one.rules.flatMap(kept) }));
}

/** Each permission as `verb resource`, sorted. */
export function listed(permissions: Permissions): readonly string[] {
  const rules = permissions.flatMap((one) => one.rules);
  const each = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  return [...new Set(each)].sort();
}

/** Grants a user these permissions, replacing those granted under the same names. */
export async function grant(client: KubeClient, user: string, permissions: Permissions): Promise<void> {
  await Promise.all(permissions.map((one) => grantOne(client, user, one)));
}

async function grantOne(client: KubeClient, user: string, { name: given, namespace, rules }: Grant): Promise<void> {
  const name = `${given}-${user}`;
  const [role, binding] = namespace === undefined ? [clusterRoles, clusterRoleBindings] : [roles, roleBindings];
  if ((await client.get(role, namespace, name)) !== undefined) {
    await client.patch(role, namespace, name, { rules });
    return;
  }
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), labels: temporary };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await client.create(role, { apiVersion, kind: role.kind, metadata, rules });
  await client.create(binding, {
    apiVersion,
    kind: binding.kind,
    metadata,
    roleRef: { apiGroup: role.group, kind: role.kind, name },
    subjects: [{ apiGroup: role.group, kind: 'User', name: user }],
  });
}
