// Which login roles an addon has besides the owner: those that it asks for, and those that status lists. One is listed before anything of
// it is made, so that it is found and locked later, whatever happens in between.
import type { PostgresAddon, RoleStatus } from '../../api/addon.ts';
import { type RoleLevel, roleLevels } from '../../api/login.ts';
import { partsOf, type Role } from '../children.ts';
import type { Read } from '../observed.ts';
import { reasonOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';

/** PostgreSQL cuts longer names. */
const longestName = 63;

/** The name in PostgreSQL of a login role. @param owner of the database */
export function roleName(level: RoleLevel, owner: string): string {
  return `${owner.slice(0, longestName - level.length - 1)}_${level}`;
}

/** Those that the spec asks for. */
export function askedLevels({ spec: { roles = [] } }: PostgresAddon): readonly RoleLevel[] {
  return roleLevels.filter((level) => roles.includes(level));
}

/** What status says of a role; undefined if it does not list it. */
export function listedRole({ status }: PostgresAddon, level: RoleLevel): RoleStatus | undefined {
  return status?.roles?.find(({ role }) => role === level);
}

/**
 * Those of which something can exist: the listed ones and those asked for, and before anything is published all of them, since the database
 * can be one that another addon left in service.
 */
export function roleLevelsOf(addon: PostgresAddon): readonly RoleLevel[] {
  if (addon.status?.credentials === undefined) return roleLevels;
  const asked = askedLevels(addon);
  return roleLevels.filter((level) => asked.includes(level) || listedRole(addon, level) !== undefined);
}

/**
 * Whether a part of a login role that is not watched can be there: of one that is neither asked for nor listed only if its DatabaseRole is.
 * @param kindOf what was observed of a watched child
 */
export function mayHavePart(
  addon: PostgresAddon,
  part: Role,
  kindOf: (watched: Role) => Read<unknown>['kind'],
): boolean {
  const level = roleLevels.find((one) => [partsOf[one].login, partsOf[one].secret].some((secret) => secret === part));
  if (level === undefined || askedLevels(addon).includes(level) || listedRole(addon, level) !== undefined) return true;
  return kindOf(partsOf[level].role) !== 'absent';
}

/** The schemas in which they get their rights. */
export function askedSchemas({ spec: { roleSchemas = [] } }: PostgresAddon): readonly string[] {
  return ['public', ...roleSchemas.filter((name) => name !== 'public')];
}

/** Whether a login has proved the role as the spec asks for it. @param passwordVersion of the Secret with its password */
export function isRoleProved(addon: PostgresAddon, level: RoleLevel, passwordVersion: string | undefined): boolean {
  const listed = listedRole(addon, level);
  const asked = askedSchemas(addon);
  return (
    listed?.passwordVersion !== undefined &&
    listed.passwordVersion === passwordVersion &&
    // A name can hold a comma.
    JSON.stringify(listed.schemas) === JSON.stringify(asked)
  );
}

/** Reasons of the condition while something that the spec asks for is yet to be done. */
const unsettled: readonly (string | undefined)[] = ['RolePending', 'Suspended', 'SpecUnknown'];

/** Whether nothing is left to be done for what the spec asks for, whatever stands in the way of it. */
export function areRolesSettled(addon: PostgresAddon): boolean {
  const asked = askedLevels(addon);
  const isListed = roleLevels.every((level) => asked.includes(level) === (listedRole(addon, level) !== undefined));
  return isListed && (asked.length === 0 || !unsettled.includes(reasonOf(addon, 'RolesReady')));
}

/**
 * Whether the DatabaseRoles have to be read from the API server: one that is not asked for any more, and that the watch does not know yet,
 * would be forgotten.
 */
export function isRoleOverlooked({ addon, observed }: Situation): boolean {
  const asked = askedLevels(addon);
  return roleLevels.some((level) => {
    const isLeaving = listedRole(addon, level) !== undefined && !asked.includes(level);
    return isLeaving && observed.children[partsOf[level].role].kind === 'absent';
  });
}

/** Whether the Secrets of the roles have to be read: one is to be removed, or is not known to hold a DATABASE_URL that logs in. */
export function areRolesOpen({ addon, own, observed: { platform } }: Situation): boolean {
  const asked = askedLevels(addon);
  const isReady = reasonOf(addon, 'RolesReady') === 'Published';
  return roleLevels.some((level) => {
    if (listedRole(addon, level) === undefined) return false;
    if (!asked.includes(level)) return true;
    const { status } = own[partsOf[level].role] ?? {};
    const isProved = isReady && status?.applied === true && isRoleProved(addon, level, status.secretResourceVersion);
    return platform.connectionCheck !== 'Off' && !isProved;
  });
}
