// Classifies what was observed about an addon: which objects belong to it, which a deleted addon left behind, and which are foreign.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { type ChildOf, type Role, roles } from './children.ts';
import type { Observed } from './observed.ts';
import { classifyOwner, type Ownership } from './ownership/owner.ts';
import { inheritedReadyAt, wasReady, withReadyAt } from './recorded.ts';
import type { Verdict } from './verdict.ts';

/** An object with the name of a child. */
export type FoundChild = {
  readonly [R in Role]: { readonly role: R; readonly object: ChildOf<R>; readonly ownership: Ownership };
}[Role];

export interface Situation {
  /** As observed. If the Cluster was adopted and status has no ready_at yet, it has the one that is recorded on the Cluster. */
  readonly addon: PostgresAddon;
  readonly observed: Observed;
  /** In the order of the table, whoever owns them. */
  readonly found: readonly FoundChild[];
  /** Those that belong to this addon. */
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

/** The object with the name of a role; undefined if there is none, or it was not read. */
export function foundAs({ found }: Situation, role: Role): FoundChild | undefined {
  return found.find((child) => child.role === role);
}

/** The Cluster that a deleted addon with this name left in service. */
export function orphanedCluster(s: Situation): Cluster | undefined {
  const child = foundAs(s, 'cluster');
  return child?.role === 'cluster' && child.ownership === 'orphan' ? child.object : undefined;
}

/** Why a child could not be observed; undefined if it could, or was not read. */
export function unseen({ observed }: Situation, role: Role): Verdict | undefined {
  const read = observed.children[role];
  switch (read.kind) {
    case 'denied':
      return { reason: 'Forbidden', message: read.message };
    case 'notServed':
      return { reason: read.reason, message: read.message };
    default:
      return undefined;
  }
}

function withInheritedReadyAt(addon: PostgresAddon, cluster: Cluster | undefined): PostgresAddon {
  const readyAt = wasReady(addon) ? undefined : inheritedReadyAt(cluster);
  return readyAt === undefined ? addon : withReadyAt(addon, readyAt);
}
