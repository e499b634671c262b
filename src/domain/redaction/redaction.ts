// The chapter of a redaction: SQL that changes the data of a restored database before anybody gets its DATABASE_URL, and before it has a
// backup of its own, from which the data as they were could be restored.
import { annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Job } from '../../api/job.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import { createOther } from '../decision.ts';
import { redactionJobName } from '../names.ts';
import { recordedCondition } from '../recorded.ts';
import { recheckAfter, type Verdict, verdictOf } from '../verdict.ts';
import { buildRedactionJob } from './job.ts';
import { completed, isOf, redactionIn } from './state.ts';

export interface RedactionChapter extends Chapter {
  /** What DATABASE_URL and the backups wait for; undefined if nothing is to be redacted any more. */
  readonly pending: Verdict | undefined;
}

/** No watch reports the end of a Job, or that somebody has deleted it: the longest wait between two looks. Milliseconds. */
const longestWait = 30_000;

/** @returns the write of the Job, once the database is ready; it is made again if somebody deletes it, as after a failure */
export function redactionChapter(
  round: Round,
  { provisioned }: Pick<DatabaseChapter, 'provisioned'>,
): RedactionChapter {
  const { addon, own, observed } = round.s;
  const { cluster } = own;
  const state = cluster && redactionIn(addon, cluster);
  if (cluster === undefined || state === undefined || state === 'Completed') return { pending: undefined };
  const { redaction } = addon.spec.restore ?? {};
  if (state === 'Unknown') return { pending: unknown(cluster) };
  if (redaction === undefined) return { pending: unredacted };
  const isNext = observed.redaction.kind === 'absent' && isHealthy(provisioned) && round.suspended === undefined;
  const pending = judge(round, cluster);
  return {
    pending,
    actions: isNext ? [createOther('redactionJob', buildRedactionJob(addon, cluster, redaction))] : [],
    recheckAfter: recheckAfter(pending),
    wakeAfter: round.suspended === undefined ? longestWait : undefined,
  };
}

function judge({ s: { addon, observed }, suspended }: Round, cluster: Cluster): Verdict {
  const { redaction: read } = observed;
  const name = redactionJobName(cluster.metadata.name);
  const beginning: Verdict =
    suspended === undefined ? { reason: 'Redacting', message: `Job ${name} is about to begin` } : suspension({ addon });
  switch (read.kind) {
    case 'denied':
      return { reason: 'Forbidden', message: read.message };
    case 'found':
      return isOf(addon, cluster, read.object) ? progressOf(addon, read.object) : notOurs(read.object);
    case 'absent':
      return beginning;
    default: {
      // The database is not ready for now, or the addon is suspended: what was seen of the Job last still stands.
      const last = verdictOf(recordedCondition(addon, 'CredentialsPublished'));
      const isOfJob = last?.reason === 'Redacting' || last?.reason === 'RedactionFailed';
      return isOfJob ? last : beginning;
    }
  }
}

/** It was left behind by an addon that was deleted too early. */
const unredacted: Verdict = {
  reason: 'RedactionFailed',
  message:
    'the database was restored for an addon with spec.restore.redaction, and was not redacted before that was deleted. Delete this addon, and create it again with the same spec.restore',
};

function unknown(cluster: Cluster): Verdict {
  const { name, namespace } = cluster.metadata;
  const annotate = (note: string): string =>
    `kubectl annotate cluster.postgresql.cnpg.io -n ${namespace} ${name} ${annotations.redaction}=${note} --overwrite`;
  return {
    reason: 'RedactionFailed',
    message: `Cluster ${name} was made again, and nothing tells whether its data are those of the source, or redacted and in use. To redact them: ${annotate('Pending')}. If they are redacted: ${annotate(completed(cluster))}`,
  };
}

function progressOf(addon: PostgresAddon, { metadata: { name, namespace }, status: { ended, ready } }: Job): Verdict {
  const { name: configMap, key } = addon.spec.restore?.redaction?.configMapKeyRef ?? {};
  const sql = `the SQL of ConfigMap ${configMap}, key ${key}`;
  if (ended === 'Complete') return { reason: 'Redacting', message: `${sql}, was committed` };
  if (ended === 'Failed')
    return {
      reason: 'RedactionFailed',
      message: `${sql}, fails; the log says why: kubectl logs -n ${namespace} job/${name}. Correct it, and delete the Job, which is then made again: kubectl delete job -n ${namespace} ${name}`,
    };
  if (ready > 0) return { reason: 'Redacting', message: `${sql}, runs in Job ${name}` };
  return {
    reason: 'Redacting',
    message: `${sql}, runs as soon as the pod of Job ${name} starts; if it does not, as without that ConfigMap or key, kubectl describe job,pod -n ${namespace} -l ${labels.name}=${addon.metadata.name} --show-events says why`,
  };
}

function notOurs({ metadata: { name, namespace } }: Job): Verdict {
  return {
    reason: 'RedactionFailed',
    message: `Job ${name}, whose name the redaction needs, was not made for this Cluster and this ConfigMap; delete it: kubectl delete job -n ${namespace} ${name}`,
  };
}
