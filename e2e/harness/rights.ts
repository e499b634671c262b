// The rights that an operator process under test gets: those that the chart renders, or fewer to see it live without one.
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
  /** undefined: everywhere. */
  readonly namespace: string | undefined;
  readonly rules: readonly Rule[];
}

export type Rights = readonly Grant[];

/** Label of whatever a run of tests leaves in the cluster; the next run removes it. */
export const temporaryLabel = 'e2e.addons.paas.dev/temporary';
export const temporary = { [temporaryLabel]: 'true' };

const chart = join(repositoryRoot, 'charts/postgres-addon-operator');
const release = 'postgres-addon-operator';

/**
 * What the chart grants the operator.
 * @param home the operator's own namespace
 * @param watched the namespaces it is to look after; none means all
 */
export async function chartRights(cluster: Cluster, home: string, watched: readonly string[] = []): Promise<Rights> {
  const { stdout } = await execa(join(cluster.bin, 'helm'), [
    ...['template', release, chart, '--namespace', home, '--show-only', 'templates/rbac.yaml'],
    ...['--set-json', `watchNamespaces=${JSON.stringify(watched)}`],
  ]);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest & Partial<Grant>);
  return objects
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .map(({ metadata, rules = [] }) => ({ name: metadata.name, namespace: metadata.namespace, rules }));
}

/** The rights without some verbs of one resource, or without the resource when no verb is named. */
export function without(rights: Rights, resource: string, ...verbs: readonly string[]): Rights {
  const kept = (rule: Rule): readonly Rule[] => {
    if (!rule.resources.includes(resource)) return [rule];
    const left = verbs.length === 0 ? [] : rule.verbs.filter((verb) => !verbs.includes(verb));
    return left.length === 0 ? [] : [{ ...rule, verbs: left }];
  };
  return rights.map((one) => ({ ...one, rules: one.rules.flatMap(kept) }));
}

/** Each right as `verb resource`, sorted. */
export function listed(rights: Rights): readonly string[] {
  const rules = rights.flatMap((one) => one.rules);
  const each = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  return [...new Set(each)].sort();
}

/** Gives a user these rights, in the place of those that it was given under the same names. */
export async function grant(client: KubeClient, user: string, rights: Rights): Promise<void> {
  await Promise.all(rights.map((one) => grantOne(client, user, one)));
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
