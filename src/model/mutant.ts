// How a wrong mind is made of the product's: it sees something else than was observed, or does something else than was decided.
import type { KubeObject } from '../api/kubernetes.ts';
import type { Action } from '../domain/decision.ts';
import type { Observed } from '../domain/observed.ts';
import type { OracleName } from './rules/rules.ts';
import type { Search } from './search.ts';
import type { Mind } from './subject.ts';

export interface Mutant {
  /** The wrong mind, made of the right one. */
  readonly mind: (right: Mind) => Mind;
  readonly search: Search;
  readonly oracle: OracleName;
}

/** Decides on something else than what was observed. */
export const seeing =
  (change: (o: Observed) => Observed) =>
  (right: Mind): Mind => ({
    ...right,
    needs: (o, now) => right.needs(change(o), now),
    decide: (o, now) => right.decide(change(o), now),
  });

/** Decides right, and does something else. */
export const doing =
  (change: (actions: readonly Action[], o: Observed) => readonly Action[]) =>
  (right: Mind): Mind => ({
    ...right,
    decide: (o, now) => {
      const decision = right.decide(o, now);
      return { ...decision, actions: change(decision.actions, o) };
    },
  });

export const isDeleted = ({ addon }: Observed): boolean => addon.metadata.deletionTimestamp !== undefined;

/** The child with other labels, annotations or owners. */
export const relabelled = <T extends KubeObject | undefined>(child: T, metadata: Partial<KubeObject['metadata']>): T =>
  child && { ...child, metadata: { ...child.metadata, ...metadata } };
