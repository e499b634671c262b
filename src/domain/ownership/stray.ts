// Recognizes an object of a deleted addon that was made for another database than the one that is there.
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { kindOf, type Role } from '../children.ts';
import { formerUidOf } from '../recorded.ts';
import { foundAs, type Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { uidOn } from './owner.ts';

/** Other objects that were left behind are adopted only with the Cluster that they were created for. */
export function strayOf(s: Situation, role: Role, child: KubeObject): Verdict | undefined {
  if (role === 'cluster' || uidOn(child) === formerUidOf(s.addon, clusterOf(s))) return undefined;
  const { name } = child.metadata;
  return {
    reason: 'AdoptionRefused',
    message: `${kindOf(role)} ${name} belongs to a different database of a deleted addon; delete it if it is no longer used`,
  };
}

/** The Cluster with the addon's name, whoever owns it. */
function clusterOf(s: Situation): Cluster | undefined {
  const child = foundAs(s, 'cluster');
  return child?.role === 'cluster' ? child.object : undefined;
}
