// What `helm test` needs: a pod that runs a free addon from its creation to its removal, with the permissions for that and no others.
// e2e/real/helm/helm.test.ts runs it.
import { describe, expect, it } from '@jest/globals';
import {
  chartDirectory,
  fullName,
  helm,
  identities,
  type Manifest,
  only,
  render,
  renderTest,
  type Values,
} from './helm.ts';

const name = `smoke-test-${fullName}`;

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
  expect(spec.containers[0].args).toEqual(['smoke-test', namespace, name, 'Required']);
});

it('only the pod is a hook: Helm would remove the permissions of a test that still runs', async () => {
  for (const { kind, metadata } of await renderTest()) {
    const policy = 'before-hook-creation,hook-succeeded';
    expect(metadata.annotations).toEqual(
      kind === 'Pod' ? { 'helm.sh/hook': 'test', 'helm.sh/hook-delete-policy': policy } : undefined,
    );
  }
});

it('it may change no addon and read no Secret but its own', async () => {
  const { rules } = only(await renderTest(), 'Role');
  const named = rules.filter(({ resourceNames }: Manifest) => resourceNames !== undefined);
  expect(named).toEqual([
    {
      apiGroups: ['addons.paas.dev'],
      resources: ['postgresaddons'],
      resourceNames: [name],
      verbs: ['get', 'patch', 'delete'],
    },
    { apiGroups: [''], resources: ['secrets'], resourceNames: [`app-${name}-database-url`], verbs: ['get'] },
  ]);
  const others = rules.filter(({ resourceNames }: Manifest) => resourceNames === undefined);
  expect(others.flatMap(({ verbs }: Manifest) => verbs).sort()).toEqual(['create', 'list', 'list', 'watch', 'watch']);
});

it("the pod is not one of the operator's, and fits the Pod Security Standard restricted", async () => {
  const { metadata, spec } = only(await renderTest(), 'Pod');
  const operator = only(await render(), 'Deployment').spec;
  expect(metadata.labels).not.toMatchObject(operator.selector.matchLabels);
  expect(metadata.labels['app.kubernetes.io/instance']).toBe('db');
  expect(spec.securityContext).toEqual(operator.template.spec.securityContext);
  expect(spec.containers[0].securityContext).toEqual(operator.template.spec.containers[0].securityContext);
});

it('the pod is placed, pulled and labelled as those of the operator are', async () => {
  const values = {
    image: { repository: 'example.com/operator', tag: 'edge', pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'control-plane', operator: 'Exists' }],
    resources: { limits: { memory: '300Mi' } },
    priorityClassName: 'high',
    podLabels: { egress: 'databases', 'app.kubernetes.io/name': 'postgres-addon-operator' },
    podAnnotations: { 'sidecar.istio.io/inject': 'false' },
    readiness: { connectionCheck: 'Off' },
  };
  const { metadata, spec } = only(await renderTest(values), 'Pod');
  const { template } = only(await render(values), 'Deployment').spec;
  for (const field of ['imagePullSecrets', 'nodeSelector', 'tolerations', 'priorityClassName']) {
    expect(spec[field]).toBeDefined();
    expect(spec[field]).toEqual(template.spec[field]);
  }
  for (const field of ['image', 'imagePullPolicy', 'resources'])
    expect(spec.containers[0][field]).toEqual(template.spec.containers[0][field]);
  expect(spec.containers[0].args.at(-1)).toBe('Off');
  expect(metadata.labels).toMatchObject({
    egress: 'databases',
    'app.kubernetes.io/name': 'postgres-addon-operator-smoke-test',
  });
  expect(metadata.annotations).toMatchObject({ 'sidecar.istio.io/inject': 'false', 'helm.sh/hook': 'test' });
});

describe('the name of the addon', () => {
  it.each([
    ['1op', /^smoke-test-1op-postgres-addon-operator$/],
    ['prod.db', /^smoke-test-prod-db-postgres-addon-operator$/],
    ['x'.repeat(53), /^smoke-test-x{52}$/],
  ])('is a DNS label for the release %s', async (release, expected) => {
    const { stdout } = await helm([
      'template',
      release,
      chartDirectory,
      '--show-only',
      'templates/tests/smoke-test.yaml',
    ]);
    const [, args = ''] = /args: \[smoke-test, default, (\S+),/.exec(stdout) ?? [];
    expect(args).toMatch(expected);
    expect(args).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });
});

it('without rbac.create there is no test: it would have no permissions', async () => {
  expect(await renderTest({ rbac: { create: false } })).toEqual([]);
});
