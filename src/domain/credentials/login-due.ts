// Decides whether the last login still covers the current credentials, primary and readiness of the database.
import { isAsked } from '../database/cluster-diff.ts';
import type { Action } from '../decision.ts';
import { reasonOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';

/**
 * Whether an application may be led to this database: it is ready, and if that requires a login, one has succeeded with what is published.
 * @param isUsable whether CNPG reports it ready
 * @param published as in isLoginCurrent()
 */
export function isProven(
  s: Situation,
  target: Target,
  isUsable: boolean,
  published?: Parameters<typeof isLoginCurrent>[2],
): boolean {
  const isRequired = s.observed.platform.connectionCheck === 'Required';
  return isUsable && (!isRequired || isLoginCurrent(s, target, published));
}

/**
 * Whether the last login succeeded and nothing that it proved has changed since.
 * @param published what this round publishes; undefined before the reads of the round
 */
export function isLoginCurrent(
  { addon, own: { cluster }, observed: { platform } }: Situation,
  target: Target,
  published?: { readonly actions: readonly Action[]; readonly sourceVersion: string | undefined },
): boolean {
  if (platform.connectionCheck === 'Off') return true;
  if (cluster === undefined || isAsked(addon, target, cluster)) return false;
  const sourceVersion = published === undefined ? cluster.status.applicationSecretVersion : published.sourceVersion;
  return (
    // A change that was written, but whose status was not, may have been carried out since.
    addon.metadata.generation === addon.status?.observedGeneration &&
    reasonOf(addon, 'Connectable') === 'LoggedIn' &&
    (published === undefined || published.actions.length === 0) &&
    sourceVersion === addon.status?.credentials?.sourceVersion &&
    addon.status?.primary === cluster.status.currentPrimary &&
    addon.status?.readySince === cluster.status.readyCondition?.lastTransitionTime
  );
}
