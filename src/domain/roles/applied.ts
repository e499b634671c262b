// What CNPG has made of the DatabaseRoles of an addon.
import type { DatabaseRole } from '../../api/cnpg.ts';
import { partsOf } from '../children.ts';
import type { Situation } from '../situation.ts';
import { askedLevels, roleName } from './asked.ts';

/** Whether CNPG has made the role as its DatabaseRole says. */
export function isApplied({ metadata, status }: DatabaseRole): boolean {
  return status.applied === true && status.observedGeneration === metadata.generation;
}

/** Whether the role can no longer log in. */
export function isLocked(role: DatabaseRole): boolean {
  return role.spec.login === false && role.spec.passwordSecret === undefined && isApplied(role);
}

/** The names of the roles asked for that have a password of this database. @param owner of the database */
export function openRoles({ addon, own }: Situation, owner: string): readonly string[] {
  const open = askedLevels(addon).filter((level) => {
    const made = own[partsOf[level].role];
    return made !== undefined && made.spec.login === true && isApplied(made);
  });
  return open.map((level) => roleName(level, owner));
}
