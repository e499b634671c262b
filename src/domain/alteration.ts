// What the API server stored instead of what was written: an admission policy or a webhook can change any field. The field is written
// once for each generation of the addon; then status says what it is, and nothing is written again that would be changed again.
import type { PostgresAddon } from '../api/addon.ts';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import { record } from '../api/raw.ts';
import { cut } from '../api/text.ts';
import { alteredIn, type Role } from './children.ts';
import { includes } from './includes.ts';
import { recordedCondition } from './recorded.ts';
import type { Verdict } from './verdict.ts';

/** How many fields a message names, and how much of a value, in characters. */
const mostFields = 5;
const longestValue = 80;

/**
 * @param manifest what was written
 * @param stored the object as it is cached, also of a response: the two must lead to the same message
 * @returns undefined if the object has everything that was written: the spec, the data of a Secret, and the metadata of other children
 */
export function alterationOf(manifest: Manifest, stored: KubeObject): Verdict | undefined {
  const fields = differencesIn(manifest, stored).map(({ words }) => words);
  if (fields.length === 0) return undefined;
  const more = fields.length > mostFields ? `, and ${fields.length - mostFields} more` : '';
  const message = `the API server stored ${manifest.kind} ${manifest.metadata.name} with other values than requested: ${fields.slice(0, mostFields).join(', ')}${more}`;
  return { reason: 'ChangedOnAdmission', message };
}

/** The paths of the fields of a child that are not as in the manifest, a few of them. */
export function fieldsOf(manifest: Manifest, live: KubeObject): readonly string[] {
  return differencesIn(manifest, live)
    .slice(0, mostFields)
    .map(({ field }) => field);
}

interface Difference {
  /** Its path. */
  readonly field: string;
  /** The path, and how it differs. */
  readonly words: string;
}

function differencesIn(manifest: Manifest, stored: KubeObject): readonly Difference[] {
  return manifest.kind === 'Secret' ? otherKeys(manifest, stored) : otherFields(manifest, stored);
}

function otherFields({ spec, metadata }: Manifest, stored: KubeObject): readonly Difference[] {
  const own = { labels: metadata.labels, annotations: metadata.annotations, ownerReferences: metadata.ownerReferences };
  const written = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return [
    ...(spec === undefined ? [] : differences(spec, record(stored).spec)),
    ...differences(written, stored.metadata, ['metadata']),
  ];
}

/** The keys of a Secret, never their values. Its labels do not matter to those who read it. */
function otherKeys({ data }: Manifest, stored: KubeObject): readonly Difference[] {
  const keys = Object.keys(record(data)).filter((key) => record(data)[key] !== record(record(stored).data)[key]);
  return keys.map((field) => ({ field, words: `${field} has another value` }));
}

/** The alteration of the addon's finalizers by the API server, if any. */
export function finalizersAltered(
  { metadata: { name, finalizers = [] } }: Manifest,
  stored: KubeObject,
): Verdict | undefined {
  const is = stored.metadata.finalizers ?? [];
  if (finalizers.length === is.length && finalizers.every((finalizer) => is.includes(finalizer))) return undefined;
  const message = `the API server stored PostgresAddon ${name} with other values than requested: metadata.finalizers is ${shown(is)} instead of ${shown(finalizers)}`;
  return { reason: 'ChangedOnAdmission', message };
}

/** The alteration of a child if status has recorded it for this generation of the addon: writing the child again would not change it. */
export function standingAlteration(
  addon: PostgresAddon,
  role: Role,
  manifest: Manifest,
  live: KubeObject,
): Verdict | undefined {
  const reported = alteredIn(role);
  const last = reported && recordedCondition(addon, reported);
  if (last === undefined || last.observedGeneration !== addon.metadata.generation) return undefined;
  const now = alterationOf(manifest, live);
  // One condition can tell of several children, and of something else that is wrong.
  return now !== undefined && `${last.message}${between}`.includes(`${now.message}${between}`) ? now : undefined;
}

const between = '; ';

/** The alterations among some verdicts as one; undefined if there is none. */
export function alterationsIn(verdicts: readonly (Verdict | undefined)[]): Verdict | undefined {
  const messages = verdicts.flatMap((verdict) => (verdict?.reason === 'ChangedOnAdmission' ? [verdict.message] : []));
  const [first, ...rest] = new Set(messages);
  return first === undefined ? undefined : { reason: 'ChangedOnAdmission', message: [first, ...rest].join(between) };
}

/** A verdict that also tells of alterations: its condition is the only memory of them. */
export function alsoTelling(verdict: Verdict, altered: Verdict | undefined): Verdict {
  if (altered === undefined) return verdict;
  return { reason: verdict.reason, message: `${verdict.message}${between}${altered.message}` };
}

/** Each field of the desired value that the live one does not have. */
function differences(desired: unknown, live: unknown, path: readonly string[] = []): readonly Difference[] {
  if (includes(live, desired)) return [];
  if (typeof desired === 'object' && desired !== null && !Array.isArray(desired) && live !== undefined)
    return Object.entries(desired).flatMap(([key, value]) => differences(value, record(live)[key], [...path, key]));
  const field = path.join('.');
  return [{ field, words: `${field} is ${shown(live)} instead of ${shown(desired)}` }];
}

function shown(value: unknown): string {
  return cut(JSON.stringify(value) ?? 'absent', longestValue);
}
