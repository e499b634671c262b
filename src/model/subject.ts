// What thinks in the model: the product's own functions, or a wrong variant of one of them. Handed in, so that the checker can be
// shown to notice.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Decision } from '../domain/decide.ts';
import type { Action } from '../domain/decision.ts';
import type { Needs } from '../domain/needs.ts';
import type { Observed } from '../domain/observed.ts';
import type { Outcome, Report } from '../domain/report.ts';
import type { Verdict } from '../domain/target.ts';
import type { ServerError } from './server.ts';

/** What a refused write means; as in controller/outcome.ts, which this room may not import. */
export type Meaning =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

export interface Mind {
  readonly needs: (o: Observed, now: number) => Needs;
  readonly decide: (o: Observed, now: number) => Decision;
  readonly tell: (addon: PostgresAddon, report: Report, outcome: Outcome, now: number) => AddonStatus;
  readonly meaningOf: (error: ServerError, action: Action) => Meaning;
}
