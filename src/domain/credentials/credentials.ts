// The credentials chapter: keeps the app's Secret with DATABASE_URL equal to the credentials in CNPG's Secret.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Secret } from '../../api/kubernetes.ts';
import type { Chapter, Round } from '../chapter.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import type { Action, Fields } from '../decision.ts';
import { sourceSecretName } from '../names.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { type Successor, successorOf } from '../promotion/claim.ts';
import { reasonOf, recordedCondition } from '../recorded.ts';
import type { RedactionChapter } from '../redaction/redaction.ts';
import { foundAs, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { isVerdict, type Verdict, verdictOf } from '../verdict.ts';
import { type Credentials, databaseUrl, isUnproven, readCredentials } from './database-url.ts';
import { isProven } from './login-due.ts';
import { buildUrlSecret, diffContent } from './url-secret.ts';

export interface CredentialsChapter extends Chapter {
  readonly actions: readonly Action[];
  readonly published: Verdict;
  /** resourceVersion of the credentials that the Secret holds once the actions succeed. */
  readonly sourceVersion: string | undefined;
  /** DATABASE_URL once the actions succeed; undefined if this round did not read CNPG's Secret. Secret. */
  readonly url?: string;
  /** What that URL is built from. Secret. */
  readonly valid?: Credentials;
}

/**
 * @param provisioned the verdict on the Cluster: the first DATABASE_URL is published only once it is healthy
 * @param redaction as long as it is pending, nothing is published
 * @returns the write of the Secret if it is missing or differs, and CredentialsPublished; invalid credentials never replace valid ones.
 * A Secret that is held by an addon which is promoted to this app is left alone; once that ends, it is taken back, after a login that succeeded
 */
export function credentialsChapter(
  round: Round,
  { provisioned, isUsable }: Pick<DatabaseChapter, 'provisioned' | 'isUsable'>,
  { pending: unredacted }: Pick<RedactionChapter, 'pending'>,
): CredentialsChapter {
  const { s, target } = round;
  const { addon, observed, own } = s;
  const recorded = addon.status?.credentials;
  const successor = successorOf(s);
  const wasSuperseded = reasonOf(addon, 'CredentialsPublished') === 'Superseded';
  const isElsewhere = successor !== undefined || (wasSuperseded && observed.children.urlSecret.kind === 'unread');
  const secretName = isElsewhere ? undefined : target.names.urlSecret;
  const rest = (verdict: Verdict): CredentialsChapter =>
    chapter(secretName, { verdict, actions: [], credentials: recorded });

  if (unredacted !== undefined) return rest(unredacted);
  const { source } = observed;
  if (source.kind === 'unavailable' || observed.children.urlSecret.kind === 'unavailable')
    return { ...rest(recorded === undefined ? pending : held(addon, target)), waitAtLeast: unavailableRecheck };

  const obstacle = successor === undefined ? obstacleTo(s, 'urlSecret') : undefined;
  if (obstacle !== undefined) return rest(obstacle);
  if (source.kind === 'denied') return rest({ reason: 'Forbidden', message: source.message });
  if (own.cluster === undefined || source.kind === 'absent' || source.kind === 'notServed') return rest(pending);
  if (source.kind === 'unread') return rest(recorded === undefined ? pending : held(addon, target));
  if (recorded === undefined && !isHealthy(provisioned)) return rest(pending);

  if (isUnproven(source.object, own.cluster)) return rest(pending);
  const credentials = readCredentials(source.object, own.cluster, target);
  if (typeof credentials === 'string') return rest({ reason: 'CredentialsInvalid', message: credentials });
  const url = databaseUrl(credentials, target.names.cluster, addon.metadata.namespace, target.sslMode);
  const known = { url, valid: credentials };
  const sourceVersion = source.object.metadata.resourceVersion;
  if (successor !== undefined && !isTakenBack(successor, s, target, isUsable)) {
    const secretUID = successor.secret?.metadata.uid ?? recorded?.secretUID;
    const seen = { sourceVersion, ...(secretUID === undefined ? {} : { secretUID }) };
    const left = chapter(undefined, { verdict: superseded(successor, target), actions: [], credentials: seen });
    return { ...left, ...known, ...(successor.kind === 'free' && isUsable ? { recheckAfter: returnRecheck } : {}) };
  }
  const existing = own.urlSecret ?? adoptable(s) ?? successor?.secret;
  const actions = diffContent(s, 'urlSecret', buildUrlSecret(addon, target.names.urlSecret, url), existing);
  if (isVerdict(actions)) return { ...rest(actions), valid: credentials };
  const written = { sourceVersion, ...(existing && { secretUID: existing.metadata.uid }) };
  const { urlSecret } = target.names;
  return { ...chapter(urlSecret, { verdict: published(target), actions, credentials: written }), ...known };
}

/** Whether the Secret comes back: applications get this database again only if a login to it has succeeded. */
function isTakenBack({ kind }: Successor, s: Situation, target: Target, isUsable: boolean): boolean {
  return kind === 'free' && isProven(s, target, isUsable);
}

/** The first wait for a Secret that the API server failed to send. Milliseconds. */
const unavailableRecheck = 10_000;

/** The first wait for the login before the Secret is taken back. Milliseconds. */
const returnRecheck = 2_000;

const pending: Verdict = {
  reason: 'CredentialsPending',
  message: 'waiting for CloudNativePG to create the credentials',
};

function published(target: Target): Verdict {
  return { reason: 'Published', message: `Secret ${target.names.urlSecret} holds DATABASE_URL` };
}

function superseded({ kind, name }: Successor, { names }: Target): Verdict {
  const whose = {
    promoted: `holds the DATABASE_URL of PostgresAddon "${name}", which is promoted to this app`,
    missing: `is missing; PostgresAddon "${name}", which is promoted to this app, writes it again`,
    kept: `holds the DATABASE_URL of a database that the deleted PostgresAddon "${name}" left in service; apply that addon again with spec.promote, or delete the Secret to get the one of this database`,
    free: `holds the DATABASE_URL of PostgresAddon "${name}", which is not promoted to this app any more; it gets that of this database once that is ready and a login has succeeded`,
    next: `was given back, and goes to PostgresAddon "${name}", which is promoted to this app, once that is ready and a login has succeeded`,
  };
  return {
    reason: 'Superseded',
    message: `Secret ${names.urlSecret} ${whose[kind]}. The credentials of this database are in Secret ${sourceSecretName(names.cluster)}`,
  };
}

/** CNPG's Secret was not read: the recorded condition still applies. */
function held(addon: PostgresAddon, target: Target): Verdict {
  return verdictOf(recordedCondition(addon, 'CredentialsPublished')) ?? published(target);
}

function chapter(
  secretName: string | undefined,
  what: { readonly verdict: Verdict; readonly actions: readonly Action[]; readonly credentials: Fields['credentials'] },
): CredentialsChapter {
  return {
    actions: what.actions,
    published: what.verdict,
    sourceVersion: what.credentials?.sourceVersion,
    conditions: { CredentialsPublished: what.verdict },
    status: { secretName, credentials: what.credentials },
  };
}

/** The Secret that was left behind with the Cluster: the write of its content also adopts it. */
function adoptable(s: Situation): Secret | undefined {
  const child = foundAs(s, 'urlSecret');
  return child?.role === 'urlSecret' && child.ownership === 'orphan' ? child.object : undefined;
}
