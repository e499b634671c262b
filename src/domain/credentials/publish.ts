// Whether the app's Secret holds what CNPG's credentials say, and the write that makes it so.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { buildUrlSecret } from '../database/cluster.ts';
import { isHeld } from '../database/cluster-diff.ts';
import { type Action, applyTo } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { strayOf } from '../ownership/adopt.ts';
import { foreign } from '../ownership/obstacle.ts';
import { whose } from '../ownership/owner.ts';
import type { Target, Verdict } from '../target.ts';
import { databaseUrl, holdsUrl, readCredentials } from './database-url.ts';

export interface Publication {
  readonly actions: readonly Action[];
  readonly verdict: Verdict;
  /** Which credentials the Secret holds once the actions succeed; secretUID is known only when it exists already. */
  readonly credentials: { readonly sourceVersion?: string; readonly secretUID?: string };
  /** What the Secret holds once the actions succeed, where this round has read what it takes to know. Secret. */
  readonly url?: string;
}

export function publish(o: Observed, target: Target, cluster: Cluster | undefined, provisioned: boolean): Publication {
  const { addon } = o;
  const recorded = addon.status?.credentials ?? {};
  const rest = (verdict: Verdict): Publication => ({ actions: [], verdict, credentials: recorded });

  const conflict = conflictOf(o, target);
  if (conflict !== undefined) return rest(conflict);
  if (o.source.kind === 'denied') return rest({ reason: 'Forbidden', message: o.source.message });
  if (cluster === undefined || o.source.kind === 'absent') return rest(pending);
  if (o.source.kind === 'unread') return rest(recorded.sourceVersion === undefined ? pending : held(addon, target));
  if (recorded.sourceVersion === undefined && !provisioned) return rest(pending);

  const credentials = readCredentials(o.source.object, cluster, target);
  if (typeof credentials === 'string') return rest({ reason: 'CredentialsInvalid', message: credentials });
  const url = databaseUrl(credentials, target.names.cluster, addon.metadata.namespace, target.sslMode);
  const sourceVersion = o.source.object.metadata.resourceVersion;
  const manifest = buildUrlSecret(addon, target, url);
  const verdict = published(target);

  const existing = o.urlSecret.kind === 'found' ? o.urlSecret.object : undefined;
  if (existing === undefined)
    return { actions: [{ verb: 'create', child: 'Secret', manifest }], verdict, credentials: { sourceVersion }, url };
  const isRight = holdsUrl(existing, url) && isHeld(addon, existing, manifest);
  const actions = isRight ? [] : [applyTo('Secret', manifest, existing)];
  return { actions, verdict, credentials: { sourceVersion, secretUID: existing.metadata.uid }, url };
}

const pending: Verdict = {
  reason: 'CredentialsPending',
  message: 'waiting for the credentials that CloudNativePG makes',
};

function published(target: Target): Verdict {
  return { reason: 'Published', message: `Secret ${target.names.urlSecret} holds DATABASE_URL` };
}

/** Nothing new was read: what status said last still holds, unless it said that it was waiting. */
function held(addon: PostgresAddon, target: Target): Verdict {
  const last = addon.status?.conditions?.find((condition) => condition.type === 'CredentialsPublished');
  return last?.reason === 'CredentialsInvalid' ? { reason: last.reason, message: last.message } : published(target);
}

/** A Secret of that name that is not this addon's stays byte-identical. */
function conflictOf(o: Observed, target: Target): Verdict | undefined {
  if (o.urlSecret.kind === 'denied') return { reason: 'Forbidden', message: o.urlSecret.message };
  if (o.urlSecret.kind !== 'found') return undefined;
  return whoseSecret(o, target.names.urlSecret, o.urlSecret.object);
}

function whoseSecret(o: Observed, name: string, secret: KubeObject): Verdict | undefined {
  switch (whose(o.addon, secret)) {
    case 'ours':
      return undefined;
    case 'orphan':
      return strayOf(o, 'Secret', secret);
    case 'previous':
      return {
        reason: 'PreviousIncarnation',
        message: `Secret ${name} of the deleted addon of this name is still being removed`,
      };
    case 'foreign':
      return foreign(o, 'Secret', secret);
  }
}
