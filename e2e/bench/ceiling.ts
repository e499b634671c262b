// Measures the ceiling: how fast this API server accepts the writes that addons need, from a client that makes no decisions. The bodies
// are those of the operator; the simulator runs, the operator does not.

import type { KubeClient } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import {
  addonApiVersion,
  addonGvr,
  fieldManager,
  type PostgresAddon,
  secretFieldManager,
} from '../../src/api/addon.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import type { Gvr, KubeObject, Manifest } from '../../src/api/kubernetes.ts';
import { buildScheduledBackup } from '../../src/domain/backup/scheduled-backup.ts';
import { noStores } from '../../src/domain/backup/stores.ts';
import { byRole, isWatched } from '../../src/domain/children.ts';
import { buildUrlSecret } from '../../src/domain/credentials/url-secret.ts';
import { buildCluster } from '../../src/domain/database/cluster.ts';
import { defaultPlans } from '../../src/domain/database/plans.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Children, Observed } from '../../src/domain/observed.ts';
import { situationOf } from '../../src/domain/situation.ts';
import { statusOf } from '../../src/domain/status.ts';
import { targetOf } from '../../src/domain/target.ts';
import { isVerdict } from '../../src/domain/verdict.ts';
import { resourcePath, resources } from '../../src/kube/resources.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { closedLoop, sum } from './load.ts';

/** Writes for one addon: itself, three children, two status. */
const writesPerAddon = 6;

/** `create`: children by POST, the cheapest way there is. `apply`: by server-side apply, as the operator makes them. */
export type Way = 'create' | 'apply';

export interface CeilingOptions {
  readonly bench: BenchCluster;
  readonly namespaces: readonly string[];
  readonly addons: number;
  readonly clients: number;
  readonly way: Way;
}

export interface CeilingFigures {
  readonly writesPerSecond: number;
  /** Of all processes together, for what is written for one addon: it does not depend on who else is at work. */
  readonly cpuMillisecondsPerAddon: number;
}

/** Everything that was written is gone again when this resolves. */
export async function measureCeiling(options: CeilingOptions): Promise<CeilingFigures> {
  const { bench, namespaces, addons, clients, way } = options;
  const { client } = bench;
  const usedBefore = sum(await bench.cpuSeconds());
  const started = performance.now();
  await closedLoop(addons, clients, async (index) => {
    const namespace = namespaces[index % namespaces.length] ?? '';
    await writeAddon(client, namespace, `raw-${index}`, way);
  });
  const seconds = (performance.now() - started) / 1000;
  const used = sum(await bench.cpuSeconds()) - usedBefore;
  await clear(client, namespaces);
  return { writesPerSecond: (addons * writesPerAddon) / seconds, cpuMillisecondsPerAddon: (used * 1000) / addons };
}

async function writeAddon(client: KubeClient, namespace: string, name: string, way: Way): Promise<void> {
  const { transport } = client;
  const addon = (await client.create(addonGvr, {
    apiVersion: addonApiVersion,
    kind: addonGvr.kind,
    metadata: { name, namespace },
    spec: { plan: 'standard' },
  })) as unknown as PostgresAddon;
  const observed = nothingYet(addon);
  const target = targetOf(situationOf(observed));
  if (isVerdict(target)) throw new Error(target.message);
  const put = async (gvr: Gvr, manifest: Manifest, manager: string): Promise<void> => {
    if (way === 'apply') await resources(transport, gvr).create(manifest, manager);
    else await transport.request({ method: 'POST', path: resourcePath(gvr, namespace), body: manifest });
  };
  const status = statusOf(addon, decide(observed, Date.now()), {}, Date.now());
  const head = { apiVersion: addonApiVersion, kind: addonGvr.kind };
  const putStatus = ({ metadata: { uid, resourceVersion } }: KubeObject, value: object) => {
    const metadata = { name, namespace, uid, resourceVersion };
    return resources(transport, addonGvr).replaceStatus({ ...head, metadata, status: value }, fieldManager);
  };

  await put(clusterGvr, buildCluster(addon, target, undefined), fieldManager);
  await put(scheduledBackupGvr, buildScheduledBackup(addon, target, true), fieldManager);
  const reported = await putStatus(addon, status);
  const url = `postgresql://app:${'x'.repeat(64)}@${target.names.cluster}-rw.${namespace}:5432/app`;
  await put(secrets, buildUrlSecret(addon, target.names.urlSecret, url), secretFieldManager);
  await putStatus(reported, { ...status, phase: 'running', ready_at: '2026-01-01T00:00:00Z' });
}

function nothingYet(addon: PostgresAddon): Observed {
  const unread = { kind: 'unread' } as const;
  return {
    addon,
    gone: false,
    platform: {
      operator: 'bench/postgres-addon-operator',
      plans: defaultPlans,
      defaultVersion: '17',
      connectionCheck: 'Off',
      imagePattern: 'ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie',
      imageRollout: 'Never',
      stores: noStores,
    },
    children: byRole((role) => (isWatched(role) ? { kind: 'absent' } : unread)) as Children,
    restoreSource: undefined,
    restored: [],
    sameApp: [],
    source: unread,
    authority: unread,
    backup: unread,
    backups: unread,
    volumes: unread,
    live: unread,
    facts: unread,
    drill: { store: undefined, cluster: undefined, source: unread, facts: unread, hasRoom: false },
    redaction: unread,
    entropy: '',
    livingOwners: [],
    repairWaits: {},
    holderGone: false,
    missingFromSchema: [],
    resync: false,
  };
}

/** Of what is left the operator would make addons of its own, and the next measurement would wade through it. */
async function clear(client: KubeClient, namespaces: readonly string[]): Promise<void> {
  const kinds = [addonGvr, clusterGvr, scheduledBackupGvr, secrets];
  for (const gvr of kinds) {
    for (const namespace of namespaces) {
      await client.transport.request({
        method: 'DELETE',
        path: resourcePath(gvr, namespace),
        timeoutMilliseconds: 120_000,
      });
    }
  }
  await eventually(
    'the end of what was written',
    async () => {
      for (const gvr of kinds) {
        for (const namespace of namespaces) {
          const { length } = await client.list(gvr, namespace);
          if (length > 0) throw new Error(`${length} ${gvr.plural} in ${namespace}`);
        }
      }
    },
    { timeoutMilliseconds: 120_000, everyMilliseconds: 250 },
  );
}
