// What a decision wants to tell; tell() in status.ts makes the status of it once the outcome of the writes is known.
import type { ChildKind } from './action.ts';
import type { Publication } from './publish.ts';
import type { Target, Verdict } from './target.ts';

export interface Report {
  readonly ready: Verdict;
  /** Absent when the spec could not be understood or the addon is going away. */
  readonly target?: Target;
  /** The aspects below are absent while an obstacle kept the operator from looking further. */
  readonly provisioned?: Verdict;
  readonly credentials?: Pick<Publication, 'verdict' | 'credentials'>;
  readonly planApplied?: Verdict;
  readonly backupReady?: Verdict | undefined;
}

/** What came of a decision's writes. */
export interface Outcome {
  /** The write that was refused, with the server's words; the writes after it were not tried. */
  readonly refusal?: Verdict & { readonly child: ChildKind };
  /** uid of the app Secret when it was created. */
  readonly secretUID?: string;
}
