// The promotion chapter: makes this database the one that another app uses. The Secret of that app gets the DATABASE_URL of this database
// in one write, which also makes it belong to this addon, and only once a login with that URL has succeeded. Without spec.promote the addon
// of the app takes it back in the same way (credentials/credentials.ts); until then this addon keeps it up to date.
import { type Chapter, type Round, suspension } from '../chapter.ts';
import type { CredentialsChapter } from '../credentials/credentials.ts';
import { isProven } from '../credentials/login-due.ts';
import { buildUrlSecret, diffContent } from '../credentials/url-secret.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { recordedCondition } from '../recorded.ts';
import { foundAs, type Situation, unseen } from '../situation.ts';
import { isVerdict, recheckAfter, type Verdict } from '../verdict.ts';
import { isPromotionSettled, promotedAppIdOf, secretToTakeOver } from './claim.ts';

/** Nothing is promoted, or nothing is any more. */
const none: Chapter = { conditions: { Promoted: undefined }, status: { promotion: undefined } };

/** @returns the write of the other app's Secret if it is missing or differs, and Promoted */
export function promotionChapter(
  { s, target, suspended }: Round,
  { isUsable }: Pick<DatabaseChapter, 'isUsable'>,
  credentials: CredentialsChapter,
): Chapter {
  const { addon, observed } = s;
  const appId = promotedAppIdOf(addon);
  const secretName = target.names.promotedSecret;
  if (appId === undefined || secretName === undefined) return none;
  // A suspended addon reads no Secret.
  if (suspended !== undefined) return isPromotionSettled(addon) ? {} : { conditions: { Promoted: suspension(s) } };
  const isWanted = addon.spec.promote?.appId === appId;
  const announced = { status: { promotion: { appId, secretName } } };
  const reporting = (verdict: Verdict): Chapter => ({
    ...announced,
    conditions: { Promoted: verdict },
    recheckAfter: isUsable ? recheckAfter(verdict) : undefined,
  });
  const blind = unseen(s, 'promotedSecret');
  if (blind !== undefined) return reporting(blind);
  const read = observed.children.promotedSecret;
  const last = recordedCondition(addon, 'Promoted');
  if (read.kind === 'unavailable') return { ...announced, waitAtLeast: 10_000 };
  const pending: Verdict = {
    reason: 'PromotionPending',
    message: `Secret ${secretName} gets the DATABASE_URL of this database once that is ready and a login has succeeded`,
  };
  if (read.kind === 'unread') return last === undefined ? reporting(pending) : announced;

  const child = foundAs(s, 'promotedSecret');
  const taken = secretToTakeOver(s);
  if (!isWanted && (child === undefined || child.ownership === 'foreign'))
    // It was given back, or is gone. Another promotion, if the spec requests one, begins then.
    return addon.spec.promote === undefined ? none : { ...none, recheckAfter: recheckAfter(pending) };
  if (child?.ownership === 'foreign' && taken === undefined) return reporting(refused(s, secretName));
  const obstacle = taken === undefined ? obstacleTo(s, 'promotedSecret') : undefined;
  if (obstacle !== undefined) return reporting(obstacle);
  const existing = child?.role === 'promotedSecret' ? child.object : undefined;
  // One that was deleted by hand is written again without asking, as that of the addon's own app.
  const isNew = taken !== undefined || (existing === undefined && last?.reason !== 'Promoted');
  const isAnnounced = addon.status?.promotion?.appId === appId;
  const { url } = credentials;
  if (isNew && !(isAnnounced && isProven(s, target, isUsable, credentials))) return reporting(pending);
  // The credentials were not read, or are not valid: what was published stays, if it is there.
  if (url === undefined) return last === undefined || existing === undefined ? reporting(pending) : announced;
  const actions = diffContent(s, 'promotedSecret', buildUrlSecret(addon, secretName, url), existing);
  if (isVerdict(actions)) return reporting(actions);
  return { ...reporting(isWanted ? promoted(secretName) : ending(secretName, appId)), actions };
}

function promoted(secretName: string): Verdict {
  return { reason: 'Promoted', message: `Secret ${secretName} holds the DATABASE_URL of this database` };
}

function ending(secretName: string, appId: string): Verdict {
  return {
    reason: 'PromotionEnding',
    message: `spec.promote does not name app "${appId}" any more: Secret ${secretName} holds the DATABASE_URL of this database until a PostgresAddon of that app takes it, once a login to its own database has succeeded`,
  };
}

function refused(s: Situation, secretName: string): Verdict {
  const other = s.observed.sameApp.find(({ spec }) => spec.promote?.appId === s.addon.spec.promote?.appId);
  const why =
    other === undefined
      ? 'delete it if nothing uses it'
      : `PostgresAddon "${other.metadata.name}" is promoted to the same app: remove spec.promote of one of the two`;
  return {
    reason: 'PromotionRefused',
    message: `Secret ${secretName} does not belong to a PostgresAddon of app "${s.addon.spec.promote?.appId}" and was left unchanged; ${why}`,
  };
}
