// The plans free, standard and pro: the sizes and settings that each of them stands for.
import type { BackupLevel, PlanName } from '../../api/addon.ts';

/** Everything that a plan specifies. Sizes are Kubernetes quantities; shared_buffers is in PostgreSQL's units. */
export interface Profile {
  readonly instances: number;
  readonly storage: string;
  readonly memory: string;
  readonly backup: BackupLevel;
  readonly sharedBuffers: string;
  readonly maxConnections: number;
  /** Of the container in each instance that writes backups; plans without backups have none. */
  readonly sidecarMemory: { readonly request: string; readonly limit: string };
}

/** 128Mi ends every backup, and one of a database of 38 MB took 254 MiB (seen with plugin 0.14). */
const sidecarMemory = { request: '128Mi', limit: '512Mi' } as const;

export type PlanTable = Readonly<Record<PlanName, Profile>>;

/** The plans unless the operator's configuration replaces them. */
export const defaultPlans: PlanTable = {
  free: {
    instances: 1,
    storage: '1Gi',
    memory: '256Mi',
    backup: 'none',
    sharedBuffers: '64MB',
    maxConnections: 25,
    sidecarMemory,
  },
  standard: {
    instances: 1,
    storage: '10Gi',
    memory: '1Gi',
    backup: 'daily',
    sharedBuffers: '256MB',
    maxConnections: 100,
    sidecarMemory,
  },
  pro: {
    instances: 3,
    storage: '50Gi',
    memory: '4Gi',
    backup: 'pitr',
    sharedBuffers: '1GB',
    maxConnections: 200,
    sidecarMemory,
  },
};

/** The profile of a plan; undefined if there is no such plan (possible only if the schema is not enforced). */
export function planToResources(plans: PlanTable, plan: string): Profile | undefined {
  return Object.hasOwn(plans, plan) ? plans[plan as PlanName] : undefined;
}
