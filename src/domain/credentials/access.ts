// The access chapter: whether a login is due that proves that the database can be used, and the result of the last one.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Question } from '../../api/login.ts';
import { archiverQuestion, isArchiverDue } from '../backup/archiving.ts';
import type { Chapter, Round } from '../chapter.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import type { LoginPlace } from '../decision.ts';
import { drillQuestion } from '../drill/due.ts';
import { sourceSecretName } from '../names.ts';
import { recordedCondition } from '../recorded.ts';
import { rolesQuestion } from '../restore/lock.ts';
import { proofOf } from '../roles/proof.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { type Verdict, verdictOf } from '../verdict.ts';
import type { CredentialsChapter } from './credentials.ts';
import { isLoginCurrent } from './login-due.ts';

/** The verdict before the login: every instance is ready and DATABASE_URL is published. */
export function judgeReady({ provisioned, isUsable }: DatabaseChapter, { published }: CredentialsChapter): Verdict {
  if (!isUsable) return provisioned;
  if (published.reason !== 'Published' && published.reason !== 'Superseded') return published;
  const message = isHealthy(provisioned) ? 'the database is ready' : `a login succeeds, but ${provisioned.message}`;
  return { reason: 'Running', message: `${message}; ${published.message}` };
}

/**
 * @returns the login that is due, if any, and Connectable. A login is due once judgeReady() returns Running, unless isLoginCurrent();
 * a resync always repeats it. With connectionCheck Required, Ready depends on it.
 */
export function accessChapter(
  { s, target, suspended, now }: Round,
  database: DatabaseChapter,
  credentials: CredentialsChapter,
): Chapter {
  const { addon, own, observed } = s;
  const { connectionCheck } = observed.platform;
  // The last result stays: a suspended addon reads no Secret.
  if (suspended !== undefined) return {};
  if (connectionCheck === 'Off') return { conditions: { Connectable: undefined } };
  const isCurrent = isLoginCurrent(s, target, credentials);
  const { url } = credentials;
  const hasArchived = isArchiverDue(s, target, now);
  const proof = proofOf(s, target, isCurrent);
  const isAsked =
    observed.resync || !isCurrent || hasArchived || drillQuestion(addon) !== undefined || proof !== undefined;
  // It is due because of the Backup that was read with this round, which could not read the credentials for it yet.
  const isLate =
    hasArchived && observed.source.kind === 'unread' && judgeReady(database, credentials).reason === 'Running';
  const isDue = judgeReady(database, credentials).reason === 'Running' && isAsked;
  const last = database.isUsable && isCurrent ? verdictOf(recordedCondition(addon, 'Connectable')) : undefined;
  const proves = {
    primary: own.cluster?.status.currentPrimary,
    readySince: own.cluster?.status.readyCondition?.lastTransitionTime,
  };
  return {
    login:
      isDue && url !== undefined
        ? {
            url,
            place: placeOf(addon, target),
            proves,
            ...(proof && { provesRoles: proof.proves }),
            question: { ...questionOf(s, target), ...(proof && { roles: proof.question }) },
          }
        : undefined,
    requiresLogin: connectionCheck === 'Required',
    recheckAfter: isLate ? lateRecheck : undefined,
    conditions: { Connectable: last ?? loginPending },
  };
}

/** The first wait for a login that is due and could not be made. Milliseconds. */
const lateRecheck = 1_000;

function questionOf(s: Situation, target: Target): Question {
  const archiver = archiverQuestion(s, target);
  const drill = drillQuestion(s.addon);
  return { ...(archiver && { archiver }), ...rolesQuestion(s, target), ...(drill && { drill }) };
}

const loginPending: Verdict = {
  reason: 'LoginPending',
  message: 'a login is attempted once the database is ready and DATABASE_URL is published',
};

/** The names that the messages about a login contain. */
function placeOf({ metadata }: PostgresAddon, { names, database, owner }: Target): LoginPlace {
  const host = `${names.cluster}-rw.${metadata.namespace}`;
  return { sourceSecret: sourceSecretName(names.cluster), host, database, role: owner };
}
