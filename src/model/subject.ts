// The subject that the model tests: the product's functions, or a mutant. It is a parameter, so that tests can show that the checker
// detects mutants.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Action, ActionResult, Decision } from '../domain/decision.ts';
import type { Needs } from '../domain/needs.ts';
import type { Observed } from '../domain/observed.ts';
import type { Transition } from '../domain/transitions.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ServerError } from './server.ts';
import type { Sight } from './sight.ts';

/** What a failed write means, as in controller/api-errors.ts, which this folder must not import. */
export type Meaning =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

export interface Subject {
  readonly needs: (o: Observed, now: number) => Needs;
  /** @param sight what was observed, for comparing revisions */
  readonly decide: (o: Observed, now: number, sight: Sight) => Decision;
  readonly statusOf: (addon: PostgresAddon, decision: Decision, result: ActionResult, now: number) => AddonStatus;
  /** The Events about a change of status. */
  readonly transitions: (before: AddonStatus | undefined, after: AddonStatus) => readonly Transition[];
  readonly classify: (error: ServerError, action: Action) => Meaning;
}
