// Announces status changes of an addon: in the log, and in Events for its users.
import { type AddonStatus, addonApiVersion, addonGvr, type PostgresAddon } from '../api/addon.ts';
import { statusAtEnd } from '../domain/ownership/release.ts';
import { transitions } from '../domain/transitions.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../runtime/log.ts';
import type { Dependencies } from './dependencies.ts';

/** Logs and records each transition between two statuses of an addon; it never throws and never blocks. */
export function announce(
  events: EventRecorder,
  log: Log,
  addon: PostgresAddon,
  before: AddonStatus | undefined,
  after: AddonStatus,
): void {
  const { name, namespace, uid } = addon.metadata;
  for (const transition of transitions(before, after)) {
    log.info(transition.note, { addon: `${namespace}/${name}`, reason: transition.reason, phase: after.phase });
    events.emit({
      regarding: { apiVersion: addonApiVersion, kind: addonGvr.kind, namespace, name, uid },
      action: 'Reconcile',
      ...transition,
    });
  }
}

/** Announces where the backups of a deleted addon stay, if this installation operated it and could not say so before. */
export function announceEnd(
  addon: PostgresAddon,
  { announce: tell, clock, mayWrite, platform }: Pick<Dependencies, 'announce' | 'clock' | 'mayWrite' | 'platform'>,
): void {
  const after = statusAtEnd(addon, clock.now());
  if (after !== undefined && mayWrite() && addon.status?.operator === platform.operator)
    tell(addon, addon.status, after);
}
