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
 * @returns undefined if the object has every field of the spec
 */
export function alterationOf(manifest: Manifest, stored: KubeObject): Verdict | undefined {
  const fields = manifest.spec === undefined ? [] : differences(manifest.spec, record(stored).spec);
  if (fields.length === 0) return undefined;
  const more = fields.length > mostFields ? `, and ${fields.length - mostFields} more` : '';
  const message = `the API server stored ${manifest.kind} ${manifest.metadata.name} with other values than requested: ${fields.slice(0, mostFields).join(', ')}${more}`;
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
  if (last?.reason !== 'ChangedOnAdmission' || last.observedGeneration !== addon.metadata.generation) return undefined;
  const now = alterationOf(manifest, live);
  return now?.message === last.message ? now : undefined;
}

/** Each field of the desired value that the live one does not have, in words. */
function differences(desired: unknown, live: unknown, path: readonly string[] = []): readonly string[] {
  if (includes(live, desired)) return [];
  if (typeof desired === 'object' && desired !== null && !Array.isArray(desired) && live !== undefined)
    return Object.entries(desired).flatMap(([key, value]) => differences(value, record(live)[key], [...path, key]));
  return [`${path.join('.')} is ${shown(live)} instead of ${shown(desired)}`];
}

function shown(value: unknown): string {
  return cut(JSON.stringify(value) ?? 'absent', longestValue);
}
