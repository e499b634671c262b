// A sight: what the operator has observed before it decides, in Kubernetes terms, and its conversion to the input of the domain logic. It
// contains no type of the domain, so that two revisions can be given the same sight.
import { projectAddon } from '../api/addon.ts';
import { projectBackup } from '../api/cnpg.ts';
import type { KubeObject, Secret } from '../api/kubernetes.ts';
import { resources } from '../api/resources.ts';
import type { Facts } from '../api/workload.ts';
import type { Store } from '../domain/backup/stores.ts';
import { byRole, children, type Role } from '../domain/children.ts';
import { defaultPlans } from '../domain/database/plans.ts';
import type { Children, Observed, Platform, Read, Volume } from '../domain/observed.ts';
import type { Stored } from './objects.ts';

/** null: the object does not exist. undefined: it was not read. */
export type Seen = Stored | null | undefined;

export interface Sight {
  readonly addon: Stored;
  /** The addon no longer exists. */
  readonly gone: boolean;
  readonly children: Readonly<Record<Role, Seen>>;
  /** CNPG's Secret with the credentials. */
  readonly source: Seen;
  /** CNPG's Secret with the CA of the server. */
  readonly authority: Seen;
  /** The first Backup of the lineage. */
  readonly backup: Seen;
  /** The addon as the API server has it. */
  readonly live: Seen;
  readonly volumes: readonly Volume[] | undefined;
  /** Whether pods, claims and events were requested. The model has none, and the operator no permission to list them. */
  readonly facts: boolean;
  /** The uids of other existing addons that own found objects. */
  readonly livingOwners: readonly string[];
  readonly resync: boolean;
}

const testStore: Store = {
  destination: 's3://backups',
  checksums: 'WhenRequired',
  retention: { min: '1d', max: '90d' },
  namespaces: [],
  serviceAccountAnnotations: {},
};

/** The configuration of the model's operator: default plans, an object store, and logins required. */
export const platform: Platform = {
  operator: 'operators/postgres-addon-operator',
  plans: defaultPlans,
  defaultVersion: '17',
  imagePattern: 'example.com/postgresql:{version}',
  imageRollout: 'Never',
  connectionCheck: 'Required',
  stores: { defaultStore: 'main', stores: { main: testStore } },
};

/** The model has no pods. Without the permission to list them, the operator draws no conclusion. */
const nothingToSee: Facts = {
  pods: [],
  claims: [],
  warnings: [],
  changedAt: undefined,
  unseen: ['pods', 'persistentvolumeclaims', 'events'],
  failed: [],
};

/** The input of the domain logic for a sight. */
export function observedOf(sight: Sight): Observed {
  const { volumes } = sight;
  return {
    addon: projectAddon(sight.addon),
    gone: sight.gone,
    platform,
    children: byRole((role) =>
      readOf(sight.children[role], (raw) => resources[children[role].resource].project(raw)),
    ) as unknown as Children,
    restoreSource: undefined,
    restored: [],
    sameApp: [],
    source: readOf(sight.source, (raw): Secret => raw),
    authority: readOf(sight.authority, (raw): Secret => raw),
    backup: readOf(sight.backup, projectBackup),
    backups: { kind: 'unread' },
    volumes: volumes === undefined ? { kind: 'unread' } : { kind: 'found', object: volumes },
    live: readOf(sight.live, (raw) => raw),
    drill: {
      store: undefined,
      cluster: undefined,
      source: { kind: 'unread' },
      facts: { kind: 'unread' },
      hasRoom: false,
    },
    redaction: { kind: 'unread' },
    facts: sight.facts ? { kind: 'found', object: nothingToSee } : { kind: 'unread' },
    livingOwners: sight.livingOwners,
    holderGone: false,
    repairWaits: {},
    missingFromSchema: [],
    entropy: 'entropy of the model',
    resync: sight.resync,
  };
}

function readOf<T>(seen: Seen, project: (raw: KubeObject) => T): Read<T> {
  if (seen === undefined) return { kind: 'unread' };
  return seen === null ? { kind: 'absent' } : { kind: 'found', object: project(seen) };
}
