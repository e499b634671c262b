// Decides who operates an addon: the installation of the operator that its status names. Two installations that watch the same namespace
// would overwrite each other's Clusters, and each write can restart PostgreSQL.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Decision } from '../decision.ts';
import type { Observed } from '../observed.ts';

/** The installation that holds an addon, if it is another one that still runs. */
export function otherHolder({ addon, platform, holderGone }: Observed): string | undefined {
  const holder = addon.status?.operator;
  return holder === platform.operator || holderGone ? undefined : holder;
}

/**
 * Whether status names this installation, or cannot: an older CRD or an admission policy drops the name from a status of this addon. Without
 * it a second installation is not noticed, but an addon without a database would be worse.
 */
export function isHeld({ addon, platform, missingFromSchema }: Observed): boolean {
  return namesOperator(addon, platform.operator) || missingFromSchema.includes('status.operator');
}

/** Whether a status that this installation wrote was stored, with or without its name in it. */
export function namesOperator({ metadata, status }: PostgresAddon, operator: string): boolean {
  return status?.operator === operator || (status?.operator === undefined && status?.uid === metadata.uid);
}

/** Another installation operates the addon: nothing is written, neither children nor status. */
export function leaveTo(holder: string, { addon, platform, gone }: Observed): Decision {
  const { name, namespace } = addon.metadata;
  const release = `kubectl patch pga ${name} -n ${namespace} --subresource=status --type=merge --patch '{"status":{"operator":null}}'`;
  // As long as its Lease is renewed it is the holder, whether it watches the namespace or not.
  const message =
    `operator ${holder} (namespace/Lease) operates this addon, so this one (${platform.operator}) leaves it alone. ` +
    'To leave it so, restrict watchNamespaces of this one, or uninstall this one. To move the addon here, uninstall the other one; ' +
    `or restrict watchNamespaces of the other one, wait until its pods are replaced, and then: ${release}`;
  const ready = { reason: 'HeldByAnotherOperator', message } as const;
  return { actions: [], ready, conditions: {}, heldBy: holder, ...(gone ? { ends: true } : {}) };
}

/**
 * The decision of an installation that status does not name yet. Only a creation from nothing begins at once: of several, one can create
 * the Cluster, and what follows is part of it. Everything else waits for the status write, of which one can be the first.
 */
export function holdFirst(decision: Decision): Decision {
  const { actions, ready } = decision;
  const children = actions.filter(({ child }) => child !== 'addon');
  const isCreation =
    children.some(({ child }) => child === 'cluster') && children.every(({ verb }) => verb === 'create');
  if (actions.length === 0 || isCreation) return decision;
  return { actions: [], ready, conditions: {}, onlyHolds: true, continues: true };
}
