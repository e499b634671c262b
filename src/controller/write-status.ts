// The only place that writes status; nothing changed, nothing written.
import { isDeepStrictEqual } from 'node:util';
import { type AddonStatus, addonApiVersion, addonGvr, fieldManager, type PostgresAddon } from '../api/addon.ts';
import { ApiError } from '../kube/errors.ts';
import type { World } from './world.ts';

/**
 * Writes `status` when it differs from what was observed, and announces the change.
 * @returns false when this process may not write any more
 * @throws ApiError; an addon that is gone or was replaced meanwhile is not an error
 */
export async function writeStatus(addon: PostgresAddon, status: AddonStatus, world: World): Promise<boolean> {
  if (isDeepStrictEqual(addon.status, status)) return true;
  if (!world.mayWrite()) return false;
  const { name, namespace, uid } = addon.metadata;
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name, namespace, uid }, status };
  try {
    world.addons.record(await world.api.addons.applyStatus(manifest, fieldManager));
  } catch (error) {
    // 404 and a uid conflict: the addon we looked at does not exist any more, and so has no status to write.
    if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return true;
    throw error;
  }
  world.announce(addon, addon.status, status);
  return true;
}
