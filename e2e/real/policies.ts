// Restrictions that a platform team can put on a namespace: policies that reject or change objects, quotas and limits. They must not
// affect another namespace, because other tests run at the same time.
import { eventually } from '../../hack/cluster/wait.ts';
import type { Real } from './real.ts';

const admission = 'admissionregistration.k8s.io/v1';
const core = 'v1';

/** Kinds as a policy names them. */
const targets = {
  clusters: { apiGroups: ['postgresql.cnpg.io'], apiVersions: ['v1'], resources: ['clusters'] },
  pods: { apiGroups: [''], apiVersions: [core], resources: ['pods'] },
  claims: { apiGroups: [''], apiVersions: [core], resources: ['persistentvolumeclaims'] },
} as const;
export type PolicyTarget = keyof typeof targets;

function constraints(namespace: string, target: PolicyTarget) {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    resourceRules: [{ ...targets[target], operations: ['CREATE'] }],
  } as const;
}

async function apply(real: Real, ...objects: readonly object[]): Promise<void> {
  await real.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: core, kind: 'List', items: objects }));
}

/** Refuses to create such objects in the namespace, in these words. */
export async function refuse(real: Real, namespace: string, target: PolicyTarget, words: string): Promise<void> {
  const metadata = { name: namespace };
  await apply(
    real,
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        matchConstraints: constraints(namespace, target),
        validations: [{ expression: 'false', message: words }],
      },
    },
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: namespace, validationActions: ['Deny'] },
    },
  );
}

/** Changes every such object in the namespace at its creation. @param expression CEL, of what is merged into the object */
async function change(real: Real, namespace: string, target: PolicyTarget, expression: string): Promise<void> {
  const metadata = { name: namespace };
  await apply(
    real,
    {
      apiVersion: admission,
      kind: 'MutatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: constraints(namespace, target),
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
      },
    },
    { apiVersion: admission, kind: 'MutatingAdmissionPolicyBinding', metadata, spec: { policyName: namespace } },
  );
}

/** Gives every claim of the namespace another StorageClass than the cluster's default one. */
export async function useStorageClass(real: Real, namespace: string, name: string): Promise<void> {
  await change(real, namespace, 'claims', `Object{spec: Object.spec{storageClassName: "${name}"}}`);
}

/** Makes every container of the namespace ask for one unit of an extended resource. */
export async function askFor(real: Real, namespace: string, resource: string): Promise<void> {
  const resources = `Object.spec.containers.resources{requests: {"${resource}": "1"}, limits: {"${resource}": "1"}}`;
  const container = `Object.spec.containers{name: container.name, resources: ${resources}}`;
  const expression = `Object{spec: Object.spec{containers: object.spec.containers.map(container, ${container})}}`;
  await change(real, namespace, 'pods', expression);
}

/** Gives the container that archives so little memory, in every pod of CNPG that is made in the namespace. */
export async function limitSidecar(real: Real, namespace: string, memory: string): Promise<void> {
  const quantities = `{"memory": "${memory}"}`;
  const resources = `Object.spec.initContainers.resources{requests: ${quantities}, limits: ${quantities}}`;
  const container = `Object.spec.initContainers{name: container.name, resources: ${resources}}`;
  const sidecars = 'object.spec.initContainers.filter(container, container.name == "plugin-barman-cloud")';
  const expression = `Object{spec: Object.spec{initContainers: ${sidecars}.map(container, ${container})}}`;
  await change(real, namespace, 'pods', expression);
}

/** Takes away what `refuse`, `useStorageClass`, `askFor` or `limitSidecar` put there. */
export async function lift(real: Real, namespace: string): Promise<void> {
  const kinds = ['validatingadmissionpolicy', 'mutatingadmissionpolicy'].flatMap((kind) => [kind, `${kind}binding`]);
  await Promise.all(kinds.map((kind) => real.kubectl(['delete', kind, namespace, '--ignore-not-found'])));
}

/** Limits what there may be in the namespace. @param hard such as `{ pods: '0' }` */
export async function setQuota(real: Real, namespace: string, hard: Readonly<Record<string, string>>): Promise<void> {
  const metadata = { name: 'small', namespace };
  await apply(real, { apiVersion: core, kind: 'ResourceQuota', metadata, spec: { hard } });
  // A quota refuses only once its use has been counted.
  const counted = `jsonpath={.status.used}`;
  await real.kubectl(['wait', 'resourcequota', 'small', '--namespace', namespace, `--for=${counted}`, '--timeout=10m']);
}

/** Limits the memory that a container of the namespace may have. */
export async function limitMemory(real: Real, namespace: string, memory: string): Promise<void> {
  const spec = { limits: [{ type: 'Container', max: { memory } }] };
  await apply(real, { apiVersion: core, kind: 'LimitRange', metadata: { name: 'small', namespace }, spec });
}

/** Gives each container of the namespace that asks for no memory so much, and no more. */
export async function giveMemory(real: Real, namespace: string, memory: string): Promise<void> {
  const spec = { limits: [{ type: 'Container', default: { memory }, defaultRequest: { memory } }] };
  await apply(real, { apiVersion: core, kind: 'LimitRange', metadata: { name: 'small', namespace }, spec });
  // The API server reads it with a delay.
  const limit = 'jsonpath={.spec.containers[0].resources.limits.memory}';
  const probe = ['run', 'probe', '--image=probe', '--dry-run=server', '--namespace', namespace, '--output', limit];
  await eventually('the limit of a container', async () => {
    const given = await real.kubectl(probe);
    if (given !== memory) throw new Error(`${given} instead of ${memory}`);
  });
}

/** Registers a foreign webhook for the Clusters of the namespace that does not respond. */
export async function breakWebhook(real: Real, namespace: string): Promise<void> {
  const { namespaceSelector, resourceRules } = constraints(namespace, 'clusters');
  await apply(real, {
    apiVersion: admission,
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: `guard.${namespace}.example`,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        clientConfig: { service: { name: 'guard', namespace } },
        namespaceSelector,
        rules: resourceRules,
      },
    ],
  });
}
