// The writes the operator can make: a closed list. There is no verb that deletes a Cluster or a Secret.
import type { Manifest } from '../api/kubernetes.ts';

export type ChildKind = 'Cluster' | 'ScheduledBackup' | 'Secret';

export type Action =
  /** Conflicts with any object of that name, whoever owns it: the write that cannot adopt. */
  | { readonly verb: 'create'; readonly child: ChildKind; readonly manifest: Manifest }
  /** Server-side apply of our fields onto the object that was observed; its uid is in the manifest. */
  | { readonly verb: 'apply'; readonly child: ChildKind; readonly manifest: Manifest }
  /** Removes the backup schedule of a plan without backups, only in the very state that was observed. */
  | {
      readonly verb: 'delete';
      readonly child: 'ScheduledBackup';
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
    };

/** `manifest` pinned to the object that was observed. */
export function applyTo(child: ChildKind, manifest: Manifest, uid: string): Action {
  return { verb: 'apply', child, manifest: { ...manifest, metadata: { ...manifest.metadata, uid } } };
}
