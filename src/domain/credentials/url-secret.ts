// Builds the Secrets with credentials, and compares what is published with what exists.
import type { PostgresAddon } from '../../api/addon.ts';
import type { ConfigMap, Manifest, Secret } from '../../api/kubernetes.ts';
import { standingAlteration } from '../alteration.ts';
import { isExtra, type Role } from '../children.ts';
import { type Action, applyTo, create } from '../decision.ts';
import { childMetadata, isHeld } from '../ownership/child-metadata.ts';
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';

/** What a Secret or a ConfigMap is written from. */
export interface ContentManifest extends Manifest {
  /** Of a Secret. */
  readonly type?: string;
  /** In a Secret: base64, and secret. What is undefined has to be absent. */
  readonly data: Readonly<Record<string, string | undefined>>;
}

/** A Secret for an application: exactly one key. */
export function buildUrlSecret(addon: PostgresAddon, name: string, url: string): ContentManifest {
  return buildSecret(addon, name, 'Opaque', { DATABASE_URL: url });
}

/** @param content its keys and their values, as text; one that is undefined has to be absent */
export function buildSecret(
  addon: PostgresAddon,
  name: string,
  type: string,
  content: Readonly<Record<string, string | undefined>>,
): ContentManifest {
  const encoded = Object.entries(content).map(([key, value]) => [
    key,
    value === undefined ? undefined : Buffer.from(value).toString('base64'),
  ]);
  const metadata = childMetadata(addon, name);
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data: Object.fromEntries(encoded) };
}

/** Of both, what there can be to compare. */
type Content = (Secret | ConfigMap) & Pick<Secret, 'type'>;

/**
 * The write that makes a Secret or ConfigMap hold what the manifest has and belong to the addon, if any is needed.
 * @param existing the one that the addon has or may take; undefined if there is none
 * @returns a verdict if it cannot be written
 */
export function diffContent(
  { addon }: Situation,
  role: Role,
  manifest: ContentManifest,
  existing: Content | undefined,
): readonly Action[] | Verdict {
  if (existing === undefined) return [create(role, manifest)];
  const isRight = holds(existing, manifest);
  // What has the right DATABASE_URL serves its purpose, whatever its type.
  const isOther = existing.type !== undefined && existing.type !== manifest.type && (isExtra(role) || !isRight);
  if (isOther) return ofOtherType(manifest, existing.type);
  if (existing.immutable === true && !isRight) return immutable(manifest);
  const altered = standingAlteration(addon, role, manifest, existing);
  if (altered !== undefined) return altered;
  return isRight && isHeld(addon, existing, manifest) ? [] : [applyTo(role, manifest, existing)];
}

/** Whether it has the content of the manifest. Other keys do not matter. */
function holds({ data = {} }: Content, manifest: ContentManifest): boolean {
  return Object.entries(manifest.data).every(([key, value]) => data[key] === value);
}

/** The API server refuses every change of the type. */
function ofOtherType({ metadata: { name }, type }: ContentManifest, existing: string | undefined): Verdict {
  const message = `Secret ${name} has the type "${existing}" instead of "${type}", which cannot be changed; delete the Secret, and the operator creates it again`;
  return { reason: 'SecretImmutable', message };
}

/** A person made it so: the operator never does, and deletes no Secret that an application may be about to read. */
function immutable({ kind, metadata: { name }, data }: ContentManifest): Verdict {
  const what = 'DATABASE_URL' in data ? 'DATABASE_URL' : kind === 'Secret' ? 'credentials' : 'CA';
  const message = `${kind} ${name} is immutable and does not hold the current ${what}; delete the ${kind}, and the operator creates it again`;
  return { reason: 'SecretImmutable', message };
}
