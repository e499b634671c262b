// Handles an addon with spec.suspend: the same chapters without their writes. The state of the database is reported, and so is a pending
// change of the spec.
import type { PostgresAddon } from '../api/addon.ts';
import { type Chapter, type Chapters, combine, type Round, suspension } from './chapter.ts';
import { previewOf } from './database/plan-change.ts';
import type { Conditions, Decision } from './decision.ts';
import { recordedCondition } from './recorded.ts';

/**
 * @param round without `suspended`
 * @param chaptersOf all chapters of a round
 */
export function suspended(round: Round, chaptersOf: (round: Round) => Chapters): Decision {
  const { s } = round;
  const itself: Chapter = { conditions: { Suspended: suspension } };
  if (s.own.cluster === undefined) {
    const withoutCluster: Chapter = { conditions: retracted(s.addon), status: { preview: previewOf(s) } };
    return { ...combine(suspension, [withoutCluster, itself]), frozen: true };
  }
  const holdsBack = chaptersOf(round).chapters.some(changesChildren);
  const { judged, chapters } = chaptersOf({ ...round, suspended: { holdsBack } });
  return { ...combine(judged, [...chapters, itself]), actions: [], frozen: holdsBack, recheckAfter: undefined };
}

function changesChildren({ actions = [] }: Chapter): boolean {
  return actions.some(({ child }) => child !== 'addon');
}

/** The recorded conditions about a Cluster that no longer exists. */
function retracted(addon: PostgresAddon): Conditions {
  const types = (['Provisioned', 'PlanApplied', 'Protected'] as const).filter((type) => recordedCondition(addon, type));
  return { ...Object.fromEntries(types.map((type) => [type, suspension])), Adopted: undefined };
}
