// A step of the model: the actor, what it did, and the state after it.
import type { AddonStatus } from '../api/addon.ts';
import type { Action } from '../domain/decision.ts';
import type { Transition } from '../domain/transitions.ts';
import type { ServerError } from './server.ts';
import type { Acting, State } from './state.ts';

export type Actor = 'operator' | 'CNPG' | 'collector' | 'namespace' | 'user';

/** A request of the operator, with what it knew, and the error if there was one. */
export interface Attempt {
  readonly by: Acting;
  readonly request: Action | { readonly verb: 'status'; readonly status: AddonStatus };
  readonly error?: ServerError;
  /** The Events about a status that was stored. */
  readonly events?: readonly Transition[];
}

export interface Step {
  readonly actor: Actor;
  readonly label: string;
  readonly state: State;
  readonly attempt?: Attempt;
}
