// Writes the status of an addon, only if it has changed. No other code writes it.
import { isDeepStrictEqual } from 'node:util';
import {
  type AddonStatus,
  addonApiVersion,
  addonGvr,
  fieldManager,
  type PostgresAddon,
  projectAddon,
} from '../api/addon.ts';
import { storable } from '../domain/served-schema.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * Writes what the served schema has of `wanted` when it differs from what was observed, and announces the change. What the API server
 * would drop is no difference: it would be written again each time.
 * @param addon as observed, with the resourceVersion of our own last write to it: the status describes this state and no later one
 * @returns the status as the API server stored it; undefined if this process is no longer permitted to write
 * @throws ApiError; with code 409 or 404, the addon was changed, replaced or deleted since: nothing was written
 */
export async function writeStatus(
  addon: PostgresAddon,
  wanted: AddonStatus,
  deps: Dependencies,
): Promise<AddonStatus | undefined> {
  const { ofStatus } = deps.schema;
  const status = ofStatus === undefined ? wanted : (storable(wanted, ofStatus) as AddonStatus);
  if (isDeepStrictEqual(addon.status, status)) return status;
  if (!deps.mayWrite()) return undefined;
  const { name, namespace, uid, resourceVersion } = addon.metadata;
  const metadata = { name, namespace, uid, resourceVersion };
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, status };
  const written = await deps.api.addons.replaceStatus(manifest, fieldManager);
  deps.caches.addons.record(written);
  deps.announce(addon, addon.status, status);
  return projectAddon(written).status ?? {};
}
