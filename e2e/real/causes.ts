// Causes of a database that does not become ready, each in a separate namespace: how to create it, what the addon must report, and how
// to remove it. None may affect the operator, CNPG or another namespace.
import { expect } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import type { AddonSpec } from '../../src/api/addon.ts';
import type { Reason } from '../../src/api/conditions.ts';
import { conditionOf } from '../harness/views.ts';
import { clusterName } from './belongings.ts';
import { fill, makeRoom, mend, offerSmallDisk, removeSmallDisk } from './disks.ts';
import { askFor, breakWebhook, lift, limitMemory, refuse, setQuota, useStorageClass } from './policies.ts';
import type { Real } from './real.ts';

/** Every addon here has this name. */
export const addonName = 'shop';

export interface Cause {
  /** Names the namespace and the test. */
  readonly name: string;
  readonly spec?: AddonSpec;
  /** Before the addon is there; `ruin`: once it runs. */
  readonly bring?: (real: Real, namespace: string) => Promise<unknown>;
  readonly ruin?: (real: Real, namespace: string) => Promise<unknown>;
  readonly reason: Reason;
  /** What the message has to name. */
  readonly words: (namespace: string) => readonly (string | RegExp)[];
  readonly remove: (real: Real, namespace: string) => Promise<unknown>;
  /** At the end, when the addon is gone. */
  readonly cleanUp?: (real: Real, namespace: string) => Promise<unknown>;
}

export const firstPod = (namespace: string): string => `${clusterName(namespace, addonName)}-1`;

const settings = 'postgresql.auto.conf';
const killPostgres = 'kill -KILL "$(head --lines=1 "$PGDATA/postmaster.pid")"';

/** kubelet waits up to five minutes before it starts a container that failed again; not with a new pod. */
const removeFirstPod = (real: Real, namespace: string): Promise<unknown> =>
  real.kubectl(['delete', 'pod', firstPod(namespace), '--namespace', namespace]);

/** Runs a script in the first instance. @returns what it printed */
export function bash(real: Real, namespace: string, script: string): Promise<string> {
  return real.script({ namespace, pod: firstPod(namespace), container: 'postgres' }, script);
}

const raiseQuota =
  (hard: Readonly<Record<string, string>>) =>
  (real: Real, namespace: string): Promise<unknown> =>
    setQuota(real, namespace, hard);

/** An extended resource of the node (https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/). */
const resourceOf = (namespace: string): string => `${namespace}.example/device`;

/** @param capacity null takes a resource away */
async function changeNodes(real: Real, capacity: Readonly<Record<string, string | null>>): Promise<void> {
  const patch = `--patch=${JSON.stringify({ status: { capacity } })}`;
  const nodes = (await real.kubectl(['get', 'nodes', '--output', 'name'])).trim().split('\n');
  await Promise.all(nodes.map((node) => real.kubectl(['patch', node, '--subresource=status', '--type=merge', patch])));
}

const absentClass = (namespace: string): string => `absent-${namespace}`;

