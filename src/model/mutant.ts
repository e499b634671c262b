// Builds mutants of the product's subject: they change what was observed or what was decided.
import type { Cluster } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Action } from '../domain/decision.ts';
import type { Observed } from '../domain/observed.ts';
import type { RuleName } from './rules/rules.ts';
import type { Search } from './search.ts';
import type { Subject } from './subject.ts';

export interface Mutant {
  /** Builds the mutant from the product's subject. */
  readonly subject: (product: Subject) => Subject;
  readonly search: Search;
  readonly rule: RuleName;
}

/** Decides on a changed observation. */
export const seeing =
  (change: (o: Observed) => Observed) =>
  (product: Subject): Subject => ({
    ...product,
    needs: (o, now) => product.needs(change(o), now),
    decide: (o, now, sight) => product.decide(change(o), now, sight),
  });

/** Decides as the product does, but changes the actions. */
export const doing =
  (change: (actions: readonly Action[], o: Observed) => readonly Action[]) =>
  (product: Subject): Subject => ({
    ...product,
    decide: (o, now, sight) => {
      const decision = product.decide(o, now, sight);
      return { ...decision, actions: change(decision.actions, o) };
    },
  });

/** Whether the observed addon is being deleted. */
export const isDeleted = ({ addon }: Observed): boolean => addon.metadata.deletionTimestamp !== undefined;

/** The same observation with a changed Cluster, if one was found. */
export const withCluster = (o: Observed, change: (cluster: Cluster) => Cluster): Observed => {
  const { cluster } = o.children;
  return cluster.kind === 'found'
    ? { ...o, children: { ...o.children, cluster: { kind: 'found', object: change(cluster.object) } } }
    : o;
};

/** The Cluster that was found. */
export const clusterIn = ({ children: { cluster } }: Observed): Cluster | undefined =>
  cluster.kind === 'found' ? cluster.object : undefined;

/** The child with other labels, annotations or owners. */
export const relabelled = <T extends KubeObject>(child: T, metadata: Partial<KubeObject['metadata']>): T => ({
  ...child,
  metadata: { ...child.metadata, ...metadata },
});
