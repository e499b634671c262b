// What `helm test` creates: a pod that runs a free addon from its creation to its removal, with the permissions for that and no others.
// e2e/real/helm/helm.test.ts runs it.
import { expect, it } from '@jest/globals';
import { fullName, identities, type Manifest, only, render, renderTest, type Values } from './helm.ts';

const name = `${fullName}-smoke-test`;

const places: readonly (readonly [what: string, values: Values, namespace: string])[] = [
  ['of the release, if all are watched', {}, 'paas'],
  ['of the release, if it is watched', { watchNamespaces: ['team-a', 'paas'] }, 'paas'],
  ['that is watched first', { watchNamespaces: ['team-a', 'team-b'] }, 'team-a'],
];

it.each(places)('the addon is in the namespace %s', async (_, values, namespace) => {
  const manifests = await renderTest(values);
  expect(identities(manifests)).toEqual([
    `Pod paas/${name}`,
    `Role ${namespace}/${name}`,
    `RoleBinding ${namespace}/${name}`,
    `ServiceAccount paas/${name}`,
  ]);
  const { roleRef, subjects } = only(manifests, 'RoleBinding');
  expect(roleRef).toMatchObject({ kind: 'Role', name });
  expect(subjects).toEqual([{ kind: 'ServiceAccount', name, namespace: 'paas' }]);
  const { spec } = only(manifests, 'Pod');
  expect(spec.serviceAccountName).toBe(name);
  expect(spec.containers[0].args).toEqual(['smoke-test', namespace, name]);
});

it('the pod is created after its permissions, and all of it is removed after a success', async () => {
  for (const { kind, metadata } of await renderTest()) {
    expect(metadata.annotations).toEqual({
      'helm.sh/hook': 'test',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
      ...(kind === 'Pod' ? {} : { 'helm.sh/hook-weight': '-1' }),
    });
  }
});

it('it may read no Secret but that of its addon', async () => {
  const { rules } = only(await renderTest(), 'Role');
  const rule = rules.find(({ resources }: Manifest) => resources.includes('secrets'));
  expect(rule).toEqual({
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [`app-${name}-database-url`],
    verbs: ['get'],
  });
});

it("the pod is not one of the operator's, and fits the Pod Security Standard restricted", async () => {
  const { metadata, spec } = only(await renderTest(), 'Pod');
  const operator = only(await render(), 'Deployment').spec;
  expect(metadata.labels).not.toMatchObject(operator.selector.matchLabels);
  expect(metadata.labels['app.kubernetes.io/instance']).toBe('db');
  expect(spec.securityContext).toEqual(operator.template.spec.securityContext);
  expect(spec.containers[0].securityContext).toEqual(operator.template.spec.containers[0].securityContext);
});

it('the pod is placed and pulled as those of the operator are', async () => {
  const values = {
    image: { repository: 'example.com/operator', tag: 'edge', pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'control-plane', operator: 'Exists' }],
    resources: { limits: { memory: '300Mi' } },
  };
  const { spec } = only(await renderTest(values), 'Pod');
  const operator = only(await render(values), 'Deployment').spec.template.spec;
  for (const field of ['imagePullSecrets', 'nodeSelector', 'tolerations']) {
    expect(spec[field]).toBeDefined();
    expect(spec[field]).toEqual(operator[field]);
  }
  for (const field of ['image', 'imagePullPolicy', 'resources'])
    expect(spec.containers[0][field]).toEqual(operator.containers[0][field]);
});

it('without rbac.create there is no test: it would have no permissions', async () => {
  expect(await renderTest({ rbac: { create: false } })).toEqual([]);
});
