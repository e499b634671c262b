// Builds the Secrets with DATABASE_URL, and compares them with those that exist.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Manifest, Secret } from '../../api/kubernetes.ts';
import { standingAlteration } from '../alteration.ts';
import { type Action, applyTo, create } from '../decision.ts';
import { childMetadata, isHeld } from '../ownership/child-metadata.ts';
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { holdsUrl } from './database-url.ts';

/** A Secret for an application: exactly one key. */
export function buildUrlSecret(addon: PostgresAddon, name: string, url: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: childMetadata(addon, name),
    type: 'Opaque',
    data: { DATABASE_URL: Buffer.from(url).toString('base64') },
  };
}

/**
 * The write that makes a Secret hold a URL and belong to the addon, if any is needed.
 * @param existing the Secret, which the addon has or may take; undefined if there is none
 * @returns a verdict if it cannot be written
 */
export function diffUrlSecret(
  { addon }: Situation,
  role: 'urlSecret' | 'promotedSecret',
  name: string,
  url: string,
  existing: Secret | undefined,
): readonly Action[] | Verdict {
  const manifest = buildUrlSecret(addon, name, url);
  if (existing === undefined) return [create(role, manifest)];
  if (existing.immutable === true && !holdsUrl(existing, url)) return immutable(name);
  const altered = standingAlteration(addon, role, manifest, existing);
  if (altered !== undefined) return altered;
  return holdsUrl(existing, url) && isHeld(addon, existing, manifest) ? [] : [applyTo(role, manifest, existing)];
}

/** A person made it so: the operator never does, and deletes no Secret that an application may be about to read. */
function immutable(name: string): Verdict {
  const message = `Secret ${name} is immutable and does not hold the current DATABASE_URL; delete the Secret, and the operator creates it again`;
  return { reason: 'SecretImmutable', message };
}
