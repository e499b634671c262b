// Keeps a restored database closed to every role but its owner. CNPG gives the owner a new password; all the other roles have the one that
// they had in the source, and whoever knows that could read a copy of the data that nobody told them of.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster, ClusterSpec } from '../../api/cnpg.ts';
import type { Answer, Question } from '../../api/login.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';

type Restore = NonNullable<NonNullable<PostgresAddon['status']>['restore']>;

/** Whether the other roles may log in, because somebody asked for it. */
function isUnlocked({ metadata }: PostgresAddon): boolean {
  return metadata.annotations?.[annotations.unlockRoles] === 'true';
}

/**
 * The lines of pg_hba.conf that let only the owner log in over the network. They are in force before the first connection: CNPG puts its
 * own rules, for replication and poolers, before them, and the one that lets everybody in after them.
 */
function lockFor(owner: string): readonly string[] {
  const reject = 'host all all all reject';
  // Whoever can write a status or a Cluster must not add a line of another kind.
  return /^[a-z_][a-z0-9_]{0,62}$/.test(owner) ? [`host all "${owner}" all scram-sha-256`, reject] : [reject];
}

/**
 * @param live the Cluster as it is: lines that others added to it stay, before the operator's own
 * @returns `pg_hba` of a restored database; nothing where the operator has no say in it
 */
export function hbaOf(
  addon: PostgresAddon,
  { origin, owner }: Pick<Target, 'origin' | 'owner'>,
  live: Cluster | undefined,
): Pick<ClusterSpec['postgresql'], 'pg_hba'> {
  const isRestored = origin !== undefined || live?.spec.bootstrap?.recovery !== undefined;
  if (!isRestored) return {};
  const lock = lockFor(owner);
  const present = (live?.spec.postgresql?.pg_hba ?? []) as readonly string[];
  const others = present.filter((line) => !lock.includes(line));
  if (!isUnlocked(addon)) return { pg_hba: [...others, ...lock] };
  if (others.length === present.length) return {};
  return { pg_hba: others.length === 0 ? undefined : others };
}

/** Whether a Cluster has the operator's lines as wanted: all of them, in their order, or none. */
export function isLockedAs(
  { owner }: Pick<Target, 'owner'>,
  live: Cluster['spec'],
  wanted: Pick<ClusterSpec, 'postgresql'>,
): boolean {
  const lock = lockFor(owner);
  const own = ({ postgresql }: Cluster['spec']) =>
    (postgresql?.pg_hba ?? []).filter((line) => line !== undefined && lock.includes(line)).join('\n');
  return own(live) === own(wanted);
}

/** Whether a login asks which roles are locked. */
export function rolesQuestion({ addon }: Situation, { origin }: Target): Pick<Question, 'otherRoles'> {
  const isKnown = addon.status?.restore?.lockedRoles !== undefined;
  return origin === undefined || isUnlocked(addon) || isKnown ? {} : { otherRoles: true };
}

/** The part of `status.restore` that lasts as long as the lock: which roles it concerns. */
export function lockedRoles(addon: PostgresAddon): Pick<Restore, 'lockedRoles'> {
  const roles = addon.status?.restore?.lockedRoles;
  return roles === undefined || isUnlocked(addon) ? {} : { lockedRoles: roles };
}

/** `status.restore` after a login. @param roles what it was told; undefined if nothing */
export function withLockedRoles(restore: Restore | undefined, roles: Answer['otherRoles']): Restore | undefined {
  return restore === undefined || roles === undefined ? restore : { ...restore, lockedRoles: [...roles] };
}
