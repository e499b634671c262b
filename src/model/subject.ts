// What decides in the model: the product's own functions, or a wrong variant of one of them. Handed in, so that the checker can be
// shown to notice.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Action, ActionResult, Decision } from '../domain/decision.ts';
import type { Needs } from '../domain/needs.ts';
import type { Observed } from '../domain/observed.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ServerError } from './server.ts';
import type { Sight } from './sight.ts';

/** What a refused write means; as in controller/api-errors.ts, which this folder may not import. */
export type Meaning =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

export interface Subject {
  readonly needs: (o: Observed, now: number) => Needs;
  /** @param sight what was observed, for whoever compares subjects */
  readonly decide: (o: Observed, now: number, sight: Sight) => Decision;
  readonly statusOf: (addon: PostgresAddon, decision: Decision, result: ActionResult, now: number) => AddonStatus;
  readonly classify: (error: ServerError, action: Action) => Meaning;
}
