// Handles an addon with spec.suspend: the same chapters without their writes. The state of the database is reported, and so is a pending
// change of the spec.
import { backupChapter } from './backup/backup.ts';
import { type Chapter, combine, type Round, suspension } from './chapter.ts';
import { judgeReady } from './credentials/access.ts';
import { credentialsChapter } from './credentials/credentials.ts';
import { databaseChapter } from './database/database.ts';
import { previewOf } from './database/plan-change.ts';
import type { Decision } from './decision.ts';
import { protectionChapter } from './ownership/protection.ts';

/** @param round without `suspended` */
export function suspended(round: Round): Decision {
  const suspendedCondition = { conditions: { Suspended: suspension } };
  if (round.s.own.cluster === undefined) {
    const preview = previewOf(round.s);
    return { ...combine(suspension, [suspendedCondition, { status: { preview } }]), frozen: true };
  }
  const holdsBack = [databaseChapter(round), backupChapter(round)].some(hasWrites);
  const held: Round = { ...round, suspended: { holdsBack } };
  const database = databaseChapter(held);
  const credentials = credentialsChapter(held, database);
  const chapters = [database, credentials, backupChapter(held), protectionChapter(held), suspendedCondition];
  const decision = combine(judgeReady(database, credentials), chapters);
  // status keeps describing the plan and sizes that were last applied.
  const { planChange, preview, credentials: recorded } = decision.status ?? {};
  return {
    ...decision,
    actions: [],
    status: { planChange, preview, credentials: recorded },
    frozen: holdsBack,
    wakeAfter: undefined,
  };
}

function hasWrites({ actions = [] }: Chapter): boolean {
  return actions.length > 0;
}
