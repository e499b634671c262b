// Builders for tests: one valid object each, changed by what a test is about. Product code must not import it.
import type { AddonSpec, AddonStatus, PostgresAddon } from '../api/addon.ts';
import { annotations } from '../api/addon.ts';
import type { Cluster, ScheduledBackup } from '../api/cnpg.ts';
import { buildCluster, buildScheduledBackup, buildUrlSecret } from './database/cluster.ts';
import { defaultPlans } from './database/plans.ts';
import { type Decision, decide } from './decide.ts';
import type { Observed, Platform, Secret } from './observed.ts';
import type { Outcome } from './report.ts';
import { tell } from './status.ts';
import { aim, type Target } from './target.ts';

export const testTime = Date.parse('2026-01-02T03:04:05Z');

export const testPlatform: Platform = {
  plans: defaultPlans,
  defaultVersion: '17',
  imagePattern: 'ghcr.io/cloudnative-pg/postgresql:{version}',
  connectionCheck: 'Off',
};

export function anAddon(spec: Partial<AddonSpec> = {}, status?: AddonStatus): PostgresAddon {
  return {
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    metadata: {
      name: 'shop',
      namespace: 'team-a',
      uid: 'addon-uid',
      resourceVersion: '10',
      generation: 1,
      creationTimestamp: '2026-01-02T03:04:00Z',
    },
    spec: { plan: 'standard', ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export function observing(addon: PostgresAddon, more: Partial<Observed> = {}): Observed {
  return {
    addon,
    gone: false,
    platform: testPlatform,
    kinds: { clusters: 'served', scheduledBackups: 'served' },
    cluster: undefined,
    scheduledBackup: undefined,
    source: { kind: 'unread' },
    urlSecret: { kind: 'unread' },
    volumes: { kind: 'unread' },
    confirmed: { kind: 'unread' },
    facts: { kind: 'unread' },
    holders: [],
    checkup: false,
    ...more,
  };
}

export function targetOf(o: Observed): Target {
  const target = aim(o);
  if ('reason' in target) throw new Error(target.message);
  return target;
}

/** The Cluster that the operator would have made for this addon, healthy unless said otherwise. */
export function aCluster(addon: PostgresAddon, status: Partial<Cluster['status']> = {}, readyBefore?: string): Cluster {
  const notes = readyBefore === undefined ? {} : { [annotations.readyBefore]: readyBefore };
  const manifest = buildCluster(addon, targetOf(observing(addon)), notes);
  const { synchronous, ...postgresql } = manifest.spec.postgresql;
  return {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: { ...manifest.metadata, uid: 'cluster-uid', resourceVersion: '20' },
    spec: { ...manifest.spec, postgresql: synchronous === undefined ? postgresql : { ...postgresql, synchronous } },
    status: {
      phase: 'Cluster in healthy state',
      readyInstances: manifest.spec.instances,
      currentPrimary: `${manifest.metadata.name}-1`,
      targetPrimary: `${manifest.metadata.name}-1`,
      applicationSecretVersion: '30',
      readyCondition: { status: 'True', lastTransitionTime: '2026-01-02T03:04:04Z' },
      ...status,
    },
  };
}

export function aScheduledBackup(addon: PostgresAddon): ScheduledBackup {
  const manifest = buildScheduledBackup(addon, targetOf(observing(addon)));
  return {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: { ...manifest.metadata, uid: 'backup-uid', resourceVersion: '21' },
    spec: manifest.spec,
  };
}

/** CNPG's Secret with the credentials, owned by `cluster`. */
export function aSource(cluster: Cluster, data: Readonly<Record<string, string>> = {}): Secret {
  const content = { username: 'app', password: 'secret', dbname: 'app', ...data };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/basic-auth',
    metadata: {
      name: `${cluster.metadata.name}-app`,
      namespace: cluster.metadata.namespace,
      uid: 'source-uid',
      resourceVersion: '30',
      ownerReferences: [
        {
          apiVersion: cluster.apiVersion,
          kind: 'Cluster',
          name: cluster.metadata.name,
          uid: cluster.metadata.uid,
          controller: true,
        },
      ],
    },
    data: Object.fromEntries(
      Object.entries(content).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  };
}

/** The app's Secret as the operator would have written it. */
export function aUrlSecret(addon: PostgresAddon, url: string): Secret {
  const manifest = buildUrlSecret(addon, targetOf(observing(addon)), url);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...manifest.metadata, uid: 'url-uid', resourceVersion: '31' },
    data: manifest.data as Record<string, string>,
  };
}

/** decide() and what status would say of it. */
export function think(o: Observed, outcome: Outcome = {}, now = testTime): Decision & { readonly status: AddonStatus } {
  const decision = decide(o, now);
  return { ...decision, status: tell(o.addon, decision.report, outcome, now) };
}

/** An addon that has been running: what it looks like after the first successful round. */
export function aRunningAddon(spec: Partial<AddonSpec> = {}): PostgresAddon {
  const fresh = anAddon(spec);
  const cluster = aCluster(fresh);
  const o = observing(fresh, {
    cluster,
    scheduledBackup: fresh.spec.plan === 'free' ? undefined : aScheduledBackup(fresh),
    source: { kind: 'found', object: aSource(cluster) },
  });
  return { ...fresh, status: think(o, { secretUID: 'url-uid' }).status };
}

/** The same addon after somebody changed its spec. */
export function changed(addon: PostgresAddon, spec: Partial<AddonSpec>): PostgresAddon {
  const generation = (addon.metadata.generation ?? 0) + 1;
  return { ...addon, metadata: { ...addon.metadata, generation }, spec: { ...addon.spec, ...spec } };
}

export { annotations };
