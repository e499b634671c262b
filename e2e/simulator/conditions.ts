// The conditions of a simulated Cluster: Ready, and what its instances report of WAL and backups (CNPG 1.30, api/v1/cluster_conditions.go).
import { systemClock } from '../../src/runtime/clock.ts';

/** Beside Ready. */
export interface Note {
  readonly type: 'ContinuousArchiving' | 'LastBackupSucceeded';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export const archivingWorks: Note = {
  type: 'ContinuousArchiving',
  status: 'True',
  reason: 'ContinuousArchivingSuccess',
  message: 'Continuous archiving is working',
};

export const archivingFails = (message: string): Note => ({
  type: 'ContinuousArchiving',
  status: 'False',
  reason: 'ContinuousArchivingFailing',
  message,
});

export const backupStarted: Note = {
  type: 'LastBackupSucceeded',
  status: 'False',
  reason: 'BackupStarted',
  message: 'New Backup starting up',
};

export const backupSucceeded: Note = {
  type: 'LastBackupSucceeded',
  status: 'True',
  reason: 'LastBackupSucceeded',
  message: 'Backup was successful',
};

export const backupFailed = (message: string): Note => ({
  type: 'LastBackupSucceeded',
  status: 'False',
  reason: 'LastBackupFailed',
  message,
});

type Condition = Readonly<Record<'type' | 'status' | 'reason' | 'message' | 'lastTransitionTime', string>>;

export class Conditions {
  readonly #all = new Map<string, Condition>();

  get list(): readonly Condition[] {
    return [...this.#all.values()];
  }

  has(type: Note['type']): boolean {
    return this.#all.has(type);
  }

  /** What an earlier simulator reported. */
  restore(conditions: readonly Condition[]): void {
    for (const condition of conditions) this.#all.set(condition.type, condition);
  }

  /** @param since in RFC 3339; by default its time is that of its status */
  take(note: Note, since?: string): void {
    const before = this.#all.get(note.type);
    const lasting = before?.status === note.status ? before.lastTransitionTime : timestamp(seconds());
    this.#all.set(note.type, { ...note, lastTransitionTime: since ?? lasting });
  }

  /** @param isRest coming to rest renews the time even when no other state was seen: the real one is never that fast */
  takeReady(isReady: boolean, isRest: boolean): void {
    const before = this.#all.get('Ready');
    const status = isReady ? 'True' : 'False';
    if (before?.status === status && !isRest) return;
    const earlier = before === undefined ? 0 : Date.parse(before.lastTransitionTime) / 1000;
    this.#all.set('Ready', {
      type: 'Ready',
      status,
      reason: isReady ? 'ClusterIsReady' : 'ClusterIsNotReady',
      message: isReady ? 'Cluster is Ready' : 'Cluster Is Not Ready',
      lastTransitionTime: timestamp(Math.max(seconds(), earlier + 1)),
    });
  }
}

function seconds(): number {
  return Math.floor(systemClock.now() / 1000);
}

/** In RFC 3339, as Kubernetes writes times. @param seconds since the epoch */
export function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}
