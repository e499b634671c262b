// Selects from the observed facts those of one Cluster. Causes are found in this evidence only, never in the facts themselves.
import type { Cluster } from '../../api/cnpg.ts';
import { millisecondsOf } from '../../api/time.ts';
import type { Claim, Facts, Pod, Unseen, Warning } from '../../api/workload.ts';
import { instanceOf, isPodOf } from './preparation.ts';

/** The lists are sorted, so that the same situation always gives the same cause. */
export interface Evidence {
  readonly cluster: Cluster;
  /** The pods of the instances, and of the Jobs for them. */
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
  const { name } = cluster.metadata;
  return {
    cluster,
    pods: facts.pods.filter((pod) => isPodOf(cluster.metadata, pod)).sort(byName),
    claims: facts.claims.filter((claim) => instanceOf(name, claim.name) !== undefined).sort(byName),
    warnings: [...facts.warnings].sort((a, b) => (a.at === b.at ? compare(a.message, b.message) : compare(b.at, a.at))),
    sees: (what) => ![...facts.unseen, ...facts.failed].includes(what),
    isQuiet: now - (millisecondsOf(facts.changedAt) ?? now) >= quietAfter,
  };
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
  return Number(a > b) - Number(a < b);
}
