// Whether the app's Secret holds what CNPG's credentials say, and the write that makes it so.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { type Action, applyTo } from './action.ts';
import { databaseUrl, holdsUrl, readCredentials } from './credentials.ts';
import { buildUrlSecret } from './desired.ts';
import type { Observed } from './observed.ts';
import { whose } from './owner.ts';
import type { Target, Verdict } from './target.ts';

export interface Publication {
  readonly actions: readonly Action[];
  readonly verdict: Verdict;
  /** Which credentials the Secret holds once the actions succeed; secretUID is known only when it exists already. */
  readonly credentials: { readonly sourceVersion?: string; readonly secretUID?: string };
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

  const existing = o.urlSecret.kind === 'found' ? o.urlSecret.object : undefined;
  if (existing === undefined) {
    return {
      actions: [{ verb: 'create', child: 'Secret', manifest }],
      verdict: published(target),
      credentials: { sourceVersion },
    };
  }
  const actions = holdsUrl(existing, url, addon) ? [] : [applyTo('Secret', manifest, existing.metadata.uid)];
  return { actions, verdict: published(target), credentials: { sourceVersion, secretUID: existing.metadata.uid } };
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
  const owner = whose(o.addon, o.urlSecret.object);
  if (owner === 'ours') return undefined;
  const name = target.names.urlSecret;
  return owner === 'previous'
    ? {
        reason: 'PreviousIncarnation',
        message: `Secret ${name} of the deleted addon of this name is still being removed`,
      }
    : {
        reason: 'NameConflict',
        message: `Secret ${name} exists and does not belong to this addon; it was left as it is`,
      };
}
