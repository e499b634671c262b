// How long a restore lasted, and how long the next one may last. It is told once, before the restore begins: a message that changes while one
// waits would be a write of the status each time.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { millisecondsOf } from '../../api/time.ts';
import { durationOf } from '../drill/record.ts';
import { reasonOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import { permittedSource } from './request.ts';

type Restore = NonNullable<NonNullable<PostgresAddon['status']>['restore']>;

/**
 * @param store the name of the object store that is restored from
 * @returns a sentence without a full stop: of the last drill of the source, or else of the last restore in the namespace from that store; undefined
 * if there was neither
 */
export function estimateOf(s: Situation, store: string): string | undefined {
  const { name, namespace } = s.addon.metadata;
  const source = permittedSource(s);
  const { lastDrill } = source?.status?.backup ?? {};
  if (lastDrill?.result === 'Passed' && isDuration(lastDrill.duration))
    return `the last drill of PostgresAddon "${source?.metadata.name}" took ${lastDrill.duration}`;
  const others = s.observed.restored.filter(
    (one) => one.metadata.namespace === namespace && one.metadata.name !== name,
  );
  const [last] = others
    .filter(({ status }) => status?.restore?.store === store && isDuration(status.restore.duration))
    .sort((a, b) => readyAtOf(b) - readyAtOf(a));
  const { duration, size } = last?.status?.restore ?? {};
  if (last === undefined || duration === undefined) return undefined;
  const what = size !== undefined && /^\d{1,9}Mi$/.test(size) ? ` for ${size}` : '';
  return `the last restore from object store "${store}", of PostgresAddon "${last.metadata.name}", took ${duration}${what}`;
}

/** Anybody who may write a status can have written it. */
function isDuration(text: string | undefined): boolean {
  return text !== undefined && /^(?:\d{1,6}h)?(?:\d{1,2}m)?\d{1,2}s$/.test(text);
}

function readyAtOf({ status }: PostgresAddon): number {
  return millisecondsOf(status?.ready_at) ?? 0;
}

/**
 * The part of `status.restore` that says how long it took, from the creation of the Cluster until CNPG reported it ready, and how large the
 * database is. It is taken when the end of the restore is seen, and kept: CNPG reports another time after each restart.
 */
export function measured({ addon, own: { cluster } }: Situation): Pick<Restore, 'duration' | 'size'> {
  if (cluster === undefined) return {};
  const last = reasonOf(addon, 'Provisioned');
  const isSeen = last === 'Restoring' || last === 'ClusterRecreated';
  const { duration = isSeen ? lasted(cluster) : undefined, size } = addon.status?.restore ?? {};
  return { ...(duration === undefined ? {} : { duration }), ...(size === undefined ? {} : { size }) };
}

function lasted({ metadata, status: { readyCondition } }: Cluster): string | undefined {
  const began = millisecondsOf(metadata.creationTimestamp);
  const ended = readyCondition?.status === 'True' ? millisecondsOf(readyCondition.lastTransitionTime) : undefined;
  return began === undefined || ended === undefined ? undefined : durationOf(ended - began);
}

/** As a quantity. @param bytes of the database */
export function sizeOf(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 2 ** 20))}Mi`;
}
