// Decides what to do for one addon: read top to bottom, it covers every situation. It is pure, and carries out nothing itself.
import { archiveOf } from './backup/archive.ts';
import { archiveChapter, backupChapter } from './backup/backup.ts';
import { adoptedLineage } from './backup/lineages.ts';
import { backupWithoutCluster, missingCluster } from './backup/missing-cluster.ts';
import { restSchedule } from './backup/scheduled-backup.ts';
import { type Chapters, combine, type Round } from './chapter.ts';
import { withoutContested } from './contest.ts';
import { accessChapter, judgeReady } from './credentials/access.ts';
import { credentialsChapter } from './credentials/credentials.ts';
import { databaseChapter } from './database/database.ts';
import type { Decision } from './decision.ts';
import { explain, untilNextSearch } from './diagnosis/explain.ts';
import { drillChapter } from './drill/drill.ts';
import { extrasChapter } from './extras/extras.ts';
import type { Observed } from './observed.ts';
import { adopt } from './ownership/adopt.ts';
import { addFinalizer } from './ownership/finalizer.ts';
import { holdFirst, isHeld, leaveTo, otherHolder } from './ownership/holder.ts';
import { checkLive } from './ownership/live-check.ts';
import { findObstacle } from './ownership/obstacle.ts';
import { endOfProtection, judgeAdoption, protectionChapter } from './ownership/protection.ts';
import { markLeftovers, release } from './ownership/release.ts';
import { promotionChapter } from './promotion/promotion.ts';
import { inheritedReadyAt } from './recorded.ts';
import { redactionChapter } from './redaction/redaction.ts';
import { restoreChapter, untilTargetTime } from './restore/restore.ts';
import { retracted, retractedFields } from './retraction.ts';
import { rolesChapter } from './roles/roles.ts';
import { judgeSchema } from './served-schema.ts';
import { orphanedCluster, type Situation, situationOf } from './situation.ts';
import { suspended } from './suspend.ts';
import { type Target, targetOf } from './target.ts';
import { isVerdict, recheckAfter, soonest, type Verdict } from './verdict.ts';

/**
 * @param observed what is known of one addon
 * @param now wall-clock time in milliseconds; only the duration of waits and the condition EndOfLife depend on it
 */
export function decide(observed: Observed, now: number): Decision {
  const holder = otherHolder(observed);
  if (holder !== undefined) return leaveTo(holder, observed);
  const s = situationOf(observed);
  const decision = inSituation(s, now);
  const { operator } = observed.platform;
  const conditions = { ...decision.conditions, CRDOutdated: judgeSchema(observed.missingFromSchema) };
  return { ...decision, operator, conditions, readyAt: s.addon.status?.ready_at ?? decision.readyAt };
}

/** The situations, in the order in which they are checked; the first that applies decides. */
function inSituation(s: Situation, now: number): Decision {
  if (s.observed.gone) return markLeftovers(s);
  if (s.addon.metadata.deletionTimestamp !== undefined) return release(s);

  const target = untilTargetTime(s, now) ?? targetOf(s);
  if (isVerdict(target))
    return { ...blocked(target), conditions: retracted(s, target), status: retractedFields(s, now) };
  if (s.addon.spec.suspend === true) return suspended({ s, target, now }, chaptersOf);

  const obstacle = findObstacle(s) ?? checkLive(s);
  if (obstacle !== undefined)
    return { ...blocked(obstacle), conditions: retracted(s, obstacle), status: retractedFields(s, now) };
  if (orphanedCluster(s) !== undefined) return adoptDatabase(s, target);
  const missing = missingCluster(s);
  const decision = missing === undefined ? converge({ s, target, now }) : withoutCluster(s, target, missing, now);
  return isHeld(s.observed) ? decision : holdFirst(decision);
}

/** Something prevents any action: change nothing, report it, and wait for it to change. */
function blocked(ready: Verdict): Decision {
  return { actions: [], ready, conditions: {}, recheckAfter: recheckAfter(ready) };
}

/** A deleted addon with this name left its database in service: it is adopted unchanged, or not at all. */
function adoptDatabase(s: Situation, target: Target): Decision {
  const adoption = adopt(s, target);
  if (isVerdict(adoption)) return blocked(adoption);
  const message = `adopting Cluster ${target.names.cluster} of a deleted addon with the same name`;
  const backup = adoptedLineage(s);
  return {
    actions: [...addFinalizer(s.addon), ...adoption],
    ready: { reason: 'Adopting', message },
    conditions: { Adopted: judgeAdoption(s) },
    ...(backup === undefined ? {} : { status: { backup } }),
    readyAt: inheritedReadyAt(orphanedCluster(s)),
    // Differences from the addon's spec are applied in the next round.
    continues: true,
  };
}

/** The Cluster vanished while its backups can be restored: no other one is created, and only the schedule changes, which has to rest. */
function withoutCluster(s: Situation, target: Target, missing: Verdict, now: number): Decision {
  return withoutContested(s, {
    ...blocked(missing),
    actions: restSchedule(s, target),
    conditions: retracted(s, missing),
    status: { backup: backupWithoutCluster(s, now) },
  });
}

/** The normal case: each chapter requests the missing writes and reports its conditions. */
function converge(round: Round): Decision {
  const { judged, chapters } = chaptersOf(round);
  const ready = explain(round, judged);
  const decision = combine(ready, [...chapters, { recheckAfter: recheckAfter(ready) }]);
  const { s, target } = round;
  const whole = withoutContested(s, {
    ...decision,
    wakeAfter: soonest(decision.wakeAfter, untilNextSearch(round, judged)),
  });
  const at = whole.actions.findIndex(({ child }) => child === 'objectStore');
  const refused = whole.actions[at];
  if (refused === undefined || target.archive?.chosen === undefined) return whole;
  const others = converge({ ...round, target: { ...target, archive: archiveOf(s.own.cluster) } });
  return { ...whole, withoutStore: { ...others, actions: others.actions.toSpliced(at, 0, refused) } };
}

/** Every chapter, in the order of its writes, and the verdict for `Ready` that follows. Later ones can depend on earlier ones. */
function chaptersOf(round: Round): Chapters {
  const protection = protectionChapter(round);
  const restore = restoreChapter(round);
  const archive = archiveChapter(round);
  const database = databaseChapter(round);
  const drill = drillChapter(round, database);
  const redaction = redactionChapter(round, database);
  const backup = backupChapter(round, database, drill, redaction);
  const credentials = credentialsChapter(round, database, redaction);
  const access = accessChapter(round, database, credentials);
  const promotion = promotionChapter(round, database, credentials);
  const extra = extrasChapter(round, database, credentials);
  const roles = rolesChapter(round, credentials);
  const first = [protection, restore, archive, database, redaction, backup];
  const chapters = [...first, credentials, access, promotion, extra, roles, drill];
  return {
    judged: judgeReady(database, credentials),
    chapters: [...chapters, endOfProtection(round, chapters)],
  };
}
