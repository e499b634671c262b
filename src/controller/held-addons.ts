// Says that another installation of the operator holds an addon: an Event for each addon, one line in the log for each installation.
import { addonApiVersion, addonGvr, type PostgresAddon } from '../api/addon.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../runtime/log.ts';
import { type Key, keyOf } from './key.ts';

export class HeldAddons {
  readonly #events: Pick<EventRecorder, 'emit'>;
  readonly #log: Log;
  /** What was said of each addon: its uid and the installation. */
  readonly #said = new Map<Key, string>();
  readonly #logged = new Set<string>();

  constructor(events: Pick<EventRecorder, 'emit'>, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  /** @param operator the installation that holds the addon */
  report({ metadata }: PostgresAddon, operator: string, { reason, message }: Verdict): void {
    const { name, namespace, uid } = metadata;
    const key = keyOf(namespace, name);
    const occurrence = `${uid} ${operator}`;
    if (this.#said.get(key) === occurrence) return;
    this.#said.set(key, occurrence);
    const regarding = { apiVersion: addonApiVersion, kind: addonGvr.kind, namespace, name, uid };
    this.#events.emit({ regarding, action: 'Reconcile', type: 'Warning', reason, note: message, key: operator });
    if (this.#logged.has(operator)) return;
    this.#logged.add(operator);
    this.#log.warn('another operator holds addons that this one watches; leaving them alone', { operator, addon: key });
  }

  /** The addon no longer exists, or this installation holds it now. */
  forget(key: Key): void {
    this.#said.delete(key);
  }
}
