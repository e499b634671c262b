// The kinds of Kubernetes' own that tests and simulator touch; those that the product touches too are its own.
import { type Gvr, leaseGvr, recordedEventGvr } from '../../src/api/kubernetes.ts';
import { resources } from '../../src/api/resources.ts';

export const leases = leaseGvr;
export const events = recordedEventGvr;
export const secrets = resources.secrets.gvr;
export const storageClasses = resources.storageClasses.gvr;

const core = (plural: string, kind: string): Gvr => ({ group: '', version: 'v1', plural, kind });

export const namespaces = core('namespaces', 'Namespace');
export const persistentVolumes = core('persistentvolumes', 'PersistentVolume');
export const resourceQuotas = core('resourcequotas', 'ResourceQuota');
export const configMaps = core('configmaps', 'ConfigMap');
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
