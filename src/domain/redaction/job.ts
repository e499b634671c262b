// The Job that redacts a restored database. It runs the SQL with psql, so that it may last as long as it needs and its log stays; the
// operator neither reads the ConfigMap nor the log, which may quote the data.
import { annotations, fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import { type Cluster, cnpgApiVersion } from '../../api/cnpg.ts';
import { jobApiVersion } from '../../api/job.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { redactionJobName, sourceSecretName } from '../names.ts';
import { whereIn } from './state.ts';

type Redaction = NonNullable<NonNullable<PostgresAddon['spec']['restore']>['redaction']>;

const container = 'redaction';
const memory = '128Mi';
/** What repeating would not change: psql's exit status if a statement failed (1) or the end of the transaction (3), and bash's for SQL that is too long. */
const final = [1, 3, 126];

/**
 * SQL only: psql sends the text of --command to the server as it is, unless it begins with a backslash, and would carry out the commands of
 * its own in a file, such as one that starts a shell. An empty text redacts nothing. Without ON_ERROR_STOP, psql succeeds although the
 * transaction cannot be committed.
 */
const script = `sql=$(cat /redaction/redaction.sql)
if [[ $sql != *[![:space:]]* ]]; then echo 'the SQL is empty' >&2; exit 1; fi
exec psql --no-psqlrc --set=ON_ERROR_STOP=1 --single-transaction --command="/* redaction */ $sql"`;

/**
 * It belongs to the Cluster, and goes with it. Not as its controller: CNPG would take it for one of its own Jobs, and wait for it.
 * @param configMapKeyRef where the SQL is
 */
export function buildRedactionJob(
  addon: PostgresAddon,
  cluster: Cluster,
  { configMapKeyRef: { name, key } }: Redaction,
): Manifest {
  const { name: clusterName, namespace, uid } = cluster.metadata;
  const own = { [labels.managedBy]: fieldManager, [labels.name]: addon.metadata.name };
  const credential = (variable: string, of: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: sourceSecretName(clusterName), key: of } },
  });
  return {
    apiVersion: jobApiVersion,
    kind: 'Job',
    metadata: {
      name: redactionJobName(clusterName),
      namespace,
      labels: own,
      annotations: { [annotations.redaction]: whereIn(addon) },
      ownerReferences: [{ apiVersion: cnpgApiVersion, kind: 'Cluster', name: clusterName, uid }],
    },
    spec: {
      // Not so short that a policy would set it, and it were gone before it is seen.
      ttlSecondsAfterFinished: 30 * 24 * 3600,
      // For a failover, a node that is drained, or a password that is not in force yet.
      backoffLimit: 6,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          {
            action: 'FailJob',
            onExitCodes: { containerName: container, operator: 'In', values: final },
          },
        ],
      },
      template: {
        metadata: { labels: own },
        spec: {
          restartPolicy: 'Never',
          // That of the database, if CNPG made it one.
          imagePullSecrets: [{ name: `${clusterName}-pull` }],
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: container,
              image: cluster.spec.imageName,
              command: ['bash', '-euc', script],
              env: [
                { name: 'PGHOST', value: `${clusterName}-rw` },
                { name: 'PGSSLMODE', value: 'require' },
                // During a switchover, the Service can lead to the former primary.
                { name: 'PGTARGETSESSIONATTRS', value: 'read-write' },
                { name: 'PGCONNECT_TIMEOUT', value: '30' },
                { name: 'PGAPPNAME', value: redactionJobName(clusterName) },
                credential('PGUSER', 'username'),
                credential('PGPASSWORD', 'password'),
                credential('PGDATABASE', 'dbname'),
              ],
              // psql keeps the result of a query in memory.
              resources: { requests: { memory }, limits: { memory } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'sql', mountPath: '/redaction', readOnly: true }],
            },
          ],
          volumes: [{ name: 'sql', configMap: { name, items: [{ key, path: 'redaction.sql' }] } }],
        },
      },
    },
  };
}
