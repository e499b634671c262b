// Rows of the remedies about a login that fails although every instance is ready.
import { expect } from '@jest/globals';
import { eventually } from '../../hack/cluster/wait.ts';
import { testCertificate } from '../../src/kube/testing-certificate.ts';
import type { TriedIn } from '../harness/remedies.ts';
import { addonName, bash } from './causes.ts';
import type { Real } from './real.ts';
import { patchCluster, psql, type Step, type Trial } from './trial.ts';

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
  await eventually('the other certificate', async () => {
    expect(await bash(real, namespace, `psql --no-password "${url}" 2>&1 || true`)).toContain(
      'certificate verify failed',
    );
  });
  await real.apply(namespace, addonName, { plan: 'free', connection: { sslMode: 'verify-full' } });
}

/** The application opens connections, and does nothing with them, until it gets no more. */
async function takeConnections(real: Real, namespace: string): Promise<void> {
  await real.startApp(namespace, addonName);
  const hold = `(sleep infinity | psql "$DATABASE_URL") >/dev/null 2>&1 </dev/null & `;
  // On a busy machine a login can fail for another reason.
  const refusal = `grep --quiet --extended-regexp 'connection slots|too many clients'`;
  const untilRefused = `for n in $(seq 100); do ${hold} psql "$DATABASE_URL" --command 'SELECT 1' 2>&1 | ${refusal} && exit 0; done; exit 1`;
  await real.script({ namespace, pod: `app-${addonName}` }, untilRefused);
  await login(real, namespace);
}

export const loginTrials = {
  LoginForbidden: {
    type: 'Connectable',
    ruin: spoil('ALTER ROLE app NOLOGIN'),
    words: ['"app"', 'LOGIN'],
    remedy: psql('ALTER ROLE app LOGIN'),
  },
  DatabaseMissing: {
    type: 'Connectable',
    ruin: spoil(
      'ALTER DATABASE app ALLOW_CONNECTIONS false',
      evict,
      'ALTER DATABASE app RENAME TO apps',
      'ALTER DATABASE apps ALLOW_CONNECTIONS true',
    ),
    words: ['"app"', 'renamed'],
    remedy: psql('ALTER DATABASE apps RENAME TO app'),
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
} as const satisfies Partial<Record<TriedIn<'real'>, Trial>>;
