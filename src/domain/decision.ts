// The writes the operator can make: a closed list. There is no verb that deletes a Cluster or a Secret.
import type { KubeObject, Manifest, PinnedManifest } from '../api/kubernetes.ts';

export type ChildKind = 'Cluster' | 'ScheduledBackup' | 'Secret';
/** Of the addon itself only the finalizer is written here; its status is told, not decided. */
export type WrittenKind = ChildKind | 'PostgresAddon';

export type Action =
  /** Conflicts with any object of that name, whoever owns it: the write that cannot adopt. */
  | { readonly verb: 'create'; readonly child: ChildKind; readonly manifest: Manifest }
  /** Server-side apply of our fields onto the object that was observed. */
  | { readonly verb: 'apply'; readonly child: WrittenKind; readonly manifest: PinnedManifest }
  /** Removes the backup schedule of a plan without backups, only in the very state that was observed. */
  | {
      readonly verb: 'delete';
      readonly child: 'ScheduledBackup';
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
    };

/**
 * `manifest` pinned to the object in the state that was observed. The uid alone is not enough: a database outlives its addon, and
 * what was decided for the one before must not reach it once the next has taken it back.
 */
export function applyTo(child: WrittenKind, manifest: Manifest, live: KubeObject): Action {
  const { uid, resourceVersion } = live.metadata;
  return { verb: 'apply', child, manifest: { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } } };
}
