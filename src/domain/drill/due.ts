// What a restore drill waits for, and what has to be read or asked for its next step.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Question } from '../../api/login.ts';
import { cut } from '../../api/text.ts';
import { recordedTime } from '../../api/time.ts';
import { archivingOf, isInForce } from '../backup/archiving.ts';
import { isArchiving, oldestBackup } from '../backup/window.ts';
import { isUp } from '../database/up.ts';
import { isRedacting } from '../redaction/state.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { isOfDrill, whatIsLeft } from './objects.ts';
import { nextDrill } from './schedule.ts';

/** How much of the annotation's value is recorded. */
const longestRequest = 100;

/** The first search for a cause comes after this. Milliseconds. */
const firstLook = 90_000;

/** The request that was not carried out before; undefined if there is none. */
export function newRequest({ metadata, status }: PostgresAddon): string | undefined {
  const value = metadata.annotations?.[annotations.drillNow];
  if (value === undefined || value === '') return undefined;
  const request = cut(value, longestRequest);
  const { drill, lastDrill } = status?.backup ?? {};
  return request === drill?.request || request === lastDrill?.request ? undefined : request;
}

/** Whether a drill is due, by its schedule or since somebody asked for it. @param now wall-clock time in milliseconds */
export function isDue(s: Situation, target: Target, now: number): boolean {
  // Without them in the schema, nothing of a drill would be remembered.
  if (s.observed.missingFromSchema.some((what) => /\bstatus\.backup\.(?:drill|lastDrill)\b/.test(what))) return false;
  const next = target.backup === 'none' ? undefined : nextDrill(s.addon, now);
  return newRequest(s.addon) !== undefined || (next !== undefined && next <= now);
}

/** Whether a drill would begin now, if there is room for it. @param now wall-clock time in milliseconds */
export function wantsRoom(s: Situation, target: Target, healthy: boolean, now: number): boolean {
  return (
    s.addon.status?.backup?.drill === undefined &&
    isDue(s, target, now) &&
    impossible(s, target) === undefined &&
    canBegin(s, target, healthy, now)
  );
}

/** Why there can be no drill, however long somebody waits. */
export function impossible(s: Situation, target: Target): string | undefined {
  if (target.backup === 'none') return `plan ${target.plan} has no backups`;
  if (s.observed.platform.connectionCheck === 'Off')
    return 'the operator is configured not to log in (readiness.connectionCheck is Off), so that nothing could be checked';
  const { stuck } = whatIsLeft(s);
  if (stuck !== undefined)
    return `Cluster ${stuck.metadata.name} of an earlier drill is not owned by an ObjectStore any more, so that nothing removes it; delete it`;
  const { store, cluster } = s.observed.drill;
  const other = [store, cluster].find((object) => object !== undefined && !isOfDrill(s.addon, object));
  if (other === undefined) return undefined;
  return `${other.kind} ${other.metadata.name}, whose name a drill needs, does not belong to a drill of this addon; delete it`;
}

/** Whether there is something to restore, and the archive works. What is missing has a condition of its own. */
export function canBegin(s: Situation, target: Target, healthy: boolean, now: number): boolean {
  const isArchived = isArchiving(s, target.archive) && oldestBackup(s, target) !== undefined;
  return healthy && !isRedacting(s) && isArchived && isInForce(archivingOf(s, target, now));
}

/** What a login to the database is asked for a drill. It is due as long as the drill waits for the archive. */
export function drillQuestion(addon: PostgresAddon): Question['drill'] {
  const { drill } = addon.status?.backup ?? {};
  if (drill?.step !== 'Archiving') return undefined;
  return drill.mark === undefined ? 'mark' : 'archived';
}

/** Whether the second database is about to be made: what has its name already would be taken over. */
export function isToBeMade({ addon, observed: { drill: seen } }: Situation): boolean {
  const isRestoring = addon.status?.backup?.drill?.step === 'Restoring';
  return isRestoring && seen.store !== undefined && seen.cluster === undefined;
}

/** Whether the causes are looked for why the second database does not come up. @param now wall-clock time in milliseconds */
export function isTimeForCause({ addon, observed: { drill: seen } }: Situation, now: number): boolean {
  const { step, restoreTime } = addon.status?.backup?.drill ?? {};
  const since = recordedTime(restoreTime, now);
  const isWaiting = step === 'Restoring' && seen.cluster !== undefined && !isUp(seen.cluster, 1);
  return isWaiting && since !== undefined && now - since >= firstLook;
}

/** Whether the second database can be checked, for which its credentials are needed. */
export function isToBeChecked({ addon, observed: { drill: seen } }: Situation): boolean {
  const isRestoring = addon.status?.backup?.drill?.step === 'Restoring';
  return isRestoring && seen.cluster !== undefined && isUp(seen.cluster, 1);
}
