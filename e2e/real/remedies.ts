// Reasons on a real CloudNativePG, each in a separate namespace: how it is brought about in a database that runs, and its remedy to the
// letter. Those that are reported during creation are in causes.ts.
import { expect } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { fencingAnnotation, hibernationAnnotation, reconciliationAnnotation } from '../../src/api/cnpg.ts';
import { podGvr } from '../../src/api/workload.ts';
import { authoritySecretName, roleLoginName, roleSecretName } from '../../src/domain/names.ts';
import type { TriedIn } from '../harness/remedies.ts';
import { at, secretText } from '../harness/views.ts';
import { addonName, bash, firstPod } from './causes.ts';
import { makeRouter, pastWebhook, setWay } from './interventions.ts';
import { loginTrials } from './login-trials.ts';
import { setQuota } from './policies.ts';
import { postgresImage, type Real } from './real.ts';
import { annotate, cluster, patchCluster, psql, type Trial } from './trial.ts';
import { expectVerified, publishedAuthority } from './verified.ts';

async function addressOf(real: Real, namespace: string): Promise<string> {
  const pod = await real.client.get(podGvr, namespace, firstPod(namespace));
  return String(pod?.status?.podIP);
}

/** The role "read" can log in with its DATABASE_URL. */
async function expectRoleIn(real: Real, namespace: string): Promise<void> {
  const secret = await real.client.get(secrets, namespace, roleSecretName('read', addonName));
  const url = secretText(secret, 'DATABASE_URL');
  const query = `psql --no-password --tuples-only --no-align --command 'SELECT current_user' '${url}'`;
  expect((await bash(real, namespace, query)).trim()).toBe('app_read');
}

