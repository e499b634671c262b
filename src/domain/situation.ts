// What was observed of an addon, sorted once: which objects are its own, which are left over from a deleted addon, which are in the way.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { type ChildOf, isWatched, type Role, roles } from './children.ts';
import type { Observed } from './observed.ts';
import { classifyOwner, type Ownership } from './ownership/owner.ts';
import { inheritedReadyAt, wasReady, withReadyAt } from './recorded.ts';

/** An object that has the name of a child. */
export type FoundChild = {
  readonly [R in Role]: { readonly role: R; readonly object: ChildOf<R>; readonly ownership: Ownership };
}[Role];

export interface Situation {
  /** As observed; its status has the ready_at that the Cluster kept from an earlier addon, when it was adopted and status lacks it. */
  readonly addon: PostgresAddon;
  readonly observed: Observed;
  /** Whoever's they are, in the order of the table. */
  readonly found: readonly FoundChild[];
  /** Those that are ours. */
  readonly own: { readonly [R in Role]?: ChildOf<R> };
}

export function situationOf(observed: Observed): Situation {
  const { addon } = observed;
  const found = roles.flatMap((role): readonly FoundChild[] => {
    const read = observed.children[role];
    if (read.kind !== 'found') return [];
    return [{ role, object: read.object, ownership: classifyOwner(addon, read.object) } as FoundChild];
  });
  const own: Situation['own'] = Object.fromEntries(
    found.filter(({ ownership }) => ownership === 'ours').map(({ role, object }) => [role, object]),
  );
  return { addon: withInheritedReadyAt(addon, own.cluster), observed, found, own };
}

/** The object of a role's name; undefined when there is none, or it was not read. */
export function foundAs({ found }: Situation, role: Role): FoundChild | undefined {
  return found.find((child) => child.role === role);
}

/** The Cluster that a deleted addon of this name left in service. */
export function orphanedCluster(s: Situation): Cluster | undefined {
  const child = foundAs(s, 'cluster');
  return child?.role === 'cluster' && child.ownership === 'orphan' ? child.object : undefined;
}

/** Whether anything that is watched was left over by a deleted addon of this name. */
export function findsOrphans({ found }: Situation): boolean {
  return found.some(({ role, ownership }) => ownership === 'orphan' && isWatched(role));
}

function withInheritedReadyAt(addon: PostgresAddon, cluster: Cluster | undefined): PostgresAddon {
  const readyAt = wasReady(addon) ? undefined : inheritedReadyAt(cluster);
  return readyAt === undefined ? addon : withReadyAt(addon, readyAt);
}
