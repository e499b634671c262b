// Every value in values.yaml and its effect on the manifests: a value without effect fails here.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { generateChartReadme } from '../hack/generate/chart-readme.ts';
import { chartDirectory, fullName, identities, type Manifest, only, render, type Values } from './helm.ts';

interface Case {
  readonly set: Values;
  /** What to look at; it has to differ from what it is without the value. */
  readonly look: (manifests: readonly Manifest[]) => unknown;
  readonly seen: unknown;
}

const pod = (manifests: readonly Manifest[]) => only(manifests, 'Deployment').spec.template;
const container = (manifests: readonly Manifest[]) => pod(manifests).spec.containers[0];
const env = (name: string) => (manifests: readonly Manifest[]) =>
  container(manifests).env.find((one: Manifest) => one.name === name)?.value;
const kinds = (kind: string) => (manifests: readonly Manifest[]) =>
  identities(manifests.filter((one) => one.kind === kind));
const maybe = (kind: string) => (manifests: readonly Manifest[]) => manifests.find((one) => one.kind === kind);

const store = { destination: 's3://backups', s3Credentials: { inheritFromIAMRole: true } };
const digest = `sha256:${'0a'.repeat(32)}`;
const toleration = { key: 'control-plane', operator: 'Exists' };
const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [] };
const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' };
const monitor = (values: Values) => ({ metrics: { serviceMonitor: { enabled: true, ...values } } });
const policy = (values: Values) => ({ networkPolicy: { enabled: true, ...values } });
const peers = [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }];