export const trials: Readonly<Record<TriedIn<'real'>, Trial>> = {
  Hibernated: {
    ruin: annotate(hibernationAnnotation, 'on'),
    words: [hibernationAnnotation],
    remedy: annotate(hibernationAnnotation),
  },
  ReconciliationDisabled: {
    spec: { plan: 'standard' },
    ruin: async (real, namespace) => {
      await annotate(reconciliationAnnotation, 'disabled')(real, namespace);
      await real.apply(namespace, addonName, { plan: 'free' });
    },
    words: [reconciliationAnnotation],
    remedy: annotate(reconciliationAnnotation),
  },
  InstancesFenced: {
    ruin: annotate(fencingAnnotation, '["*"]'),
    words: [fencingAnnotation],
    remedy: annotate(fencingAnnotation),
  },
  CAInvalid: {
    type: 'ExtrasPublished',
    spec: { plan: 'free', connection: { sslMode: 'verify-full' } },
    ruin: async (real, namespace) => {
      const data = { 'ca.crt': Buffer.from('not a certificate').toString('base64') };
      await real.client.patch(secrets, namespace, authoritySecretName(cluster(namespace)), { data });
      // CNPG does not report the version of what it cannot read: the check-up would find it.
      await real.apply(namespace, addonName, {
        plan: 'free',
        connection: { sslMode: 'verify-full', extraSecrets: ['pgvars'] },
      });
    },
    words: ['ca.crt'],
    remedy: async (real, namespace) => {
      const ca = await publishedAuthority(real, namespace, addonName);
      const data = { 'ca.crt': Buffer.from(ca).toString('base64') };
      await real.client.patch(secrets, namespace, authoritySecretName(cluster(namespace)), { data });
    },
    afterwards: (real, namespace) => expectVerified(real, namespace, addonName),
  },
  RoleNotApplied: {
    type: 'RolesReady',
    spec: { plan: 'free', roles: ['read'] },
    ruin: (real, namespace) => patchCluster(real, namespace, { spec: { managed: { roles: [{ name: 'app_read' }] } } }),
    words: ['"app_read"', 'already managed'],
    remedy: (real, namespace) => patchCluster(real, namespace, { spec: { managed: null } }),
    // The Cluster took away its right to log in meanwhile.
    afterwards: expectRoleIn,
  },
  RoleNotReady: {
    type: 'RolesReady',
    spec: { plan: 'free', roles: ['read'] },
    ruin: async (real, namespace) => {
      await psql('ALTER ROLE app_read PASSWORD $$another$$')(real, namespace);
      // A login for another reason proves the roles too.
      await real.apply(namespace, addonName, { plan: 'free', roles: ['read'], connection: { sslMode: 'require' } });
    },
    words: ['"app_read"', 'SQLSTATE 28P01'],
    remedy: (real, namespace) =>
      real.kubectl(['delete', 'secret', roleLoginName('read', addonName), '--namespace', namespace]),
    afterwards: expectRoleIn,
  },
  ClusterRecreated: {
    passing: true,
    ruin: async (real, namespace) => {
      await real.startApp(namespace, addonName);
      await real.sql(namespace, addonName, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await real.kubectl(['delete', 'cluster', cluster(namespace), '--namespace', namespace, '--cascade=orphan']);
    },
    words: ['volume claims'],
    // The volume claims still exist, so there is nothing to do.
    remedy: async () => undefined,
    // The pod of the application has the DATABASE_URL from before.
    afterwards: async (real, namespace) => {
      expect(await real.sql(namespace, addonName, 'SELECT answer FROM kept')).toBe('42');
    },
  },
  ClusterUnrecoverable: {
    ruin: async (real, namespace) => {
      const own = `--selector=cnpg.io/cluster=${cluster(namespace)}`;
      await real.kubectl(['delete', 'pvc', own, '--namespace', namespace, '--wait=false']);
      await real.kubectl(['delete', 'pod', own, '--namespace', namespace]);
    },
    words: [/unrecoverable/],
    remedy: (real, namespace) => real.kubectl(['delete', 'cluster', cluster(namespace), '--namespace', namespace]),
  },
  ClusterObjectsFailed: {
    bring: (real, namespace) => setQuota(real, namespace, { 'count/secrets': '0' }),
    words: ['exceeded quota'],
    remedy: async (real, namespace) => {
      await real.kubectl(['delete', 'resourcequota', 'small', '--namespace', namespace]);
      const place = [cluster(namespace), '--namespace', namespace];
      await real.kubectl(['annotate', 'cluster', ...place, `retry=${Date.now()}`, '--overwrite']);
    },
  },
  PluginUnavailable: {
    type: 'Provisioned',
    ruin: (real, namespace) => patchCluster(real, namespace, { spec: { plugins: [{ name: 'absent.example' }] } }),
    words: ['absent.example'],
    remedy: (real, namespace) => patchCluster(real, namespace, { spec: { plugins: null } }),
  },
  ClusterDefinitionInvalid: {
    ruin: (real, namespace) =>
      pastWebhook(real, namespace, () =>
        patchCluster(real, namespace, { spec: { primaryUpdateStrategy: 'supervised' } }),
      ),
    words: ['spec.primaryUpdateStrategy'],
    remedy: (real, namespace) => patchCluster(real, namespace, { spec: { primaryUpdateStrategy: 'unsupervised' } }),
  },
  InstanceUnreachable: {
    ruin: async (real, namespace) => {
      await makeRouter(real, namespace);
      const address = await addressOf(real, namespace);
      await setWay(real, namespace, address, 'shut');
      // Another pod may get the address.
      real.atEnd(() => setWay(real, namespace, address, 'open').catch(() => undefined));
      // CNPG looks at a Cluster that changes.
      await annotate('look', 'now')(real, namespace);
    },
    words: ['HTTP communication issue', 'NetworkPolicy'],
    remedy: async (real, namespace) => setWay(real, namespace, await addressOf(real, namespace), 'open'),
  },
  ImageProblem: {
    // Otherwise the operator sets its image as well, which the API server refuses.
    ruin: async (real, namespace) => {
      await real.apply(namespace, addonName, { plan: 'free', suspend: true });
      await real.reason(namespace, addonName, 'Suspended', 'Suspended');
      const imageCatalogRef = { apiGroup: 'postgresql.cnpg.io', kind: 'ImageCatalog', name: 'absent', major: 17 };
      await patchCluster(real, namespace, { spec: { imageName: null, imageCatalogRef } });
    },
    words: ['catalog ImageCatalog/absent not found'],
    remedy: async (real, namespace) => {
      const { status } = (await real.client.get(addonGvr, namespace, addonName)) ?? {};
      expect(status?.image).toBe(postgresImage);
      await patchCluster(real, namespace, { spec: { imageCatalogRef: null, imageName: status?.image } });
      await real.apply(namespace, addonName, { plan: 'free' });
    },
    afterwards: async (real, namespace) => {
      expect(await bash(real, namespace, 'psql --tuples-only --command "SHOW server_version"')).toMatch(/^ *17/);
    },
  },
  OutOfMemory: {
    // PostgreSQL reserves the memory for its locks when it starts: 300 MB with free, 600 MB with standard.
    ruin: async (real, namespace) => {
      const parameters = { max_locks_per_transaction: '25000' };
      await patchCluster(real, namespace, { spec: { postgresql: { parameters } } });
      await real.kubectl([
        'delete',
        'pod',
        firstPod(namespace),
        '--namespace',
        namespace,
        '--grace-period=0',
        '--force',
      ]);
    },
    words: ['256Mi', 'plan with more memory'],
    remedy: async (real, namespace) => {
      await real.apply(namespace, addonName, { plan: 'standard' });
      const larger = ({ spec }: LiveObject): boolean => at(spec, 'resources', 'limits', 'memory') === '1Gi';
      await real.clusters.until(namespace, cluster(namespace), 'the memory of standard', larger);
      await real.kubectl(['delete', 'pod', firstPod(namespace), '--namespace', namespace]);
    },
  },
  MountFailed: {
    ruin: (real, namespace) =>
      patchCluster(real, namespace, {
        spec: { projectedVolumeTemplate: { sources: [{ secret: { name: 'extra' } }] } },
      }),
    words: ['secret "extra" not found'],
    remedy: (real, namespace) =>
      real.kubectl(['create', 'secret', 'generic', 'extra', '--from-literal=key=value', '--namespace', namespace]),
  },
  ContainerNotStarted: {
    ruin: (real, namespace) => {
      const configMapKeyRef = { name: 'settings', key: 'zone' };
      return patchCluster(real, namespace, { spec: { env: [{ name: 'ZONE', valueFrom: { configMapKeyRef } }] } });
    },
    words: ['configmap "settings" not found'],
    remedy: (real, namespace) =>
      real.kubectl(['create', 'configmap', 'settings', '--from-literal=zone=here', '--namespace', namespace]),
  },
  ...loginTrials,
};
