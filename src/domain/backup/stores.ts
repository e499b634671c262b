// The object stores that the platform team declares, and which of them an addon uses.
import type { BackupLevel, PostgresAddon } from '../../api/addon.ts';
import type { StoreConfiguration } from '../../api/barman.ts';
import type { Verdict } from '../verdict.ts';
import { daysOf } from './retention.ts';

/** Where the platform team lets backups go: the plugin's configuration by its own names, and what it decides beside it. */
export interface Store extends StoreConfiguration {
  /** Each addon writes below `{destination}/{namespace}`. */
  readonly destination: string;
  /** Whether the client of S3 sends checksums of its own wherever it can; many servers that speak S3 refuse them. */
  readonly checksums: 'WhenRequired' | 'WhenSupported';
  /** The bounds of spec.backup.retention. */
  readonly retention: { readonly min: string; readonly max: string };
  /** The namespaces whose addons may use it; empty: all. */
  readonly namespaces: readonly string[];
  /** Annotations of the ServiceAccount of each Cluster, for workload identity and IAM roles. */
  readonly serviceAccountAnnotations: Readonly<Record<string, string>>;
}

export interface Stores {
  /** The store of addons without `spec.backup.storeRef`. */
  readonly defaultStore?: string;
  readonly stores: Readonly<Record<string, Store>>;
}

export const noStores: Stores = { stores: {} };

/** The store of an addon. */
export interface ChosenStore {
  readonly name: string;
  readonly store: Store;
  /** How long backups stay restorable: digits and d, w or m. */
  readonly retention: string;
}

/** How long backups are kept unless the addon says so. */
export const defaultRetention = { none: '7d', daily: '7d', pitr: '35d' } as const satisfies Record<BackupLevel, string>;

/**
 * The store of an addon, with its retention.
 * @returns undefined if the addon names none and there is no default for its namespace; a verdict if what it names is not permitted
 */
export function storeOf(
  { spec: { backup = {} }, metadata: { namespace } }: PostgresAddon,
  level: BackupLevel,
  { defaultStore, ...stores }: Stores,
): ChosenStore | Verdict | undefined {
  const asked = backup.storeRef?.name;
  const name = asked ?? defaultStore;
  const store = name === undefined ? undefined : storeNamed(name, namespace, stores);
  if (name === undefined || store === undefined)
    return asked === undefined ? undefined : unknownStore('spec.backup.storeRef.name', asked, namespace, stores);
  const { min, max } = store.retention;
  const wanted = backup.retention ?? defaultRetention[level];
  const isWithin = daysOf(wanted) >= daysOf(min) && daysOf(wanted) <= daysOf(max);
  if (isWithin) return { name, store, retention: wanted };
  if (backup.retention === undefined) return { name, store, retention: daysOf(wanted) < daysOf(min) ? min : max };
  const message = `spec.backup.retention "${wanted}" is not possible with object store "${name}"; use ${min} to ${max}`;
  return { reason: 'InvalidSpec', message };
}

/** The store of that name, if the namespace may use it. */
export function storeNamed(name: string, namespace: string, { stores }: Pick<Stores, 'stores'>): Store | undefined {
  const store = Object.hasOwn(stores, name) ? stores[name] : undefined;
  return store !== undefined && isPermitted(store, namespace) ? store : undefined;
}

function isPermitted({ namespaces }: Store, namespace: string): boolean {
  return namespaces.length === 0 || namespaces.includes(namespace);
}

/** The stores of other namespaces are not named. @param field that has the name */
export function unknownStore(
  field: string,
  asked: string,
  namespace: string,
  { stores }: Pick<Stores, 'stores'>,
): Verdict {
  const permitted = Object.entries(stores).filter(([, store]) => isPermitted(store, namespace));
  const names = permitted.map(([name]) => name).join(', ');
  const use =
    names === '' ? 'none is available in this namespace; ask the platform team for one' : `use one of ${names}`;
  return {
    reason: 'InvalidSpec',
    message: `${field} "${asked}" is not an object store for this namespace; ${use}`,
  };
}
