// What of the facts concerns one Cluster and is still so: every cause is named from a evidence, never from the facts themselves.
import type { Cluster } from '../../api/cnpg.ts';
import { millisecondsOf } from '../../api/time.ts';
import type { Claim, Facts, Pod, Unseen, Warning } from '../../api/workload.ts';

/** Everything is in the order of its name, so that the same situation always gives the same cause. */
export interface Evidence {
  readonly cluster: Cluster;
  /** Of instances, and of the Jobs that prepare their disks. */
  readonly pods: readonly Pod[];
  readonly claims: readonly Claim[];
  /** Newest first. */
  readonly warnings: readonly Warning[];
  readonly sees: (what: Unseen) => boolean;
  /** Nobody has changed the Cluster for a while: what is missing is not just about to be made. */
  readonly isQuiet: boolean;
}

/** CNPG makes the next object within a second of its last word; in milliseconds. */
const quietAfter = 10_000;

/** The facts as far as they are this Cluster's: neither those of a namesake that is gone, nor of `db-a-1` when it is `db-a`. */
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
    sees: (what) => !facts.unseen.includes(what),
    isQuiet: now - (millisecondsOf(facts.changedAt) ?? now) >= quietAfter,
  };
}

/** `<cluster>-<n>` of an instance, of its pod, its volume claims and the pods of its Jobs; undefined when it is none of these. */
export function instanceOf(cluster: string, object: string): string | undefined {
  if (!object.startsWith(`${cluster}-`)) return undefined;
  const number = /^\d+(?=-|$)/.exec(object.slice(cluster.length + 1))?.[0];
  return number === undefined ? undefined : `${cluster}-${number}`;
}

/**
 * The instance that a Job of CNPG prepares, from `<cluster>-<n>-<role>`. A role has no digits: by that, and since there is no list of
 * Jobs to look it up in, the Job of Cluster `db-a-1` is not taken for one of `db-a`.
 */
export function jobOf(cluster: string, job: string): string | undefined {
  const instance = instanceOf(cluster, job);
  return instance !== undefined && /^-[a-z]+(?:-[a-z]+)*$/.test(job.slice(instance.length)) ? instance : undefined;
}

/** What a person knows a pod by: the instance it is, or the Job it belongs to; the rest of a Job's pod's name is chance. */
export function displayName(pod: Pod): string {
  return pod.owner?.kind === 'Job' ? `Job ${pod.owner.name}` : `pod ${pod.name}`;
}

/** The warnings about an object, newest first. */
export function warningsOn(evidence: Evidence, object: Pod | Claim, ...reasons: readonly string[]): readonly Warning[] {
  return evidence.warnings.filter(({ uid, reason }) => uid !== '' && uid === object.uid && reasons.includes(reason));
}

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
