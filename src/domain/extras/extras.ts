// The chapter on the objects besides the Secret with DATABASE_URL: the same credentials in the forms that the addon asks for, and the CA for
// clients that check the certificate. None is written before status lists it, none is kept that is not asked for, and nothing waits for them.
import type { ExtraForm, ExtraStatus } from '../../api/addon.ts';
import { alsoTelling, alterationsIn } from '../alteration.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { children, type ExtraRole, extraRoles, kindOf } from '../children.ts';
import type { CredentialsChapter } from '../credentials/credentials.ts';
import { type ContentManifest, diffContent } from '../credentials/url-secret.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import { type Action, remove } from '../decision.ts';
import { extraName } from '../names.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { appIdOf } from '../ownership/owner.ts';
import { formerUidOf, recordedCondition } from '../recorded.ts';
import { foundAs, type Situation, unseen } from '../situation.ts';
import { isVerdict, recheckAfter, stateOf, type Verdict, verdictOf } from '../verdict.ts';
import { areExtrasSettled, askedForms, listedForms, publishedAuthority } from './asked.ts';
import { certificatesIn, isAuthorityOf } from './authority.ts';
import { buildCaConfigMap, buildExtra } from './forms.ts';

/** What is decided about one of them. */
interface Judged {
  readonly role: ExtraRole;
  readonly form: ExtraForm;
  readonly name: string;
  /** Of CNPG's Secret with the CA, if the published one is from it. */
  readonly sourceVersion?: string | undefined;
  readonly actions?: readonly Action[];
  /** undefined: nothing was found out about it now, or there is nothing to say. */
  readonly verdict?: Verdict;
  /** The API server failed to send it, or what it is written from. */
  readonly isUnavailable?: true;
}

/**
 * @param database the URL of the replicas is published once they are ready
 * @param credentials those that DATABASE_URL is built from, if this round read them
 * @returns the writes of the Secrets that are missing or differ, the deletion of those that are not asked for, and ExtrasPublished
 */
export function extrasChapter(
  round: Round,
  { provisioned, isUsable }: Pick<DatabaseChapter, 'provisioned' | 'isUsable'>,
  credentials: Pick<CredentialsChapter, 'valid' | 'published'>,
): Chapter {
  const { s, target, suspended } = round;
  const { addon } = s;
  // A suspended addon reads none.
  if (suspended !== undefined) return areExtrasSettled(addon) ? {} : { conditions: { ExtrasPublished: suspension(s) } };
  // The API server drops what status lists, as after a downgrade of the CRD: what was written would be forgotten.
  if (s.observed.missingFromSchema.includes('status.extras')) return { conditions: { ExtrasPublished: undefined } };
  const asked = askedForms(addon, target.profile);
  const known = listedForms(addon);
  const judged = extraRoles.flatMap((role): readonly Judged[] => {
    const { form } = children[role];
    const found = { role, form, name: extraName(form, appIdOf(addon)) };
    if (!asked.includes(form)) return leftOver(s, found);
    if (!known.includes(form)) return [{ ...found, verdict: announced(found) }];
    return [{ ...found, ...wanted(round, found, isHealthy(provisioned), credentials) }];
  });
  const verdict = asked.length === 0 ? undefined : verdictOn(s, judged);
  const listed = judged.map(({ form, name, sourceVersion }): ExtraStatus => {
    return { form, name, ...(sourceVersion === undefined ? {} : { sourceVersion }) };
  });
  const actions = judged.flatMap(({ actions: of = [] }) => of);
  const isNew = ({ form }: Judged): boolean => !known.includes(form) && (form !== 'read-url' || isUsable);
  const isDue = (addon.status?.credentials ?? credentials.valid) !== undefined && judged.some(isNew);
  // No watch reports what this operator has written itself, nor that a Secret is gone.
  const goesOn = isDue || actions.some(({ verb }) => verb === 'delete');
  const binding = judged.find(({ form }) => form === 'servicebinding' && asked.includes(form));
  return {
    actions,
    conditions: { ExtrasPublished: verdict },
    status: {
      extras: listed.length === 0 ? undefined : listed,
      binding: binding !== undefined && isBound(s, binding) ? { name: binding.name } : undefined,
    },
    recheckAfter: goesOn ? shortRecheck : recheckAfter(verdict),
    waitAtLeast: judged.some(({ isUnavailable }) => isUnavailable) ? unavailableRecheck : undefined,
  };
}

