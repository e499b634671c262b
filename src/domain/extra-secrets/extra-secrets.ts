// The chapter on the Secrets besides the one with DATABASE_URL: the same credentials in the forms that the addon asks for. None is written
// before status lists it, none is kept that is not asked for, and nothing waits for them.
import type { ExtraForm } from '../../api/addon.ts';
import { alsoTelling, alterationsIn } from '../alteration.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { children, type ExtraRole, extraRoles } from '../children.ts';
import type { CredentialsChapter } from '../credentials/credentials.ts';
import { diffSecret } from '../credentials/url-secret.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import { type Action, remove } from '../decision.ts';
import { extraSecretName } from '../names.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { appIdOf } from '../ownership/owner.ts';
import { formerUidOf, recordedCondition } from '../recorded.ts';
import { foundAs, type Situation, unseen } from '../situation.ts';
import { isVerdict, recheckAfter, stateOf, type Verdict, verdictOf } from '../verdict.ts';
import { areExtrasSettled, askedForms, listedForms } from './asked.ts';
import { buildExtraSecret } from './forms.ts';

/** What is decided about one of them. */
interface Judged {
  readonly form: ExtraForm;
  readonly name: string;
  readonly actions?: readonly Action[];
  /** undefined: nothing was found out about it now, or there is nothing to say. */
  readonly verdict?: Verdict;
  /** Seconds. The API server failed to send it. */
  readonly retryAfterSeconds?: number;
}

/**
 * @param database the URL of the replicas is published once they are ready
 * @param credentials those that DATABASE_URL is built from, if this round read them
 * @returns the writes of the Secrets that are missing or differ, the deletion of those that are not asked for, and ExtraSecretsPublished
 */
export function extraSecretsChapter(
  round: Round,
  { provisioned, isUsable }: Pick<DatabaseChapter, 'provisioned' | 'isUsable'>,
  credentials: Pick<CredentialsChapter, 'valid' | 'published'>,
): Chapter {
  const { s, target, suspended } = round;
  const { addon } = s;
  // A suspended addon reads no Secret.
  if (suspended !== undefined)
    return areExtrasSettled(addon) ? {} : { conditions: { ExtraSecretsPublished: suspension(s) } };
  // The API server drops what status lists, as after a downgrade of the CRD: what was written would be forgotten.
  if (s.observed.missingFromSchema.includes('status.extraSecrets'))
    return { conditions: { ExtraSecretsPublished: undefined } };
  const asked = askedForms(addon, target.profile);
  const known = listedForms(addon);
  const judged = extraRoles.flatMap((role): readonly Judged[] => {
    const { form } = children[role];
    const found = { form, name: extraSecretName(form, appIdOf(addon)) };
    if (!asked.includes(form)) return leftOver(s, role, found);
    if (!known.includes(form)) return [{ ...found, verdict: announced(found.name) }];
    return [{ ...found, ...wanted(round, role, found, isHealthy(provisioned), credentials) }];
  });
  const verdict = asked.length === 0 ? undefined : verdictOn(s, judged);
  const waits = judged.flatMap(({ retryAfterSeconds: seconds }) => (seconds === undefined ? [] : [seconds * 1000]));
  const listed = judged.map(({ form, name }) => ({ form, name }));
  const actions = judged.flatMap(({ actions: of = [] }) => of);
  const isNew = ({ form }: Judged): boolean => !known.includes(form) && (form !== 'read-url' || isUsable);
  const isDue = (addon.status?.credentials ?? credentials.valid) !== undefined && judged.some(isNew);
  // No watch reports what this operator has written itself, nor that a Secret is gone.
  const goesOn = isDue || actions.some(({ verb }) => verb === 'delete');
  const binding = judged.find(({ form }) => form === 'servicebinding' && asked.includes(form));
  return {
    actions,
    conditions: { ExtraSecretsPublished: verdict },
    status: {
      extraSecrets: listed.length === 0 ? undefined : listed,
      binding: binding !== undefined && isBound(s, binding) ? { name: binding.name } : undefined,
    },
    recheckAfter: goesOn ? shortRecheck : recheckAfter(verdict),
    waitAtLeast: waits.length === 0 ? undefined : Math.max(unavailableRecheck, ...waits),
  };
}

