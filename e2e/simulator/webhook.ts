// What CNPG 1.30's webhook rejects of what the operator could write, as an admission policy of the API server: the simulator has no webhook.
// The model's API server (src/model/server.ts) has the same rules.
import { clusterGvr } from '../../src/api/cnpg.ts';

const name = 'cnpg-webhook.e2e.addons.paas.dev';

const validations = [
  {
    expression:
      '!has(object.spec.postgresql.synchronous) || object.spec.instances > object.spec.postgresql.synchronous.number',
    message: 'spec.postgresql.synchronous.number: Invalid value: must be smaller than the number of instances',
  },
  {
    expression:
      'oldObject == null || quantity(object.spec.storage.size).compareTo(quantity(oldObject.spec.storage.size)) >= 0',
    message: "spec.storage.size: Invalid value: can't shrink existing storage",
  },
  {
    expression:
      "oldObject == null || object.spec.primaryUpdateMethod != 'switchover' || object.spec.imageName == oldObject.spec.imageName || object.spec.postgresql.parameters == oldObject.spec.postgresql.parameters",
    message: "spec.imageName: Invalid value: Can't change image name and configuration at the same time",
  },
] as const;

/** To apply to a control plane. It takes effect within seconds. */
export const cnpgWebhook = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [clusterGvr.group],
            apiVersions: [clusterGvr.version],
            operations: ['CREATE', 'UPDATE'],
            resources: [clusterGvr.plural],
          },
        ],
      },
      // Clusters of a test of foreign objects can lack anything.
      matchConditions: [
        {
          name: 'complete',
          expression:
            'has(object.spec.instances) && has(object.spec.imageName) && has(object.spec.postgresql) && has(object.spec.storage) && has(object.spec.storage.size) && has(object.spec.primaryUpdateMethod) && (oldObject == null || (has(oldObject.spec.storage) && has(oldObject.spec.storage.size) && has(oldObject.spec.imageName) && has(oldObject.spec.postgresql)))',
        },
      ],
      validations: validations.map((validation) => ({ ...validation, reason: 'Invalid' })),
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  },
];
