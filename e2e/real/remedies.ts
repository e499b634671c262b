// Reasons on a real CloudNativePG, each in a separate namespace: how it is brought about in a database that runs, and its remedy to the
// letter. Those that are reported during creation are in causes.ts.
import { expect } from '@jest/globals';
import { eventually } from '../../hack/cluster/wait.ts';
import type { AddonSpec } from '../../src/api/addon.ts';
import { fencingAnnotation, hibernationAnnotation, reconciliationAnnotation } from '../../src/api/cnpg.ts';
import type { ConditionType } from '../../src/api/conditions.ts';
import { testCertificate } from '../../src/kube/testing-certificate.ts';
import type { TriedIn } from '../harness/remedies.ts';
import { clusterName } from './belongings.ts';
import { addonName, bash } from './causes.ts';
import { setQuota } from './policies.ts';
import type { Real } from './real.ts';

type Step = (real: Real, namespace: string) => Promise<unknown>;

export interface Trial {
  readonly spec?: AddonSpec;
  /** Before the addon is there. Without it, the addon runs before `ruin`. */
  readonly bring?: Step;
  readonly ruin?: Step;
  /** The condition with the reason. Default: Ready. */
  readonly type?: ConditionType;
  /** What the message has to name. */
  readonly words: readonly (string | RegExp)[];
  /** CNPG ends it by itself: nobody can rely on seeing it. */
  readonly passing?: true;
  readonly remedy: Step;
  /** What else has to be true afterwards. */
  readonly afterwards?: Step;
}

const cluster = (namespace: string): string => clusterName(namespace, addonName);

const annotate =
  (annotation: string, value?: string): Step =>
  (real, namespace) =>
    real.kubectl([
      ...['annotate', 'cluster', cluster(namespace), '--namespace', namespace],
      value === undefined ? `${annotation}-` : `${annotation}=${value}`,
    ]);

const patchCluster = (real: Real, namespace: string, patch: object): Promise<string> =>
  real.kubectl([
    ...['patch', 'cluster', cluster(namespace), '--namespace', namespace, '--type=merge'],
    `--patch=${JSON.stringify(patch)}`,
  ]);

/** Runs SQL as the superuser. */
const psql =
  (...statements: readonly string[]): Step =>
  (real, namespace) =>
    bash(real, namespace, ['psql', ...statements.map((sql) => `--command '${sql}'`)].join(' '));

/** A new URL has to be proved: the operator logs in. */
const login: Step = (real, namespace) =>
  real.apply(namespace, addonName, { plan: 'free', connection: { sslMode: 'require' } });

/** SQL that makes logins fail. */
const spoil =
  (...statements: readonly string[]): Step =>
  async (real, namespace) => {
    await psql(...statements)(real, namespace);
    await login(real, namespace);
  };

const evict = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $$app$$';

/** Certificates of another host, which the Cluster presents from then on. */
async function presentOthers(real: Real, namespace: string): Promise<void> {
  const { certificate, key } = testCertificate();
  const labels = { 'cnpg.io/reload': '' };
  const secret = (name: string, type: string, stringData: object) => ({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, type, stringData },
  });
  const items = [
    secret('others', 'kubernetes.io/tls', { 'tls.crt': certificate, 'tls.key': key }),
    secret('others-ca', 'Opaque', { 'ca.crt': certificate }),
  ];
  await real.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await patchCluster(real, namespace, {
    spec: { certificates: { serverTLSSecret: 'others', serverCASecret: 'others-ca' } },
  });
  // The authority of the clients is the one from before, which did not sign the other certificate.
  const url = 'host=127.0.0.1 user=app dbname=app sslmode=verify-ca sslrootcert=/controller/certificates/client-ca.crt';
  await eventually(
    'the other certificate',
    async () => {
      expect(await bash(real, namespace, `psql --no-password "${url}" 2>&1 || true`)).toContain(
        'certificate verify failed',
      );
    },
    { timeoutMilliseconds: 180_000 },
  );
  await real.apply(namespace, addonName, { plan: 'free', connection: { sslMode: 'verify-full' } });
}

/** The application opens connections, and does nothing with them, until it gets no more. */
async function takeConnections(real: Real, namespace: string): Promise<void> {
  await real.startApp(namespace, addonName);
  const hold = `(sleep infinity | psql "$DATABASE_URL") >/dev/null 2>&1 </dev/null & `;
  const untilRefused = `for n in $(seq 100); do ${hold} psql "$DATABASE_URL" --command 'SELECT 1' >/dev/null 2>&1 || exit 0; done; exit 1`;
  await real.kubectl(['exec', '--namespace', namespace, `app-${addonName}`, '--', 'bash', '-c', untilRefused]);
  await login(real, namespace);
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
      await annotate('retry', 'now')(real, namespace);
    },
  },
  PluginMissing: {
    ruin: (real, namespace) => patchCluster(real, namespace, { spec: { plugins: [{ name: 'absent.example' }] } }),
    words: ['absent.example'],
    remedy: (real, namespace) => patchCluster(real, namespace, { spec: { plugins: null } }),
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
  LoginForbidden: {
    type: 'Connectable',
    ruin: spoil('ALTER ROLE app NOLOGIN'),
    words: ['"app"', 'LOGIN'],
    remedy: psql('ALTER ROLE app LOGIN'),
  },
  DatabaseMissing: {
    type: 'Connectable',
    ruin: spoil('ALTER DATABASE app ALLOW_CONNECTIONS false', evict, 'ALTER DATABASE app RENAME TO apps'),
    words: ['"app"', 'renamed'],
    remedy: psql('ALTER DATABASE apps RENAME TO app', 'ALTER DATABASE app ALLOW_CONNECTIONS true'),
  },
  TlsFailed: {
    type: 'Connectable',
    ruin: presentOthers,
    words: ['certificate', 'sslMode'],
    remedy: (real, namespace) => real.apply(namespace, addonName, { plan: 'free', connection: { sslMode: 'require' } }),
  },
  TooManyConnections: {
    type: 'Connectable',
    ruin: takeConnections,
    words: ['no free connections'],
    remedy: (real, namespace) => real.stopApp(namespace, addonName),
  },
  RoleConnectionLimit: {
    type: 'Connectable',
    ruin: spoil('ALTER ROLE app CONNECTION LIMIT 0'),
    words: ['ALTER ROLE "app" CONNECTION LIMIT -1'],
    remedy: psql('ALTER ROLE "app" CONNECTION LIMIT -1'),
  },
  DatabaseConnectionLimit: {
    type: 'Connectable',
    ruin: spoil('ALTER DATABASE app CONNECTION LIMIT 0'),
    words: ['ALTER DATABASE "app" CONNECTION LIMIT -1'],
    remedy: psql('ALTER DATABASE "app" CONNECTION LIMIT -1'),
  },
  LoginFailed: {
    type: 'Connectable',
    ruin: spoil('ALTER DATABASE app ALLOW_CONNECTIONS false'),
    // object_not_in_prerequisite_state: the database does not accept connections.
    words: ['SQLSTATE 55000'],
    remedy: psql('ALTER DATABASE app ALLOW_CONNECTIONS true'),
  },
};
