// One lineage of backups: what one server wrote to one place without a break.
import type { AddonStatus, PostgresAddon } from '../../api/addon.ts';
import type { ObjectStore, RecoveryWindow } from '../../api/barman.ts';
import type { Situation } from '../situation.ts';
import { objectStoreOf } from './archive.ts';

/** As in status. */
export type Lineage = NonNullable<NonNullable<AddonStatus['backup']>['lineages']>[number];

/** The lineage that status records as the present one; undefined if backups have stopped, or never began. */
export function presentLineage({ status }: PostgresAddon): Lineage | undefined {
  const [first] = status?.backup?.lineages ?? [];
  return first?.until === undefined ? first : undefined;
}

/** What the plugin reports of a lineage. */
export function windowIn(objectStore: ObjectStore | undefined, serverName: string): RecoveryWindow | undefined {
  const windows = objectStore?.status.serverRecoveryWindow ?? {};
  return Object.hasOwn(windows, serverName) ? windows[serverName] : undefined;
}

/** The end of the oldest base backup of a lineage, in RFC 3339: what the plugin reports, or else what is recorded. */
export function oldestBackupOf(s: Situation, lineage: string): string | undefined {
  const { lineages = [] } = s.addon.status?.backup ?? {};
  const recorded = lineages.find(({ serverName }) => serverName === lineage);
  return windowIn(objectStoreOf(s), lineage)?.firstRecoverabilityPoint ?? recorded?.from;
}