const cases: Readonly<Record<string, Case>> = {
  'image.repository': {
    set: { image: { repository: 'example.com:5000/operators/postgres' } },
    look: (all) => container(all).image,
    seen: 'example.com:5000/operators/postgres:0.1.0',
  },
  'image.tag': {
    set: { image: { tag: 'edge' } },
    look: (all) => container(all).image,
    seen: 'ghcr.io/paas-dev/postgres-addon-operator:edge',
  },
  'image.digest': {
    set: { image: { digest } },
    look: (all) => container(all).image,
    seen: `ghcr.io/paas-dev/postgres-addon-operator:0.1.0@${digest}`,
  },
  'image.pullPolicy': {
    set: { image: { pullPolicy: 'Always' } },
    look: (all) => container(all).imagePullPolicy,
    seen: 'Always',
  },
  imagePullSecrets: {
    set: { imagePullSecrets: [{ name: 'registry' }] },
    look: (all) => pod(all).spec.imagePullSecrets,
    seen: [{ name: 'registry' }],
  },
  replicaCount: { set: { replicaCount: 3 }, look: (all) => only(all, 'Deployment').spec.replicas, seen: 3 },
  'resources.requests': {
    set: { resources: { requests: { cpu: '1' } } },
    look: (all) => container(all).resources.requests,
    seen: { cpu: '1', memory: '128Mi' },
  },
  'resources.limits': {
    set: { resources: { limits: { memory: '1Gi' } } },
    look: (all) => [container(all).resources.limits.memory, env('NODE_OPTIONS')(all)],
    seen: ['1Gi', '--max-semi-space-size=2 --max-old-space-size=768'],
  },
  logLevel: { set: { logLevel: 'debug' }, look: env('LOG_LEVEL'), seen: 'debug' },
  workers: { set: { workers: 4 }, look: env('WORKERS'), seen: '4' },
  watchNamespaces: {
    set: { watchNamespaces: ['team-a', 'team-b'] },
    look: env('WATCH_NAMESPACES'),
    seen: 'team-a,team-b',
  },
  'postgres.defaultVersion': {
    set: { postgres: { defaultVersion: '16.4' } },
    look: env('DEFAULT_POSTGRES_VERSION'),
    seen: '16.4',
  },
  'postgres.imagePattern': {
    set: { postgres: { imagePattern: 'example.com/pg:{version}-x' } },
    look: env('IMAGE_PATTERN'),
    seen: 'example.com/pg:{version}-x',
  },
  'postgres.imageRollout': { set: { postgres: { imageRollout: 'Now' } }, look: env('IMAGE_ROLLOUT'), seen: 'Now' },
  'readiness.connectionCheck': {
    set: { readiness: { connectionCheck: 'Off' }, ...policy({}) },
    look: (all) => [
      env('READINESS_CONNECTION_CHECK')(all),
      maybe('NetworkPolicy')(all)?.spec.egress[0].ports.map(({ port }: Manifest) => port),
    ],
    seen: ['Off', [53, 53, 443, 6443]],
  },
  plans: {
    set: { plans: { free: { storage: '2Gi' } } },
    look: (all) => [maybe('ConfigMap')(all)?.data, env('PLANS_FILE')(all)],
    seen: [{ 'plans.yaml': 'free:\n  storage: 2Gi\n' }, '/etc/postgres-addon-operator/plans.yaml'],
  },
  'backup.defaultStore': {
    set: { backup: { defaultStore: 'main', stores: { main: store } } },
    look: (all) => maybe('ConfigMap')(all)?.data?.['stores.yaml'],
    seen: 'defaultStore: main\nstores:\n  main:\n    destination: s3://backups\n    s3Credentials:\n      inheritFromIAMRole: true\n',
  },
  'backup.stores': {
    set: { backup: { stores: { main: store } } },
    look: (all) => [maybe('ConfigMap')(all)?.data, env('STORES_FILE')(all)],
    seen: [
      {
        'stores.yaml':
          'stores:\n  main:\n    destination: s3://backups\n    s3Credentials:\n      inheritFromIAMRole: true\n',
      },
      '/etc/postgres-addon-operator/stores.yaml',
    ],
  },
  'backup.drillsAtOnce': { set: { backup: { drillsAtOnce: 5 } }, look: env('DRILLS_AT_ONCE'), seen: '5' },
  'crds.enabled': { set: { crds: { enabled: false } }, look: kinds('CustomResourceDefinition'), seen: [] },
  'crds.keep': {
    set: { crds: { keep: false } },
    look: (all) => only(all, 'CustomResourceDefinition').metadata.annotations,
    seen: undefined,
  },
  'argoCD.enabled': {
    set: { argoCD: { enabled: true } },
    look: kinds('ConfigMap'),
    seen: [`ConfigMap paas/${fullName}-argo-cd`],
  },
  'serviceAccount.create': {
    set: { serviceAccount: { create: false } },
    look: (all) => [kinds('ServiceAccount')(all), pod(all).spec.serviceAccountName],
    seen: [[], 'default'],
  },
  'serviceAccount.name': {
    set: { serviceAccount: { name: 'postgres' } },
    look: (all) => [only(all, 'ServiceAccount').metadata.name, pod(all).spec.serviceAccountName],
    seen: ['postgres', 'postgres'],
  },
  'serviceAccount.annotations': {
    set: { serviceAccount: { annotations: { team: 'data' } } },
    look: (all) => only(all, 'ServiceAccount').metadata.annotations,
    seen: { team: 'data' },
  },
  'rbac.create': {
    set: { rbac: { create: false } },
    look: (all) => all.filter((one) => one.apiVersion.startsWith('rbac.')),
    seen: [],
  },
  podAnnotations: {
    set: { podAnnotations: { a: 'b' } },
    look: (all) => pod(all).metadata.annotations,
    seen: { a: 'b' },
  },
  podLabels: {
    set: { podLabels: { team: 'data', 'app.kubernetes.io/name': 'other' } },
    look: (all) => [pod(all).metadata.labels.team, pod(all).metadata.labels['app.kubernetes.io/name']],
    seen: ['data', 'postgres-addon-operator'],
  },
  nodeSelector: {
    set: { nodeSelector: { disk: 'fast' } },
    look: (all) => pod(all).spec.nodeSelector,
    seen: { disk: 'fast' },
  },
  tolerations: { set: { tolerations: [toleration] }, look: (all) => pod(all).spec.tolerations, seen: [toleration] },
  affinity: { set: { affinity: { nodeAffinity } }, look: (all) => pod(all).spec.affinity, seen: { nodeAffinity } },
  topologySpreadConstraints: {
    set: { topologySpreadConstraints: [spread, { ...spread, labelSelector: { matchLabels: { a: 'b' } } }] },
    look: (all) => pod(all).spec.topologySpreadConstraints,
    seen: [
      {
        ...spread,
        labelSelector: {
          matchLabels: { 'app.kubernetes.io/instance': 'db', 'app.kubernetes.io/name': 'postgres-addon-operator' },
        },
      },
      { ...spread, labelSelector: { matchLabels: { a: 'b' } } },
    ],
  },
  priorityClassName: {
    set: { priorityClassName: 'system-cluster-critical' },
    look: (all) => pod(all).spec.priorityClassName,
    seen: 'system-cluster-critical',
  },
  'metrics.service.enabled': {
    set: { metrics: { service: { enabled: true } } },
    look: kinds('Service'),
    seen: [`Service paas/${fullName}`],
  },
  'metrics.serviceMonitor.enabled': {
    set: monitor({}),
    look: (all) => [...kinds('Service')(all), ...kinds('ServiceMonitor')(all)],
    seen: [`Service paas/${fullName}`, `ServiceMonitor paas/${fullName}`],
  },
  'metrics.serviceMonitor.interval': {
    set: monitor({ interval: '1m' }),
    look: (all) => maybe('ServiceMonitor')(all)?.spec.endpoints,
    seen: [{ port: 'metrics', path: '/metrics', interval: '1m' }],
  },
  'metrics.serviceMonitor.labels': {
    set: monitor({ labels: { release: 'prometheus' } }),
    look: (all) => maybe('ServiceMonitor')(all)?.metadata.labels.release,
    seen: 'prometheus',
  },
  'podDisruptionBudget.enabled': {
    set: { podDisruptionBudget: { enabled: false } },
    look: kinds('PodDisruptionBudget'),
    seen: [],
  },
  'networkPolicy.enabled': { set: policy({}), look: kinds('NetworkPolicy'), seen: [`NetworkPolicy paas/${fullName}`] },
  'networkPolicy.apiServerPorts': {
    set: policy({ apiServerPorts: [8443] }),
    look: (all) => maybe('NetworkPolicy')(all)?.spec.egress[0].ports.map(({ port }: Manifest) => port),
    seen: [53, 53, 8443, 5432],
  },
  'networkPolicy.metricsFrom': {
    set: policy({ metricsFrom: peers }),
    look: (all) => maybe('NetworkPolicy')(all)?.spec.ingress,
    seen: [{ ports: [{ port: 'http', protocol: 'TCP' }], from: peers }],
  },
};

describe('a value', () => {
  let byDefault: readonly Manifest[] = [];
  beforeAll(async () => {
    byDefault = await render();
  });

  it.each(Object.entries(cases))('%s is found in the manifests', async (_, { set, look, seen }) => {
    expect(look(await render(set))).toEqual(seen);
    expect(look(byDefault)).not.toEqual(seen);
  });

  it('that is in values.yaml is in this table', async () => {
    const readme = await generateChartReadme(chartDirectory);
    const documented = [...readme.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, path]) => path);
    expect(Object.keys(cases)).toEqual(documented);
  });
});

describe('README.md', () => {
  it('has the table that values.yaml makes; otherwise run `npm run generate`', async () => {
    expect(await readFile(join(chartDirectory, 'README.md'), 'utf8')).toBe(await generateChartReadme(chartDirectory));
  });
});
