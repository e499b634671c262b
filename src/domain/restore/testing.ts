// A new addon with spec.restore beside its source, for the tests.
import type { AddonSpec, PostgresAddon } from '../../api/addon.ts';
import type { ClusterSpec } from '../../api/cnpg.ts';
import { inForce, look, type World } from '../backup/testing.ts';
import { withReadyAt } from '../recorded.ts';
import { anAddon, manifestOf, think } from '../testing.ts';

export type Restore = NonNullable<AddonSpec['restore']>;

export const source = inForce().addon;
export const lineage = source.status?.backup?.lineages?.[0]?.serverName ?? '';
export const from = source.status?.backup?.lineages?.[0]?.from ?? '';

/** Another addon in the same namespace. */
export function restored(restore: Restore['from'], spec: Partial<AddonSpec> = {}, name = 'copy'): PostgresAddon {
  const addon = anAddon({ restore: { from: restore }, ...spec });
  return { ...addon, metadata: { ...addon.metadata, name, uid: 'copy-uid' } };
}

export const begin = (restore: Restore['from'], spec: Partial<AddonSpec> = {}, name = 'copy'): World => ({
  addon: restored(restore, spec, name),
  source,
});
export const byName = begin({ addon: 'shop' });
/** With SQL that has to run first. */
export const redaction = { configMapKeyRef: { name: 'redaction', key: 'staging.sql' } };
export const redacted = begin({ addon: 'shop' }, { restore: { from: { addon: 'shop' }, redaction } });
export const byArchive = begin({ archive: { store: 'main', serverName: lineage } });
export const readyOf = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'Ready');
export const specOf = (world: World): ClusterSpec =>
  manifestOf(think(look(world)).actions, 'cluster').spec as unknown as ClusterSpec;
export const ran = (world: World): World => ({ ...world, addon: withReadyAt(world.addon, '2026-01-02T03:04:00Z') });
/** CNPG has not finished. */
export const busy = (world: World): World => ({
  ...world,
  cluster: world.cluster && { ...world.cluster, status: { phase: 'Setting up primary' } },
});
