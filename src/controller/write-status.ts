// The only place that writes status; nothing changed, nothing written.
import { isDeepStrictEqual } from 'node:util';
import { type AddonStatus, addonApiVersion, addonGvr, fieldManager, type PostgresAddon } from '../api/addon.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * Writes `status` when it differs from what was observed, and announces the change.
 * @param addon as observed, at the resourceVersion of our own last write to it: the status is that of this state and of no later one
 * @returns false when this process may not write any more
 * @throws ApiError; with code 409 or 404 the addon has changed, was replaced or is gone since: nothing was written
 */
export async function writeStatus(addon: PostgresAddon, status: AddonStatus, deps: Dependencies): Promise<boolean> {
  if (isDeepStrictEqual(addon.status, status)) return true;
  if (!deps.mayWrite()) return false;
  const { name, namespace, uid, resourceVersion } = addon.metadata;
  const metadata = { name, namespace, uid, resourceVersion };
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, status };
  deps.caches.addons.record(await deps.api.addons.applyStatus(manifest, fieldManager));
  deps.announce(addon, addon.status, status);
  return true;
}