/** The first wait for a Secret that the API server failed to send. Milliseconds. */
const unavailableRecheck = 10_000;

/** The first wait after status has listed one, until it is written, and after a deletion, until it is seen to be gone. Milliseconds. */
const shortRecheck = 1_000;

/** One that is asked for, and that status lists. */
function wanted(
  round: Round,
  found: Judged,
  healthy: boolean,
  credentials: Pick<CredentialsChapter, 'valid' | 'published'>,
): Partial<Judged> {
  const { s } = round;
  const { role, name } = found;
  const read = s.observed.children[role];
  const known = { sourceVersion: role === 'caConfigMap' ? publishedAuthority(s.addon) : undefined };
  if (read.kind === 'unavailable') return { ...known, isUnavailable: true };
  const obstacle = obstacleTo(s, role);
  if (obstacle !== undefined) return { ...known, verdict: obstacle };
  const basis = role === 'caConfigMap' ? authority(s, name) : inForm(round, found, credentials);
  // What it is written from was not read: what was published stays, if it is there.
  const isRecorded = recordedCondition(s.addon, 'ExtrasPublished') !== undefined;
  if (basis === undefined)
    return { ...known, ...(isRecorded && read.kind !== 'absent' ? {} : { verdict: announced(found) }) };
  if (!('manifest' in basis)) return { ...known, ...basis };
  const existing = read.kind === 'found' ? read.object : undefined;
  if (role === 'readUrlSecret' && existing === undefined && !(healthy && hasReplicas(s)))
    return {
      verdict: { reason: 'CredentialsPending', message: `Secret ${name} is written once the replicas are ready` },
    };
  const diff = diffContent(s, role, basis.manifest, existing);
  if (isVerdict(diff)) return { ...known, verdict: diff };
  return { sourceVersion: basis.sourceVersion, actions: diff, verdict: { reason: 'Published', message: name } };
}

/** What one is to be, or why that is not known; undefined: what it is written from was not read. */
type Basis =
  | { readonly manifest: ContentManifest; readonly sourceVersion?: string }
  | Pick<Judged, 'verdict' | 'isUnavailable'>
  | undefined;

/** The credentials in one form. */
function inForm(
  { s, target }: Round,
  found: Judged,
  { valid, published }: Pick<CredentialsChapter, 'valid' | 'published'>,
): Basis {
  const { form, name } = found;
  const state = stateOf(published);
  if (valid === undefined && state === 'stalled') return { verdict: published };
  if (valid === undefined && state === 'progressing') return { verdict: announced(found) };
  if (valid === undefined || form === 'ca') return undefined;
  return { manifest: buildExtra(s.addon, form, name, valid, target) };
}

/** The CA that signs the certificate of the server. */
function authority({ addon, observed: { authority: read }, own: { cluster } }: Situation, name: string): Basis {
  if (read.kind === 'unread') return undefined;
  if (read.kind === 'unavailable') return { isUnavailable: true };
  if (read.kind === 'denied') return { verdict: { reason: 'Forbidden', message: read.message } };
  const message = `ConfigMap ${name} is written once CloudNativePG has made the CA of the Cluster`;
  const pending: Verdict = { reason: 'CredentialsPending', message };
  if (cluster === undefined || read.kind !== 'found') return { verdict: pending };
  if (!isAuthorityOf(cluster, read.object)) return { verdict: pending };
  const certificates = certificatesIn(read.object);
  const { name: secret, resourceVersion } = read.object.metadata;
  const invalid = `Secret ${secret}: key "ca.crt" is not made of certificates in PEM`;
  if (certificates === undefined) return { verdict: { reason: 'CAInvalid', message: invalid } };
  return { manifest: buildCaConfigMap(addon, name, certificates), sourceVersion: resourceVersion };
}

