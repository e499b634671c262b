// The rights that an operator process under test gets: those that the chart renders, or fewer to see it live without one.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../../hack/cluster/cluster.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import type { KubeClient, NewObject } from './client.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './kinds.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface Rights {
  /** In every namespace. */
  readonly everywhere: readonly Rule[];
  /** In the operator's own namespace: the Lease. */
  readonly athome: readonly Rule[];
}

/** Label of whatever a run of tests leaves in the cluster; the next run removes it. */
export const temporaryLabel = 'e2e.addons.paas.dev/temporary';
export const temporary = { [temporaryLabel]: 'true' };

const chart = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'charts/postgres-addon-operator');
const release = 'postgres-addon-operator';

/** What the chart grants the operator when it watches all namespaces. @throws Error when the chart renders other roles than these two */
export async function chartRights(cluster: Cluster): Promise<Rights> {
  const args = ['template', release, chart, '--namespace', 'default', '--show-only', 'templates/rbac.yaml'];
  const { stdout } = await execa(join(cluster.bin, 'helm'), args);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS() as NewObject & { readonly rules?: readonly Rule[] });
  const rulesOf = (kind: string): readonly Rule[] => {
    const [found, ...more] = objects.filter((object) => object.kind === kind);
    if (found?.rules === undefined || more.length > 0) throw new Error(`the chart's rbac.yaml does not hold one ${kind}`);
    return found.rules;
  };
  return { everywhere: rulesOf('ClusterRole'), athome: rulesOf('Role') };
}

/** The rights without some verbs of one resource, or without the resource when no verb is named. */
export function without(rights: Rights, resource: string, ...verbs: readonly string[]): Rights {
  const everywhere = rights.everywhere.flatMap((rule) => {
    if (!rule.resources.includes(resource)) return [rule];
    const left = verbs.length === 0 ? [] : rule.verbs.filter((verb) => !verbs.includes(verb));
    return left.length === 0 ? [] : [{ ...rule, verbs: left }];
  });
  return { ...rights, everywhere };
}

/** Each right as `verb resource`, sorted. */
export function listed({ everywhere, athome }: Rights): readonly string[] {
  const each = [...everywhere, ...athome].flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  return [...new Set(each)].sort();
}

/** Gives a user exactly these rights, whatever it had before. @param home the operator's own namespace */
export async function grant(client: KubeClient, user: string, home: string, rights: Rights): Promise<void> {
  const name = `e2e-${user.replace(/[^a-z0-9]+/g, '-')}`;
  await Promise.all([
    put(client, clusterRoles, clusterRoleBindings, { name }, user, rights.everywhere),
    put(client, roles, roleBindings, { name, namespace: home }, user, rights.athome),
  ]);
}

async function put(
  client: KubeClient,
  role: Gvr,
  binding: Gvr,
  place: { readonly name: string; readonly namespace?: string },
  user: string,
  rules: readonly Rule[],
): Promise<void> {
  const metadata = { ...place, labels: temporary };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  if ((await client.get(role, place.namespace, place.name)) !== undefined) {
    await client.patch(role, place.namespace, place.name, { rules });
    return;
  }
  await client.create(role, { apiVersion, kind: role.kind, metadata, rules });
  await client.create(binding, {
    apiVersion,
    kind: binding.kind,
    metadata,
    roleRef: { apiGroup: role.group, kind: role.kind, name: place.name },
    subjects: [{ apiGroup: role.group, kind: 'User', name: user }],
  });
}
