// The status that a step reported, as the rules on status judge it.
import type { AddonStatus, PostgresAddon } from '../../api/addon.ts';
import type { ConditionType } from '../../api/conditions.ts';
import type { Condition } from '../../api/kubernetes.ts';
import type { Answer } from '../../api/login.ts';
import type { Observed } from '../../domain/observed.ts';
import type { View } from '../state.ts';
import type { Step } from '../step.ts';

/** The status that a step wrote or tried to write, with what the operator knew. */
export interface Reported {
  readonly status: AddonStatus;
  readonly addon: PostgresAddon;
  /** What was observed before the decision. */
  readonly observed: Observed;
  readonly from: View;
  /** The same, with the answers of own writes. */
  readonly seen: View;
  readonly refused: boolean;
  readonly loggedIn: boolean;
  /** What the database answered at the login of this reconcile. */
  readonly answer: Answer | undefined;
  /** Whether the Cluster was created in the same reconcile. */
  readonly created: boolean;
}

/** Undefined if the step wrote no status. */
export function reportedIn({ attempt }: Step): Reported | undefined {
  if (attempt?.request.verb !== 'status') return undefined;
  const { by, request, error } = attempt;
  return {
    status: request.status,
    addon: by.observed.addon,
    observed: by.observed,
    from: by.from,
    seen: by.seen,
    refused: error !== undefined,
    created: by.result.created?.cluster !== undefined,
    answer: by.result.answer,
    loggedIn: by.result.login?.reason === 'LoggedIn',
  };
}

/** A condition of a status. */
export function conditionIn(status: AddonStatus | undefined, condition: ConditionType): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === condition);
}