/** The first wait for a Secret that the API server failed to send. Milliseconds. */
const unavailableRecheck = 10_000;

/** The first wait after status has listed one, until it is written, and after a deletion, until it is seen to be gone. Milliseconds. */
const shortRecheck = 1_000;

/** One that is asked for, and that status lists. */
function wanted(
  { s, target }: Round,
  role: ExtraRole,
  { form, name }: Judged,
  healthy: boolean,
  { valid, published }: Pick<CredentialsChapter, 'valid' | 'published'>,
): Partial<Judged> {
  const read = s.observed.children[role];
  if (read.kind === 'unavailable') return { retryAfterSeconds: read.retryAfterSeconds };
  const obstacle = obstacleTo(s, role);
  if (obstacle !== undefined) return { verdict: obstacle };
  const state = stateOf(published);
  if (valid === undefined && state === 'stalled') return { verdict: published };
  if (valid === undefined && state === 'progressing') return { verdict: announced(name) };
  // The credentials were not read: what was published stays, if it is there.
  const isRecorded = recordedCondition(s.addon, 'ExtraSecretsPublished') !== undefined;
  if (valid === undefined) return isRecorded && read.kind !== 'absent' ? {} : { verdict: announced(name) };
  const existing = read.kind === 'found' ? read.object : undefined;
  if (form === 'read-url' && existing === undefined && !(healthy && hasReplicas(s)))
    return {
      verdict: { reason: 'CredentialsPending', message: `Secret ${name} is written once the replicas are ready` },
    };
  const diff = diffSecret(s, role, buildExtraSecret(s.addon, form, name, valid, target), existing);
  if (isVerdict(diff)) return { verdict: diff };
  return { actions: diff, verdict: { reason: 'Published', message: name } };
}

function hasReplicas({ own: { cluster } }: Situation): boolean {
  return (cluster?.spec.instances ?? 1) > 1;
}

/**
 * One that is not asked for: it is deleted if it is the addon's, or was left behind with the database, and listed until it is seen to be
 * gone.
 */
function leftOver(s: Situation, role: ExtraRole, found: Judged): readonly Judged[] {
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
  if (read.kind === 'unavailable') return [{ ...found, retryAfterSeconds: read.retryAfterSeconds }];
  return unseen(s, role) !== undefined || (isListed && read.kind === 'unread') ? [found] : [];
}

function announced(name: string): Verdict {
  return { reason: 'CredentialsPending', message: `Secret ${name} is about to be written` };
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
  const published = judged.filter(({ verdict }) => verdict !== undefined).map(({ name }) => name);
  const isKnown = judged.every(({ verdict, actions }) => verdict !== undefined || actions !== undefined);
  if (!isKnown) return verdictOf(recordedCondition(addon, 'ExtraSecretsPublished'));
  const [holds, secrets] = published.length === 1 ? ['holds', 'Secret'] : ['hold', 'Secrets'];
  return {
    reason: 'Published',
    message: `${secrets} ${published.join(', ')} ${holds} the credentials of this database`,
  };
}

/** Whether the Secret for the Service Binding Specification is there, whatever is wrong with it: not while another object has its name. */
function isBound({ addon: { status }, observed, own }: Situation, binding: Judged): boolean {
  if (own.bindingSecret !== undefined) return true;
  const { kind } = observed.children.bindingSecret;
  const isWritten = binding.verdict !== undefined && stateOf(binding.verdict) === 'good';
  return kind === 'found' || kind === 'absent' ? isWritten : isWritten || status?.binding !== undefined;
}
