// Selects from the observed facts those of one Cluster. Causes are found in this evidence only, never in the facts themselves.
import type { Cluster } from '../../api/cnpg.ts';
import { millisecondsOf } from '../../api/time.ts';
import type { Claim, Facts, Pod, Unseen, Warning } from '../../api/workload.ts';

/** The lists are sorted, so that the same situation always gives the same cause. */
export interface Evidence {
  readonly cluster: Cluster;
  /** The pods of the instances, and of the Jobs that prepare their disks. */
  readonly pods: readonly Pod[];
  readonly claims: readonly Claim[];
  /** Newest first. */
  readonly warnings: readonly Warning[];
  readonly sees: (what: Unseen) => boolean;
  /** The Cluster has not changed for a while, so a missing object is not about to be created. */
  readonly isQuiet: boolean;
}

/** In milliseconds. CNPG creates the next object within a second of its last status write. */
const quietAfter = 10_000;

/** The facts of this Cluster: not those of a deleted one with the same name, and for `db-a` not those of `db-a-1`. */
export function evidenceOf(facts: Facts, cluster: Cluster, now: number): Evidence {
  const { name, uid } = cluster.metadata;
  const isOurs = ({ name: object, owner }: Pod): boolean => {
    if (owner?.kind === 'Job') return jobOf(name, owner.name) !== undefined;
    return owner?.uid === uid && instanceOf(name, object) !== undefined;
  };
  return {
    cluster,
    pods: facts.pods.filter(isOurs).sort(byName),
    claims: facts.claims.filter((claim) => instanceOf(name, claim.name) !== undefined).sort(byName),
    warnings: [...facts.warnings].sort((a, b) => (a.at === b.at ? compare(a.message, b.message) : compare(b.at, a.at))),
    sees: (what) => ![...facts.unseen, ...facts.failed].includes(what),
    isQuiet: now - (millisecondsOf(facts.changedAt) ?? now) >= quietAfter,
  };
}

/** The instance, `<cluster>-<n>`, that a pod, a volume claim or the pod of a Job belongs to; undefined if it belongs to none. */
export function instanceOf(cluster: string, object: string): string | undefined {
  if (!object.startsWith(`${cluster}-`)) return undefined;
  const number = /^\d+(?=-|$)/.exec(object.slice(cluster.length + 1))?.[0];
  return number === undefined ? undefined : `${cluster}-${number}`;
}

/**
 * The instance that a Job of CNPG prepares, from `<cluster>-<n>-<role>`. The operator does not list Jobs; a role contains no digits,
 * which distinguishes a Job of Cluster `db-a-1` from one of `db-a`.
 */
export function jobOf(cluster: string, job: string): string | undefined {
  const instance = instanceOf(cluster, job);
  return instance !== undefined && /^-[a-z]+(?:-[a-z]+)*$/.test(job.slice(instance.length)) ? instance : undefined;
}

/** How messages refer to a pod: by its name, or by its Job, whose pods have random names. */
export function displayName(pod: Pod): string {
  return pod.owner?.kind === 'Job' ? `Job ${pod.owner.name}` : `pod ${pod.name}`;
}

/** The warnings about an object, newest first. */
export function warningsOn(evidence: Evidence, object: Pod | Claim, ...reasons: readonly string[]): readonly Warning[] {
  return evidence.warnings.filter(({ uid, reason }) => uid !== '' && uid === object.uid && reasons.includes(reason));
}

/** The condition of a pod by its type, for example PodScheduled. */
export function conditionOf(pod: Pod, type: string): Pod['conditions'][number] | undefined {
  return pod.conditions.find((condition) => condition.type === type);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
