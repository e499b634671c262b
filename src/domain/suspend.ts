// Handles an addon that is suspended, or whose spec this version does not know in full: the same chapters without their writes. The state of
// the database is reported, and so is a pending change of the spec. A restore drill is ended and removed.
import { missingCluster } from './backup/missing-cluster.ts';
import { type Chapter, type Chapters, combine, type Round, suspension } from './chapter.ts';
import { previewOf } from './database/plan-change.ts';
import { type Decision, isRole } from './decision.ts';
import { areExtrasSettled } from './extras/asked.ts';
import { isPromotionSettled } from './promotion/claim.ts';
import { retracted, retractedFields } from './retraction.ts';
import { areRolesSettled } from './roles/asked.ts';

/**
 * @param round without `suspended`
 * @param chaptersOf all chapters of a round
 */
export function suspended(round: Round, chaptersOf: (round: Round) => Chapters): Decision {
  const { s } = round;
  const itself: Chapter = { conditions: { Suspended: suspension(s) } };
  if (s.own.cluster === undefined) {
    const missing = missingCluster(s);
    const ready = missing ?? suspension(s);
    const status = { preview: previewOf(s), ...retractedFields(s, round.now) };
    const withoutCluster: Chapter = { conditions: retracted(s, ready), status };
    // What is not known in the spec was seen, and waits for somebody.
    return { ...combine(ready, [withoutCluster, itself]), frozen: s.addon.unknown === undefined };
  }
  const isSettled = isPromotionSettled(s.addon) && areExtrasSettled(s.addon) && areRolesSettled(s.addon);
  const holdsBack = chaptersOf(round).chapters.some(changesChildren) || !isSettled;
  const { judged, chapters } = chaptersOf({ ...round, suspended: { holdsBack } });
  const decision = combine(judged, [...chapters, itself]);
  return {
    ...decision,
    // A restore drill that has ended: nothing that anybody uses, and nobody else removes it.
    actions: decision.actions.filter(({ verb, child }) => verb === 'delete' && child === 'drillStore'),
    // Whoever waits for this generation must not take it to be in force.
    frozen: holdsBack || s.addon.unknown !== undefined,
    recheckAfter: undefined,
  };
}

/** A Backup or a restore drill is no part of what the spec describes: it is made later, and nothing else waits for it. */
function changesChildren({ actions = [] }: Chapter): boolean {
  return actions.some(({ child }) => isRole(child));
}
