// The kinds of Kubernetes' own that the clusters' commands, the tests and the simulator touch; those of the product are its own.
import { type Gvr, leaseGvr, recordedEventGvr } from '../../src/api/kubernetes.ts';
import { resources } from '../../src/api/resources.ts';

const inGroup =
  (group: string) =>
  (plural: string, kind: string): Gvr => ({ group, version: 'v1', plural, kind });
const core = inGroup('');
const apps = inGroup('apps');
const rbac = inGroup('rbac.authorization.k8s.io');
const admission = inGroup('admissionregistration.k8s.io');

export const namespaces = core('namespaces', 'Namespace');
export const nodes = core('nodes', 'Node');
export const secrets = resources.secrets.gvr;
export const configMaps = core('configmaps', 'ConfigMap');
export const serviceAccounts = core('serviceaccounts', 'ServiceAccount');
export const persistentVolumes = core('persistentvolumes', 'PersistentVolume');
export const resourceQuotas = core('resourcequotas', 'ResourceQuota');
export const deployments = apps('deployments', 'Deployment');
export const storageClasses = resources.storageClasses.gvr;
export const leases = leaseGvr;
export const events = recordedEventGvr;
export const customResourceDefinitions = inGroup('apiextensions.k8s.io')(
  'customresourcedefinitions',
  'CustomResourceDefinition',
);
export const clusterRoles = rbac('clusterroles', 'ClusterRole');
export const clusterRoleBindings = rbac('clusterrolebindings', 'ClusterRoleBinding');
export const roles = rbac('roles', 'Role');
export const roleBindings = rbac('rolebindings', 'RoleBinding');
export const validatingWebhookConfigurations = admission(
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
);
export const validatingAdmissionPolicies = admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy');
export const validatingAdmissionPolicyBindings = admission(
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
);
export const mutatingAdmissionPolicies = admission('mutatingadmissionpolicies', 'MutatingAdmissionPolicy');
export const mutatingAdmissionPolicyBindings = admission(
  'mutatingadmissionpolicybindings',
  'MutatingAdmissionPolicyBinding',
);

/** Those of the manifests that the clusters install. */
const installed: readonly Gvr[] = [
  namespaces,
  secrets,
  configMaps,
  serviceAccounts,
  core('services', 'Service'),
  deployments,
  storageClasses,
  customResourceDefinitions,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  validatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  admission('mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'),
];

/** The resource that a manifest belongs to. @throws Error for a kind that is not in the table */
export function gvrOf({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Gvr {
  const found = installed.find((gvr) => gvr.kind === kind && apiVersion === apiVersionOf(gvr));
  if (found === undefined) throw new Error(`The harness does not know ${kind} of ${apiVersion}: add it to the kinds.`);
  return found;
}

function apiVersionOf({ group, version }: Gvr): string {
  return group === '' ? version : `${group}/${version}`;
}
