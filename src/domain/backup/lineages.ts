// Remembers the lineages of backups in status: CNPG and the plugin forget those before the present one within half an hour.
import type { AddonStatus } from '../../api/addon.ts';
import { destinationIn } from '../../api/barman.ts';
import { timestampOf } from '../../api/time.ts';
import { majorOf } from '../database/version.ts';
import { orphanedCluster, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { destinationPathOf, lineageOf, objectStoreOf, serverNameOf } from './archive.ts';
import type { Lineage } from './lineage.ts';
import { oldestBackup } from './window.ts';

const mostLineages = 10;

/**
 * The last lineages, that of the Cluster first. Those before it end when they are seen to be replaced.
 * @param now wall-clock time in milliseconds
 */
export function lineagesOf(s: Situation, target: Target, now: number): readonly Lineage[] {
  const { addon } = s;
  const { archive } = target;
  const before = addon.status?.backup?.lineages ?? [];
  const serverName = lineageOf(s, archive);
  const known = before.find((lineage) => lineage.serverName === serverName);
  const from = oldestBackup(s, target);
  const current: readonly Lineage[] =
    serverName === undefined
      ? []
      : [
          {
            version: versionOf(s, target),
            ...known,
            serverName,
            ...(archive?.chosen && {
              store: archive.chosen.name,
              destinationPath: destinationPathOf(archive.chosen, addon.metadata.namespace),
            }),
            ...(from === undefined ? {} : { since: known?.since ?? from }),
            ...(from === undefined ? {} : { from }),
          },
        ];
  const past = before.filter((lineage) => lineage !== known);
  return [...current, ...past.map((lineage) => ({ until: timestampOf(now), ...lineage }))].slice(0, mostLineages);
}

/**
 * `status.backup` of an addon that adopts a database: where that archives, before any setting is changed. Otherwise another store would be
 * taken for the place of its backups.
 * @returns undefined if it archives nothing, or if status has a record
 */
export function adoptedLineage(s: Situation): AddonStatus['backup'] {
  const cluster = orphanedCluster(s);
  const objectStore = objectStoreOf(s);
  const serverName = serverNameOf(cluster);
  if (serverName === undefined || s.addon.status?.backup?.lineages !== undefined) return undefined;
  const destinationPath = objectStore && destinationIn(objectStore);
  const { dataMajor } = cluster?.status ?? {};
  return {
    lineages: [
      {
        serverName,
        ...(destinationPath === undefined ? {} : { destinationPath }),
        ...(dataMajor === undefined ? {} : { version: String(dataMajor) }),
      },
    ],
  };
}

/**
 * `status.backup` after the Cluster was not created: what it would have archived to has not begun, and no store is used.
 * @param before as status had it
 */
export function withoutNewLineage(backup: AddonStatus['backup'], before: AddonStatus['backup']): AddonStatus['backup'] {
  if (backup === undefined) return undefined;
  const ofArchive = ['serverName', 'archiving'];
  const kept = Object.entries(before ?? {}).filter(([field]) => ofStore.includes(field));
  const rest = Object.entries(backup).filter(([field]) => ![...ofArchive, ...ofStore].includes(field));
  return Object.fromEntries([...rest, ...kept]);
}

const ofStore: readonly string[] = ['lineages', 'store', 'destinationPath', 'retention', 'retentionSince'];

/** The version that writes the lineage: the requested one, unless the data are still of an earlier major version. */
function versionOf({ own: { cluster } }: Situation, { version }: Target): string {
  const data = cluster?.status.dataMajor;
  return data === undefined || data === majorOf(version) ? version : String(data);
}
