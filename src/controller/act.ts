// Carries out a decision's writes, in order; it stops at the first that fails and never tries one twice.
import { fieldManager, secretFieldManager } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Action, WrittenKind } from '../domain/decision.ts';
import type { Outcome } from '../domain/report.ts';
import { ApiError } from '../kube/errors.ts';
import type { ResourceClient } from '../kube/resources.ts';
import { meaningOf } from './api-errors.ts';
import type { Cache, World } from './world.ts';

export interface Acted {
  readonly outcome: Outcome;
  /** The addon's resourceVersion after a write of its finalizers. */
  readonly resourceVersion?: string;
  /** A write failed in a way that says nothing about the addon: look again later, and tell nothing meanwhile. */
  readonly interrupted?: { readonly error: ApiError | undefined; readonly stale: WrittenKind | undefined };
}

/** @param namespace the addon's: no write leaves it */
export async function act(actions: readonly Action[], namespace: string, world: World): Promise<Acted> {
  let outcome: Outcome = {};
  let addon: Pick<Acted, 'resourceVersion'> = {};
  for (const action of actions) {
    if (!world.mayWrite()) return { outcome, interrupted: { error: undefined, stale: undefined } };
    try {
      const written = await write(action, namespace, world);
      if (action.child === 'Secret' && written !== undefined) outcome = { secretUID: written.metadata.uid };
      if (action.child === 'PostgresAddon' && written !== undefined)
        addon = { resourceVersion: written.metadata.resourceVersion };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const meaning = meaningOf(error, action);
      switch (meaning.kind) {
        case 'done':
          continue;
        case 'refused':
          return { outcome: { ...outcome, refusal: { ...meaning.verdict, child: action.child } }, ...addon };
        case 'stale':
          return { outcome, interrupted: { error, stale: action.child } };
        case 'unavailable':
          return { outcome, interrupted: { error, stale: undefined } };
      }
    }
  }
  return { outcome, ...addon };
}

async function write(action: Action, namespace: string, world: World): Promise<KubeObject | undefined> {
  const { client, cache } = placeOf(action.child, world);
  const manager = action.child === 'Secret' ? secretFieldManager : fieldManager;
  switch (action.verb) {
    case 'create': {
      const written = await client.create(action.manifest, manager);
      cache?.record(written);
      return written;
    }
    case 'apply': {
      const send = action.child === 'PostgresAddon' ? client.setFinalizers : client.apply;
      const written = await send(action.manifest, manager);
      cache?.record(written);
      return written;
    }
    case 'delete':
      await client.delete(namespace, action.name, { uid: action.uid, resourceVersion: action.resourceVersion });
      cache?.forget(namespace, action.name, action.uid);
      return undefined;
  }
}

/** Secrets have no cache: their content stays in memory no longer than one write. */
function placeOf(
  child: WrittenKind,
  world: World,
): { readonly client: ResourceClient; readonly cache: Cache<KubeObject> | undefined } {
  switch (child) {
    case 'PostgresAddon':
      return { client: world.api.addons, cache: world.caches.addons };
    case 'Cluster':
      return { client: world.api.clusters, cache: world.caches.clusters };
    case 'ScheduledBackup':
      return { client: world.api.scheduledBackups, cache: world.caches.scheduledBackups };
    case 'Secret':
      return { client: world.api.secrets, cache: undefined };
  }
}
