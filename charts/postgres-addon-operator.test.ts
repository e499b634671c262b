// The chart as a whole: what it renders by default and with each switch, and that it is safe to run.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { generateChartCrd } from '../hack/generate/crd.ts';
import { reasons } from '../src/api/conditions.ts';
import {
  chartDirectory,
  fullName,
  helm,
  identities,
  type Manifest,
  namespace,
  only,
  render,
  type Values,
} from './helm.ts';

const repository = join(import.meta.dirname, '..');
const sourceCrd = join(repository, 'crds', 'addons.paas.dev_postgresaddons.yaml');

const byDefault = [
  `ClusterRole ${fullName}`,
  `ClusterRole ${fullName}-edit`,
  `ClusterRole ${fullName}-view`,
  `ClusterRoleBinding ${fullName}`,
  'CustomResourceDefinition postgresaddons.addons.paas.dev',
  `Deployment paas/${fullName}`,
  `PodDisruptionBudget paas/${fullName}`,
  `Role paas/${fullName}-leader-election`,
  `RoleBinding paas/${fullName}-leader-election`,
  `ServiceAccount paas/${fullName}`,
];

it('has the CRD among what an upgrade changes, and before the operator that needs it', async () => {
  // Helm prints in the order in which it applies, and never upgrades what is in the folder crds.
  const kinds = (await render()).map(({ kind }) => kind);
  expect(kinds.indexOf('CustomResourceDefinition')).toBeGreaterThanOrEqual(0);
  expect(kinds.indexOf('CustomResourceDefinition')).toBeLessThan(kinds.indexOf('Deployment'));
  const [definition] = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition');
  expect(definition.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
});

it('has an expected health in Argo CD for each reason', async () => {
  const path = join(repository, 'e2e', 'real', 'argo-cd', 'health.golden.json');
  const golden = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, readonly string[]>>;
  expect(Object.keys(golden).sort()).toEqual(Object.keys(reasons).sort());
  for (const row of Object.values(golden)) expect(row).toHaveLength(4);
});

const switches: readonly (readonly [what: string, values: Values, more: readonly string[], less: readonly string[]])[] =
  [
    ['nothing', {}, [], []],
    [
      'watchNamespaces',
      { watchNamespaces: ['team-a', 'team-b'] },
      ['team-a', 'team-b'].flatMap((name) => [`Role ${name}/${fullName}`, `RoleBinding ${name}/${fullName}`]),
      [],
    ],
    ['plans', { plans: { free: { instances: 2 } } }, [`ConfigMap paas/${fullName}-settings`], []],
    ['crds off', { crds: { enabled: false } }, [], ['CustomResourceDefinition postgresaddons.addons.paas.dev']],
    ['one replica', { replicaCount: 1 }, [], [`PodDisruptionBudget paas/${fullName}`]],
    ['networkPolicy', { networkPolicy: { enabled: true } }, [`NetworkPolicy paas/${fullName}`], []],
    [
      'serviceMonitor',
      { metrics: { serviceMonitor: { enabled: true } } },
      [`Service paas/${fullName}`, `ServiceMonitor paas/${fullName}`],
      [],
    ],
    ['a digest', { image: { digest: `sha256:${'1'.repeat(64)}` } }, [], []],
  ];

describe('with', () => {
  it.each(switches)('%s, the chart makes these objects', async (_, values, more, less) => {
    const manifests = await render(values);
    expect(identities(manifests)).toEqual([...byDefault.filter((one) => !less.includes(one)), ...more].sort());
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'postgres-addon-operator',
        'app.kubernetes.io/instance': 'db',
        'app.kubernetes.io/version': '0.1.0',
        'app.kubernetes.io/managed-by': 'Helm',
        'helm.sh/chart': 'postgres-addon-operator-0.1.0',
      });
    }
  });

  it.each(switches)('%s, helm lint has nothing to say', async (_, values) => {
    const { stdout, exitCode } = await helm(
      ['lint', '--strict', chartDirectory, '--values', '-'],
      JSON.stringify(values),
    );
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
    expect(exitCode).toBe(0);
  });
});

