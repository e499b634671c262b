// Keeps a restored database closed to every role but its owner. CNPG gives the owner a new password soon after the first start; all the other
// roles have the one that they had in the source, and whoever knows that could read a copy of the data that nobody told them of.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster, ClusterSpec } from '../../api/cnpg.ts';
import { type Answer, type Question, roleLevels } from '../../api/login.ts';
import { roleName } from '../roles/asked.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { sizeOf } from './estimate.ts';

type Restore = NonNullable<NonNullable<PostgresAddon['status']>['restore']>;

const reject = 'host all all all reject';

/** Whether the other roles may log in, because somebody asked for it. */
function isUnlocked({ metadata }: PostgresAddon): boolean {
  return metadata.annotations?.[annotations.unlockRoles] === 'true';
}

/**
 * The lines of pg_hba.conf that let only the owner, and others that have new passwords, log in over the network. They are in force before the first connection: CNPG puts its
 * own rules, for replication and poolers, before them, and the one that lets everybody in after them.
 */
export function lockFor(owner: string, others: readonly string[] = []): readonly string[] {
  return [...[owner, ...others].flatMap(lineFor), reject];
}

/** The line that lets a role in. Whoever can write a status or a Cluster must not add a line of another kind. */
function lineFor(role: string): readonly string[] {
  return /^[a-z_][a-z0-9_]{0,62}$/.test(role) ? [`host all "${role}" all scram-sha-256`] : [];
}

/** Whether a Cluster lets a role in: one with a lock only those that it names. */
export function letsIn({ spec: { postgresql } }: Cluster, role: string): boolean {
  const lines = postgresql?.pg_hba ?? [];
  return !lines.includes(reject) || lineFor(role).some((line) => lines.includes(line));
}

/**
 * @param live the Cluster as it is: lines that others added to it stay, before the operator's own
 * @returns `pg_hba` of a restored database; nothing where the operator has no say in it
 */
export function hbaOf(
  addon: PostgresAddon,
  { origin, owner, redaction, openRoles }: Pick<Target, 'origin' | 'owner' | 'redaction' | 'openRoles'>,
  live: Cluster | undefined,
): Pick<ClusterSpec['postgresql'], 'pg_hba'> {
  const isRestored = origin !== undefined || live?.spec.bootstrap?.recovery !== undefined;
  if (!isRestored) return {};
  const lock = lockFor(owner, openRoles);
  const all = lockFor(
    owner,
    roleLevels.map((level) => roleName(level, owner)),
  );
  const present = (live?.spec.postgresql?.pg_hba ?? []) as readonly string[];
  const others = present.filter((line) => !all.includes(line));
  // Nobody is let in before the data are redacted.
  const isReady = redaction === undefined || redaction.startsWith('Completed.');
  if (!isUnlocked(addon) || !isReady) return { pg_hba: [...others, ...lock] };
  if (present.length === 0) return {};
  // Those that are left are written again each time: an apply without them would remove them.
  return { pg_hba: others.length === 0 ? undefined : others };
}

/** Whether a Cluster has the lines that are wanted, in their order: the first one that fits a connection decides. */
export function hasLines({ postgresql: live }: Cluster['spec'], { postgresql: { pg_hba } }: ClusterSpec): boolean {
  return pg_hba === undefined || JSON.stringify(live?.pg_hba) === JSON.stringify(pg_hba);
}

/** Whether the Cluster, as it is, rejects the other roles. */
function isLocked({ own: { cluster } }: Situation): boolean {
  return cluster?.spec.postgresql?.pg_hba?.includes(reject) === true;
}

/** Whether the roles that status calls locked are about to be let in, which it says once it is done. */
export function isUnlocking(s: Situation): boolean {
  return isUnlocked(s.addon) && isLocked(s) && s.addon.status?.restore?.lockedRoles !== undefined;
}

/** Whether a login asks which roles are locked. */
export function rolesQuestion(s: Situation, { origin }: Target): Pick<Question, 'otherRoles'> {
  const isKnown = s.addon.status?.restore?.lockedRoles !== undefined;
  return origin === undefined || isUnlocked(s.addon) || isKnown || !isLocked(s) ? {} : { otherRoles: true };
}

/** The part of `status.restore` that lasts until a Cluster is seen without the lock: which roles it concerns. Without a Cluster, none can log in. */
export function lockedRoles(s: Situation): Pick<Restore, 'lockedRoles'> {
  const roles = s.addon.status?.restore?.lockedRoles;
  const { cluster } = s.own;
  const isOpen = cluster !== undefined && !isLocked(s);
  if (roles === undefined || isOpen) return {};
  return { lockedRoles: roles.filter((name) => cluster === undefined || !letsIn(cluster, name)) };
}

/** `status.restore` after a login. @param answer what it was told */
export function withAnswer(restore: Restore | undefined, { otherRoles, bytes }: Answer): Restore | undefined {
  if (restore === undefined) return undefined;
  const size = bytes === undefined ? {} : { size: sizeOf(bytes) };
  return { ...restore, ...size, ...(otherRoles === undefined ? {} : { lockedRoles: [...otherRoles] }) };
}
