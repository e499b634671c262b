// Which login roles a login grants their rights and proves, and what status says of them afterwards.
import type { RoleStatus } from '../../api/addon.ts';
import { type Answer, type RolesQuestion, roleLevels } from '../../api/login.ts';
import { partsOf } from '../children.ts';
import { diffContent } from '../credentials/url-secret.ts';
import type { RoleProof } from '../decision.ts';
import { diffKept } from '../ownership/child-diff.ts';
import { letsIn } from '../restore/lock.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { isVerdict, type Verdict } from '../verdict.ts';
import { isApplied } from './applied.ts';
import { askedLevels, askedSchemas, isRoleProved, listedRole, roleName } from './asked.ts';
import { buildDatabaseRole, buildLogin, passwordIn, urlOf } from './parts.ts';

interface Provable extends RoleProof {
  readonly name: string;
  /** Secret. */
  readonly url: string;
}

/** The roles that CNPG has given the password that was read in this round, and that the database lets in. */
function provable(s: Situation, target: Target): readonly Provable[] {
  const { addon, own } = s;
  const asked = askedLevels(addon);
  return roleLevels.flatMap((level) => {
    const { role, login } = partsOf[level];
    const made = own[role];
    const secret = own[login];
    const password = passwordIn(secret);
    const name = roleName(level, target.owner);
    if (!asked.includes(level) || listedRole(addon, level) === undefined || made === undefined) return [];
    if (secret === undefined || password === undefined) return [];
    const passwordVersion = secret.metadata.resourceVersion;
    if (!isApplied(made) || made.spec.login !== true || made.status.secretResourceVersion !== passwordVersion)
      return [];
    if (own.cluster === undefined || !letsIn(own.cluster, name)) return [];
    // What is about to be written has another version.
    const changes = diffContent(s, login, buildLogin(addon, target, level, password), secret);
    const isWritten = !isVerdict(changes) && changes.length === 0;
    if (!isWritten || diffKept(s, role, buildDatabaseRole(addon, target, level, 'open')).length > 0) return [];
    return [{ level, name, url: urlOf(addon, target, level, password), passwordVersion, schemas: askedSchemas(addon) }];
  });
}

/** Whether a login is due, since a role can be proved that no login has proved. */
export function isProofDue(s: Situation, target: Target): boolean {
  return provable(s, target).some(({ level, passwordVersion }) => !isRoleProved(s.addon, level, passwordVersion));
}

/**
 * What a login asks about the roles, and what it proves: each check-up asks for all of them again, so that rights which somebody took away
 * come back. So does a login after a change of the database, which can be another one.
 * @param isCurrent whether no other login is due
 */
export function proofOf(
  s: Situation,
  target: Target,
  isCurrent: boolean,
): { readonly question: RolesQuestion; readonly proves: readonly RoleProof[] } | undefined {
  const all = provable(s, target);
  const isAsked = s.observed.resync || !isCurrent || isProofDue(s, target);
  if (all.length === 0 || !isAsked) return undefined;
  return {
    question: {
      owner: target.owner,
      schemas: askedSchemas(s.addon),
      roles: all.map(({ level, name, url }) => ({ level, name, url })),
    },
    proves: all.map(({ level, passwordVersion, schemas }) => ({ level, passwordVersion, schemas })),
  };
}

/** `status.roles` after a login. @param proves what it was to prove */
export function withProofs(
  roles: readonly RoleStatus[] | undefined,
  proves: readonly RoleProof[],
  { roles: answers = [] }: Answer,
): RoleStatus[] | undefined {
  return roles?.map((one) => {
    const proof = proves.find(({ level }) => level === one.role);
    const answer = answers.find(({ level }) => level === one.role);
    if (proof === undefined || answer === undefined) return one;
    const { passwordVersion: _, schemas: __, ...unproved } = one;
    if (answer.failure !== undefined) return unproved;
    return { ...one, passwordVersion: proof.passwordVersion, schemas: [...proof.schemas] };
  });
}

/** The first role that a login found not to be ready. */
export function roleFailure(
  roles: readonly RoleStatus[] | undefined,
  { roles: answers = [] }: Answer,
): Verdict | undefined {
  const failed = answers.find(({ failure }) => failure !== undefined);
  const name = roles?.find(({ role }) => role === failed?.level)?.name;
  if (failed === undefined || name === undefined) return undefined;
  return { reason: 'RoleNotReady', message: `role "${name}": ${failed.failure}` };
}
