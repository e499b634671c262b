// What a decision wants to tell; tell() in status.ts makes the status of it once the outcome of the writes is known.
import type { AddonStatus, PlanChange } from '../api/addon.ts';
import type { Publication } from './credentials/publish.ts';
import type { WrittenKind } from './decision.ts';
import type { ConnectionCheck } from './observed.ts';
import type { Target, Verdict } from './target.ts';

export interface Report {
  /** When the database was ready first, when status or the Cluster knows it. */
  readonly readyAt?: string | undefined;
  readonly ready: Verdict;
  /** Absent when the spec could not be understood or the addon is going away. */
  readonly target?: Target;
  /** The aspects below are absent while an obstacle kept the operator from looking further. */
  readonly provisioned?: Verdict;
  readonly credentials?: Pick<Publication, 'verdict' | 'credentials'>;
  readonly planApplied?: Verdict;
  readonly backupReady?: Verdict | undefined;
  readonly protection?: Verdict | undefined;
  readonly adopted?: Verdict | undefined;
  readonly suspended?: Verdict | undefined;
  /** What a login is to prove; absent where none is judged in this round. */
  readonly connection?: {
    readonly check: ConnectionCheck;
    readonly healthy: boolean;
    /** Whether the last login still stands for what is there now. */
    readonly proved: boolean;
    readonly primary: string | undefined;
    /** lastTransitionTime of the Cluster's Ready condition. */
    readonly readySince: string | undefined;
  };
  readonly planChange?: PlanChange | undefined;
  readonly preview?: AddonStatus['preview'] | undefined;
  /** The spec is not carried out now: what status says of the database stands for the generation before. */
  readonly frozen?: boolean;
}

/** What came of a decision's writes. */
export interface Outcome {
  /** The write that was refused, with the server's words; the writes after it were not tried. */
  readonly refusal?: Verdict & { readonly child: WrittenKind };
  /** uid of the app Secret when it was created. */
  readonly secretUID?: string;
  /** What came of the login, when one was asked for. */
  readonly login?: Verdict;
}