export const causes: readonly Cause[] = [
  {
    name: 'image',
    spec: { plan: 'free', version: '17.99' },
    reason: 'ImagePullFailed',
    words: () => ['postgresql:17.99', /spec\.version/],
    // CNPG gives a pod that never started no other image: its Job has to go, and comes back with the image that CNPG knows by then.
    remove: async (real, namespace) => {
      await real.apply(namespace, addonName, { plan: 'free', version: '17' });
      const corrected = ({ status }: LiveObject): boolean => String(status?.image).endsWith(':17-standard-trixie');
      await real.clusters.until(namespace, clusterName(namespace, addonName), 'the corrected image', corrected);
      await real.kubectl(['delete', 'job', `${firstPod(namespace)}-initdb`, '--namespace', namespace]);
    },
  },
  {
    name: 'class',
    bring: (real, namespace) => useStorageClass(real, namespace, absentClass(namespace)),
    reason: 'StorageClassMissing',
    words: (namespace) => [absentClass(namespace), firstPod(namespace)],
    cleanUp: (real, namespace) => real.kubectl(['delete', 'storageclass', absentClass(namespace)]),
    remove: async (real, namespace) => {
      const standard = JSON.parse(await real.kubectl(['get', 'storageclass', 'standard', '--output', 'json']));
      const { apiVersion, kind, provisioner } = standard;
      const made = { apiVersion, kind, provisioner, metadata: { name: absentClass(namespace) } };
      await real.kubectl(['apply', '-f', '-'], JSON.stringify(made));
    },
  },
  {
    // No node has what every pod of the namespace asks for, until there is some.
    name: 'resources',
    bring: (real, namespace) => askFor(real, namespace, resourceOf(namespace)),
    reason: 'Unschedulable',
    words: (namespace) => [`Insufficient ${resourceOf(namespace)}`],
    remove: (real, namespace) => changeNodes(real, { [resourceOf(namespace)]: '8' }),
    cleanUp: (real, namespace) => changeNodes(real, { [resourceOf(namespace)]: null }),
  },
  {
    name: 'pods',
    bring: (real, namespace) => setQuota(real, namespace, { pods: '0' }),
    reason: 'QuotaExceeded',
    words: () => ['exceeded quota: small', 'pods=0'],
    remove: raiseQuota({ pods: '100' }),
  },
  {
    name: 'clusters',
    bring: (real, namespace) => setQuota(real, namespace, { 'count/clusters.postgresql.cnpg.io': '0' }),
    reason: 'QuotaExceeded',
    words: (namespace) => [`Cluster ${clusterName(namespace, addonName)}`, 'exceeded quota: small'],
    remove: raiseQuota({ 'count/clusters.postgresql.cnpg.io': '1' }),
  },
  {
    // CNPG needs four Secrets of its own, and the fifth is DATABASE_URL.
    name: 'secrets',
    bring: (real, namespace) => setQuota(real, namespace, { 'count/secrets': '4' }),
    reason: 'QuotaExceeded',
    words: () => [`Secret app-${addonName}-database-url`, 'exceeded quota: small'],
    remove: raiseQuota({ 'count/secrets': '5' }),
  },
  {
    name: 'limits',
    bring: (real, namespace) => limitMemory(real, namespace, '128Mi'),
    reason: 'PodsRefused',
    words: () => ['maximum memory usage per Container is 128Mi'],
    remove: (real, namespace) => limitMemory(real, namespace, '1Gi'),
  },
  {
    name: 'policy',
    bring: (real, namespace) => refuse(real, namespace, 'clusters', 'databases need an approval of the platform team'),
    reason: 'Refused',
    words: () => ['databases need an approval of the platform team'],
    remove: lift,
  },
  {
    name: 'registry',
    bring: (real, namespace) => refuse(real, namespace, 'pods', 'images must come from registry.example'),
    reason: 'PodsRefused',
    words: () => ['images must come from registry.example'],
    remove: lift,
  },
  {
    name: 'webhook',
    bring: breakWebhook,
    reason: 'Refused',
    words: (namespace) => [`failed calling webhook "guard.${namespace}.example"`],
    remove: (real, namespace) => real.kubectl(['delete', 'validatingwebhookconfiguration', namespace]),
  },
  {
    // CNPG only logs that the claim was rejected.
    name: 'storage',
    bring: (real, namespace) => setQuota(real, namespace, { 'requests.storage': '500Mi' }),
    reason: 'VolumePending',
    words: (namespace) => [firstPod(namespace), 'ResourceQuota', 'requests.storage'],
    remove: raiseQuota({ 'requests.storage': '1Gi' }),
  },
  {
    // A line that PostgreSQL does not understand: it does not start again.
    name: 'settings',
    ruin: (real, namespace) =>
      bash(real, namespace, `cd "$PGDATA"; chmod u+w ${settings}; echo nonsense >>${settings}; ${killPostgres}`),
    reason: 'CrashLooping',
    words: (namespace) => [firstPod(namespace), 'kubectl logs'],
    remove: async (real, namespace) => {
      const addon = await real.reason(namespace, addonName, 'Ready', 'CrashLooping');
      const [, command = ''] = /kubectl (logs .*)$/.exec(conditionOf(addon, 'Ready')?.message ?? '') ?? [];
      expect(await real.kubectl(command.split(' '))).toMatch(/syntax error in file .*postgresql\.auto\.conf/);
      await mend(real, namespace, firstPod(namespace), `sed --in-place /nonsense/d ${settings}`);
      await removeFirstPod(real, namespace);
    },
  },
  {
    name: 'volume',
    bring: (real, namespace) => offerSmallDisk(real, namespace, firstPod(namespace)),
    ruin: async (real, namespace) => {
      await fill(real, namespace);
      // A full disk lets the database run until it needs another file of its log; then the session is cut.
      const write = `SELECT count(pg_logical_emit_message(false, 'fill', repeat('x', 1000000))) FROM generate_series(1, 100)`;
      await bash(real, namespace, `psql --dbname app --command "${write}" || true`);
    },
    reason: 'DiskFull',
    words: () => [/disk/i],
    remove: async (real, namespace) => {
      await makeRoom(real, namespace);
      await removeFirstPod(real, namespace);
    },
    cleanUp: removeSmallDisk,
  },
];
