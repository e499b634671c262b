// The credentials chapter: keeps the app's Secret with DATABASE_URL equal to the credentials in CNPG's Secret.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Secret } from '../../api/kubernetes.ts';
import { standingAlteration } from '../alteration.ts';
import type { Chapter, Round } from '../chapter.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import { type Action, applyTo, create, type Fields } from '../decision.ts';
import { isHeld } from '../ownership/child-metadata.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { recordedCondition } from '../recorded.ts';
import { foundAs, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { type Verdict, verdictOf } from '../verdict.ts';
import { databaseUrl, holdsUrl, isUnproven, readCredentials } from './database-url.ts';
import { buildUrlSecret } from './url-secret.ts';

export interface CredentialsChapter extends Chapter {
  readonly actions: readonly Action[];
  readonly published: Verdict;
  /** resourceVersion of the credentials that the Secret holds once the actions succeed. */
  readonly sourceVersion: string | undefined;
  /** DATABASE_URL once the actions succeed; undefined if this round did not read CNPG's Secret. Secret. */
  readonly url?: string;
}

/**
 * @param provisioned the verdict on the Cluster: the first DATABASE_URL is published only once it is healthy
 * @returns the write of the Secret if it is missing or differs, and CredentialsPublished; invalid credentials never replace valid ones
 */
export function credentialsChapter(
  round: Round,
  { provisioned }: Pick<DatabaseChapter, 'provisioned'>,
): CredentialsChapter {
  const { s, target } = round;
  const { addon, observed, own } = s;
  const recorded = addon.status?.credentials;
  const rest = (verdict: Verdict): CredentialsChapter =>
    chapter(target, { verdict, actions: [], credentials: recorded });

  const { source } = observed;
  const unavailable = (read: { readonly retryAfterSeconds: number }): CredentialsChapter => ({
    ...rest(recorded === undefined ? pending : held(addon, target)),
    waitAtLeast: Math.max(unavailableRecheck, read.retryAfterSeconds * 1000),
  });
  if (source.kind === 'unavailable') return unavailable(source);
  if (observed.children.urlSecret.kind === 'unavailable') return unavailable(observed.children.urlSecret);

  const obstacle = obstacleTo(s, 'urlSecret');
  if (obstacle !== undefined) return rest(obstacle);
  if (source.kind === 'denied') return rest({ reason: 'Forbidden', message: source.message });
  if (own.cluster === undefined || source.kind === 'absent' || source.kind === 'notServed') return rest(pending);
  if (source.kind === 'unread') return rest(recorded === undefined ? pending : held(addon, target));
  if (recorded === undefined && !isHealthy(provisioned)) return rest(pending);

  if (isUnproven(source.object, own.cluster)) return rest(pending);
  const credentials = readCredentials(source.object, own.cluster, target);
  if (typeof credentials === 'string') return rest({ reason: 'CredentialsInvalid', message: credentials });
  const url = databaseUrl(credentials, target.names.cluster, addon.metadata.namespace, target.sslMode);
  const sourceVersion = source.object.metadata.resourceVersion;
  const manifest = buildUrlSecret(addon, target, url);
  const verdict = published(target);

  const existing = own.urlSecret ?? adoptable(s);
  if (existing === undefined)
    return {
      ...chapter(target, { verdict, actions: [create('urlSecret', manifest)], credentials: { sourceVersion } }),
      url,
    };
  if (existing.immutable === true && !holdsUrl(existing, url)) return rest(immutable(target));
  const altered = standingAlteration(addon, 'urlSecret', manifest, existing);
  if (altered !== undefined) return rest(altered);
  const isRight = holdsUrl(existing, url) && isHeld(addon, existing, manifest);
  const actions = isRight ? [] : [applyTo('urlSecret', manifest, existing)];
  return {
    ...chapter(target, { verdict, actions, credentials: { sourceVersion, secretUID: existing.metadata.uid } }),
    url,
  };
}

/** The first wait for a Secret that the API server failed to send. Milliseconds. */
const unavailableRecheck = 10_000;

const pending: Verdict = {
  reason: 'CredentialsPending',
  message: 'waiting for CloudNativePG to create the credentials',
};

function published(target: Target): Verdict {
  return { reason: 'Published', message: `Secret ${target.names.urlSecret} holds DATABASE_URL` };
}

/** A person made it so: the operator never does, and deletes no Secret that an application may be about to read. */
function immutable({ names }: Target): Verdict {
  const message = `Secret ${names.urlSecret} is immutable and does not hold the current DATABASE_URL; delete the Secret, and the operator creates it again`;
  return { reason: 'SecretImmutable', message };
}

/** CNPG's Secret was not read: the recorded condition still applies. */
function held(addon: PostgresAddon, target: Target): Verdict {
  return verdictOf(recordedCondition(addon, 'CredentialsPublished')) ?? published(target);
}

function chapter(
  target: Target,
  what: { readonly verdict: Verdict; readonly actions: readonly Action[]; readonly credentials: Fields['credentials'] },
): CredentialsChapter {
  return {
    actions: what.actions,
    published: what.verdict,
    sourceVersion: what.credentials?.sourceVersion,
    conditions: { CredentialsPublished: what.verdict },
    status: { secretName: target.names.urlSecret, credentials: what.credentials },
  };
}

/** The Secret that was left behind with the Cluster: the write of its content also adopts it. */
function adoptable(s: Situation): Secret | undefined {
  const child = foundAs(s, 'urlSecret');
  return child?.role === 'urlSecret' && child.ownership === 'orphan' ? child.object : undefined;
}