function hasReplicas({ own: { cluster } }: Situation): boolean {
  return (cluster?.spec.instances ?? 1) > 1;
}

/**
 * One that is not asked for: it is deleted if it is the addon's, or was left behind with the database, and listed until it is seen to be
 * gone.
 */
function leftOver(s: Situation, found: Judged): readonly Judged[] {
  const { role } = found;
  const read = s.observed.children[role];
  const child = foundAs(s, role);
  const isLeft = child?.ownership === 'orphan' && obstacleTo(s, role) === undefined;
  if (child !== undefined && (child.ownership === 'ours' || isLeft)) {
    const isGoing = child.object.metadata.deletionTimestamp !== undefined;
    return [{ ...found, actions: isGoing ? [] : [remove(role, child.object)] }];
  }
  const isListed = listedForms(s.addon).includes(found.form);
  // Once something is published, only the listed ones are looked for.
  const isAdopted = s.addon.status?.credentials === undefined && formerUidOf(s.addon, s.own.cluster) !== undefined;
  if (!isListed && !isAdopted) return [];
  if (read.kind === 'unavailable') return [{ ...found, isUnavailable: true }];
  return unseen(s, role) !== undefined || (isListed && read.kind === 'unread') ? [found] : [];
}

function announced({ role, name }: Judged): Verdict {
  return { reason: 'CredentialsPending', message: `${kindOf(role)} ${name} is about to be written` };
}

/**
 * The first that is not published, with what admission has changed, which nothing else remembers; otherwise all of them, or what was
 * recorded if nothing was found out.
 */
function verdictOn({ addon }: Situation, judged: readonly Judged[]): Verdict | undefined {
  const altered = alterationsIn(judged.map(({ verdict }) => verdict));
  const isProblem = (verdict: Verdict): boolean => stateOf(verdict) !== 'good' && verdict.reason !== altered?.reason;
  const problem = judged.flatMap(({ verdict }) => verdict ?? []).find(isProblem);
  if (problem !== undefined) return alsoTelling(problem, altered);
  if (altered !== undefined) return altered;
  const published = judged.filter(({ verdict }) => verdict !== undefined);
  const isKnown = judged.every(({ verdict, actions }) => verdict !== undefined || actions !== undefined);
  if (!isKnown) return verdictOf(recordedCondition(addon, 'ExtrasPublished'));
  return { reason: 'Published', message: told(published) };
}

function told(published: readonly Judged[]): string {
  const secrets = published.filter(({ form }) => form !== 'ca').map(({ name }) => name);
  const ca = published
    .filter(({ form }) => form === 'ca')
    .map(({ name }) => `ConfigMap ${name} holds the CA of its server`);
  const [noun, holds] = secrets.length === 1 ? ['Secret', 'holds'] : ['Secrets', 'hold'];
  const credentials = `${noun} ${secrets.join(', ')} ${holds} the credentials of this database`;
  return [...(secrets.length === 0 ? [] : [credentials]), ...ca].join('; ');
}

/** Whether the Secret for the Service Binding Specification is there, whatever is wrong with it: not while another object has its name. */
function isBound({ addon: { status }, observed, own }: Situation, binding: Judged): boolean {
  if (own.bindingSecret !== undefined) return true;
  const { kind } = observed.children.bindingSecret;
  const isWritten = binding.verdict !== undefined && stateOf(binding.verdict) === 'good';
  return kind === 'found' || kind === 'absent' ? isWritten : isWritten || status?.binding !== undefined;
}
