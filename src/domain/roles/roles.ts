// The chapter on the login roles besides the owner: CNPG makes them, the owner gives them their rights at a login, and a DATABASE_URL is
// published once a login with it succeeded. Nothing waits for them, and one that is not asked for any more is locked before it is let go.
import type { RoleStatus } from '../../api/addon.ts';
import type { DatabaseRole } from '../../api/cnpg.ts';
import type { Secret } from '../../api/kubernetes.ts';
import { type RoleLevel, roleLevels } from '../../api/login.ts';
import { cut } from '../../api/text.ts';
import { alsoTelling, alterationsIn } from '../alteration.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { partsOf, type RemovableRole } from '../children.ts';
import type { CredentialsChapter } from '../credentials/credentials.ts';
import { buildUrlSecret, diffContent } from '../credentials/url-secret.ts';
import { type Action, remove } from '../decision.ts';
import { roleSecretName } from '../names.ts';
import { diffKept } from '../ownership/child-diff.ts';
import { handOver } from '../ownership/handover.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { appIdOf } from '../ownership/owner.ts';
import { reasonOf, recordedCondition } from '../recorded.ts';
import { foundAs, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { isVerdict, recheckAfter, stateOf, type Verdict, verdictOf } from '../verdict.ts';
import { isApplied, isLocked } from './applied.ts';
import { areRolesSettled, askedLevels, isRoleProved, listedRole, roleName } from './asked.ts';
import { buildDatabaseRole, buildLogin, newPassword, passwordIn, urlOf } from './parts.ts';
import { isProofDue } from './proof.ts';

/** What is decided about one role. */
interface Judged {
  /** As status lists it. Absent: it is not, or no longer, there. */
  readonly listed?: RoleStatus;
  readonly actions?: readonly Action[];
  /** undefined: nothing was found out about it now. */
  readonly verdict?: Verdict | undefined;
  /** The API server failed to send a Secret of it. */
  readonly isUnavailable?: true;
}

/** The first wait for a Secret that the API server failed to send. Milliseconds. */
const unavailableRecheck = 10_000;

/** The first wait for what no watch reports: that status lists a role, that a login proved it, that it is gone. Milliseconds. */
const shortRecheck = 1_000;

/** How much of a message of CNPG is told, in characters. */
const longestMessage = 300;

/**
 * @param credentials the first role is made once they are published
 * @returns the writes that make, change, lock and remove the roles, `status.roles`, and RolesReady
 */
export function rolesChapter(round: Round, credentials: Pick<CredentialsChapter, 'valid'>): Chapter {
  const { s, target, suspended } = round;
  const { addon, observed } = s;
  if (suspended !== undefined) return areRolesSettled(addon) ? {} : { conditions: { RolesReady: suspension(s) } };
  // The API server drops what status lists, as after a downgrade of the CRD: a role that was made would be forgotten, and stay open.
  if (observed.missingFromSchema.includes('status.roles')) return { conditions: { RolesReady: undefined } };
  const asked = askedLevels(addon);
  const judged = roleLevels.map((level) => (asked.includes(level) ? wanted(round, level) : leaving(s, target, level)));
  const roles = judged.flatMap(({ listed }) => listed ?? []);
  const actions = judged.flatMap(({ actions: of = [] }) => of);
  const verdict = verdictOn(s, judged);
  const isNew = roles.some(({ role }) => listedRole(addon, role) === undefined);
  const isPublished = addon.status?.credentials !== undefined;
  const isAboutToBe = !isPublished && roles.length > 0 && credentials.valid !== undefined;
  const goesOn =
    (isPublished && isNew) || isAboutToBe || isProofDue(s, target) || actions.some(({ verb }) => verb === 'delete');
  return {
    actions,
    conditions: { RolesReady: verdict },
    status: { roles: roles.length === 0 ? undefined : roles },
    recheckAfter: goesOn ? shortRecheck : recheckAfter(verdict),
    waitAtLeast: judged.some(({ isUnavailable }) => isUnavailable) ? unavailableRecheck : undefined,
  };
}

/** One that is asked for. */
function wanted({ s, target }: Round, level: RoleLevel): Judged {
  const { addon, own, observed } = s;
  const { role, login, secret } = partsOf[level];
  const name = roleName(level, target.owner);
  const before = listedRole(addon, level);
  const listed = { role: level, name, secretName: roleSecretName(level, appIdOf(addon)) };
  const pending = (what: string): Verdict => ({ reason: 'RolePending', message: `role "${name}" ${what}` });
  if (before === undefined || addon.status?.credentials === undefined)
    return { listed: { ...listed, ...before }, verdict: pending('is made once the database is ready') };
  const parts = [role, login, secret] as const;
  if (observed.platform.connectionCheck === 'Off')
    return { listed: before, actions: held(s, parts), verdict: loginOff };
  const obstacle = parts.map((part) => obstacleTo(s, part)).find((found) => found !== undefined);
  if (obstacle !== undefined) return { listed: before, actions: held(s, parts), verdict: obstacle };

  const made = own[role];
  // What was proved about an earlier role holds for none that CNPG has not made yet, as after the Cluster was made again.
  const kept = made?.status.applied === true ? before : listed;
  const roleActions = diffKept(s, role, buildDatabaseRole(addon, target, level, 'open'));
  const reads = [observed.children[login], observed.children[secret]];
  if (reads.some(({ kind }) => kind === 'unavailable'))
    return { listed: kept, actions: roleActions, isUnavailable: true };
  const refused = refusal(made, name);
  if (reads.some(({ kind }) => kind === 'unread')) return { listed: kept, actions: roleActions, verdict: refused };

  const existing = existingOf(s, login);
  const known = passwordIn(existing);
  const password = known ?? newPassword(observed.entropy, level);
  const loginActions = diffContent(s, login, buildLogin(addon, target, level, password), existing);
  if (isVerdict(loginActions)) return { listed: kept, actions: held(s, parts), verdict: loginActions };
  const changes = [...loginActions, ...roleActions];
  const actions = [...changes, ...held(s, [secret])];
  if (refused !== undefined) return { listed: kept, actions, verdict: refused };
  const passwordVersion = existing?.metadata.resourceVersion;
  const isMade = changes.length === 0 && made !== undefined && isApplied(made);
  if (!isMade || made.status.secretResourceVersion !== passwordVersion)
    return { listed: kept, actions, verdict: pending('is being made or changed by CloudNativePG') };
  if (!isRoleProved(addon, level, passwordVersion)) {
    const last = reasonOf(addon, 'RolesReady') === 'RoleNotReady' ? recordedCondition(addon, 'RolesReady') : undefined;
    const isAbout = last?.message.startsWith(`role "${name}"`) === true;
    const unproved = (isAbout ? verdictOf(last) : undefined) ?? pending('gets its rights at the next login');
    return { listed: kept, actions, verdict: unproved };
  }
  const manifest = buildUrlSecret(addon, listed.secretName, urlOf(addon, target, level, password));
  const secretActions = diffContent(s, secret, manifest, existingOf(s, secret));
  if (isVerdict(secretActions)) return { listed: kept, actions, verdict: secretActions };
  return { listed: kept, actions: secretActions, verdict: { reason: 'Published', message: listed.secretName } };
}

/** CNPG could not make or change a role. */
function refusal(made: DatabaseRole | undefined, name: string): Verdict | undefined {
  if (made === undefined || made.status.applied !== false) return undefined;
  const { message = '' } = made.status;
  return {
    reason: 'RoleNotApplied',
    message: `role "${name}": CloudNativePG reports: ${cut(message, longestMessage)}`,
  };
}

const loginOff: Verdict = {
  reason: 'LoginOff',
  message: 'spec.roles needs logins of the operator, but readiness.connectionCheck is Off',
};

/** The writes that give parts of it the owner that the mode requires, whatever else is wrong with them. */
function held(s: Situation, parts: readonly RemovableRole[]): readonly Action[] {
  return parts.flatMap((part) => {
    const child = foundAs(s, part);
    return child !== undefined && isOurs(s, part) ? handOver(s.addon, child, 'held') : [];
  });
}

/** The Secret that the addon has or may take. */
function existingOf(s: Situation, part: (typeof partsOf)[RoleLevel]['login' | 'secret']): Secret | undefined {
  const child = foundAs(s, part);
  return child !== undefined && (child.ownership === 'ours' || child.ownership === 'orphan')
    ? (child.object as Secret)
    : undefined;
}

/**
 * One that is not asked for: its DATABASE_URL goes first, then CNPG locks it, and then what it was made from goes. It is listed until all
 * of that is seen.
 */
function leaving(s: Situation, target: Target, level: RoleLevel): Judged {
  const { addon, observed, own } = s;
  const parts = partsOf[level];
  const before = listedRole(addon, level);
  const there = [parts.role, parts.login, parts.secret].filter((part) => isOurs(s, part));
  if (before === undefined && there.length === 0) return {};
  const name = before?.name ?? roleName(level, target.owner);
  const listed = before ?? { role: level, name, secretName: roleSecretName(level, appIdOf(addon)) };
  const reads = [observed.children[parts.login], observed.children[parts.secret]];
  if (reads.some(({ kind }) => kind === 'unavailable')) return { listed, isUnavailable: true };
  const verdict: Verdict = { reason: 'RolePending', message: `role "${name}" is being locked and removed` };
  if (reads.some(({ kind }) => kind === 'unread')) return { listed, verdict };
  const url = removal(s, parts.secret);
  const made = own[parts.role];
  const isLoginThere = isOurs(s, parts.login);
  if (made === undefined && !isLoginThere) return url.length === 0 ? {} : { listed, actions: url, verdict };
  const obstacle = obstacleTo(s, parts.role);
  if (made !== undefined && isLocked(made)) {
    const all = [...url, ...removal(s, parts.role), ...removal(s, parts.login)];
    return { listed, actions: all, verdict };
  }
  if (obstacle !== undefined) return { listed, actions: url, verdict: obstacle };
  const lock =
    own.cluster === undefined ? [] : diffKept(s, parts.role, buildDatabaseRole(addon, target, level, 'locked'));
  return { listed, actions: [...url, ...lock], verdict: refusal(made, name) ?? verdict };
}

/** Whether there is one that belongs to the addon, or was left behind with its database. */
function isOurs(s: Situation, part: RemovableRole): boolean {
  const child = foundAs(s, part);
  return child?.ownership === 'ours' || (child?.ownership === 'orphan' && obstacleTo(s, part) === undefined);
}

function removal(s: Situation, part: RemovableRole): readonly Action[] {
  const child = foundAs(s, part);
  const isGoing = child?.object.metadata.deletionTimestamp !== undefined;
  return child === undefined || isGoing || !isOurs(s, part) ? [] : [remove(part, child.object)];
}

/** One that is not ready, with what admission has changed; otherwise all of them, or what was recorded if nothing was found out. */
function verdictOn({ addon }: Situation, judged: readonly Judged[]): Verdict | undefined {
  const there = judged.filter(({ listed }) => listed !== undefined);
  if (there.length === 0) return undefined;
  const altered = alterationsIn(there.map(({ verdict }) => verdict));
  const isProblem = (verdict: Verdict): boolean => stateOf(verdict) !== 'good' && verdict.reason !== altered?.reason;
  const problems = there.flatMap(({ verdict }) => verdict ?? []).filter(isProblem);
  // What needs somebody comes before what ends by itself.
  const problem = problems.find((verdict) => stateOf(verdict) === 'stalled') ?? problems[0];
  if (problem !== undefined) return alsoTelling(problem, altered);
  if (altered !== undefined) return altered;
  if (there.some(({ verdict }) => verdict === undefined)) return verdictOf(recordedCondition(addon, 'RolesReady'));
  const secrets = there.flatMap(({ listed }) => listed?.secretName ?? []);
  const [noun, holds] = secrets.length === 1 ? ['Secret', 'holds'] : ['Secrets', 'hold'];
  return { reason: 'Published', message: `${noun} ${secrets.join(', ')} ${holds} the DATABASE_URL of each role` };
}
