// The kinds of Kubernetes' own that tests and simulator touch; the product's and CNPG's are in src/api.
import type { Gvr } from '../../src/api/kubernetes.ts';

const core = (plural: string, kind: string): Gvr => ({ group: '', version: 'v1', plural, kind });

export const namespaces = core('namespaces', 'Namespace');
export const secrets = core('secrets', 'Secret');
export const persistentVolumes = core('persistentvolumes', 'PersistentVolume');
export const resourceQuotas = core('resourcequotas', 'ResourceQuota');
export const configMaps = core('configmaps', 'ConfigMap');
export const storageClasses: Gvr = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  kind: 'StorageClass',
};
export const leases: Gvr = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };
export const events: Gvr = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' };
export const customResourceDefinitions: Gvr = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
};
const rbac = (plural: string, kind: string): Gvr => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
});
export const clusterRoles = rbac('clusterroles', 'ClusterRole');
export const clusterRoleBindings = rbac('clusterrolebindings', 'ClusterRoleBinding');
export const roles = rbac('roles', 'Role');
export const roleBindings = rbac('rolebindings', 'RoleBinding');
export const validatingWebhookConfigurations: Gvr = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
};