describe('the Deployment', () => {
  it('fits the Pod Security Standard restricted', async () => {
    const { spec } = only(await render({ plans: { free: { instances: 2 } } }), 'Deployment').spec.template;
    expect(spec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.containers).toHaveLength(1);
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers']) expect(spec).not.toHaveProperty(field);
    expect(spec.volumes).toEqual([{ name: 'settings', configMap: { name: `${fullName}-settings` } }]);
  });

  it('mounts a token in its pods only, and takes no environment from Services', async () => {
    const manifests = await render();
    expect(only(manifests, 'ServiceAccount').automountServiceAccountToken).toBe(false);
    const { spec } = only(manifests, 'Deployment').spec.template;
    expect(spec).toMatchObject({ automountServiceAccountToken: true, enableServiceLinks: false });
  });

  it('is probed, and has time to end its work', async () => {
    const { spec } = only(await render(), 'Deployment').spec.template;
    expect(spec.terminationGracePeriodSeconds).toBe(30);
    const [{ ports, livenessProbe, readinessProbe }] = spec.containers;
    expect(ports).toEqual([{ name: 'http', containerPort: 8080 }]);
    expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
  });

  it('replaces pods one after the other, the new one first', async () => {
    const { strategy, replicas } = only(await render(), 'Deployment').spec;
    expect(replicas).toBe(2);
    expect(strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  });

  it('restarts its pods for other plans', async () => {
    const annotations = async (values: Values) =>
      only(await render(values), 'Deployment').spec.template.metadata.annotations;
    const first = await annotations({ plans: { free: { instances: 2 } } });
    expect(first).toEqual({ 'checksum/settings': expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await annotations({ plans: { free: { instances: 3 } } })).not.toEqual(first);
  });

  it('selects, like everything that selects, exactly its own pods', async () => {
    const manifests = await render({
      metrics: { serviceMonitor: { enabled: true } },
      networkPolicy: { enabled: true },
    });
    const labels = { 'app.kubernetes.io/name': 'postgres-addon-operator', 'app.kubernetes.io/instance': 'db' };
    const spec = (kind: string): Manifest => only(manifests, kind).spec;
    expect(spec('Deployment').selector.matchLabels).toEqual(labels);
    expect(spec('Service').selector).toEqual(labels);
    expect(spec('ServiceMonitor').selector.matchLabels).toEqual(labels);
    expect(spec('PodDisruptionBudget').selector.matchLabels).toEqual(labels);
    expect(spec('NetworkPolicy').podSelector.matchLabels).toEqual(labels);
    expect(spec('Deployment').template.metadata.labels).toMatchObject(labels);
  });

  it.each([
    ['256Mi', '--max-semi-space-size=2 --max-old-space-size=192'],
    ['2Gi', '--max-semi-space-size=2 --max-old-space-size=1536'],
    [null, '--max-semi-space-size=2'],
  ])('with a memory limit of %s has NODE_OPTIONS %s', async (memory, expected) => {
    const [{ env }] = only(await render({ resources: { limits: { memory } } }), 'Deployment').spec.template.spec
      .containers;
    expect(env.find(({ name }: Manifest) => name === 'NODE_OPTIONS')?.value).toBe(expected);
  });
});

describe('the CRD', () => {
  it('is the source, kept at an uninstall', async () => {
    const { metadata, ...crd } = only(await render(), 'CustomResourceDefinition');
    const { metadata: source, ...rest } = parse(await readFile(sourceCrd, 'utf8'));
    expect(crd).toEqual(rest);
    expect(metadata).toEqual({
      ...source,
      labels: expect.anything(),
      annotations: { 'helm.sh/resource-policy': 'keep' },
    });
  });

  it('is in the chart as it is generated; otherwise run `npm run generate`', async () => {
    const path = join(chartDirectory, 'templates', 'crds.yaml');
    expect(await readFile(path, 'utf8')).toBe(await generateChartCrd(sourceCrd));
  });
});

describe('Chart.yaml', () => {
  it('has the version of package.json, and examples that are those in examples/', async () => {
    const chart = parse(await readFile(join(chartDirectory, 'Chart.yaml'), 'utf8'));
    const { version, license } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
    const { annotations } = chart;
    expect(annotations['artifacthub.io/license']).toBe(license);
    const [container] = only(await render(), 'Deployment').spec.template.spec.containers;
    expect(parse(annotations['artifacthub.io/images'])[0].image).toBe(container.image);
    const examples = await Promise.all(
      ['free', 'standard', 'pro'].map(async (plan) =>
        parseAllDocuments(await readFile(join(repository, 'examples', `${plan}.yaml`), 'utf8')).map((one) =>
          one.toJS(),
        ),
      ),
    );
    expect(parse(annotations['artifacthub.io/crdsExamples'])).toEqual(examples.flat());
    expect(examples.flat().map(({ spec }) => spec.plan)).toEqual(['free', 'standard', 'pro']);
  });

  it('refuses a Kubernetes without CEL rules', async () => {
    const { stderr } = await helm([
      'template',
      'db',
      chartDirectory,
      '--namespace',
      namespace,
      '--kube-version',
      '1.28.9',
    ]);
    expect(stderr).toContain('requires kubeVersion: >=1.29.0-0 which is incompatible with Kubernetes v1.28.9');
  });
});
