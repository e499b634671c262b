// Writes the status of an addon, only if it has changed. No other code writes it.
import { isDeepStrictEqual } from 'node:util';
import { type AddonStatus, addonApiVersion, addonGvr, fieldManager, type PostgresAddon } from '../api/addon.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * Writes `status` when it differs from what was observed, and announces the change.
 * @param addon as observed, with the resourceVersion of our own last write to it: the status describes this state and no later one
 * @returns false if this process is no longer permitted to write
 * @throws ApiError; with code 409 or 404, the addon was changed, replaced or deleted since: nothing was written
 */
export async function writeStatus(addon: PostgresAddon, status: AddonStatus, deps: Dependencies): Promise<boolean> {
  if (isDeepStrictEqual(addon.status, status)) return true;
  if (!deps.mayWrite()) return false;
  const { name, namespace, uid, resourceVersion } = addon.metadata;
  const metadata = { name, namespace, uid, resourceVersion };
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, status };
  deps.caches.addons.record(await deps.api.addons.replaceStatus(manifest, fieldManager));
  deps.announce(addon, addon.status, status);
  return true;
}
