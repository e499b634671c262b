// Records what the rules need to know about a step later.
import type { AddonStatus } from '../api/addon.ts';
import { projectCluster } from '../api/cnpg.ts';
import type { ConditionType } from '../api/conditions.ts';
import { serverNameOf } from '../domain/backup/archive.ts';
import { roles } from '../domain/children.ts';
import { belongs } from './belongs.ts';
import type { Fields, Stored } from './objects.ts';
import { live, type Memory, type State } from './state.ts';
import type { Step } from './step.ts';

/** The state after a step, with what the rules need to know about the step later. */
export function remembering(step: Step): State {
  return withArchive(withReported(step));
}

function withReported({ state, attempt }: Step): State {
  if (attempt === undefined || attempt.error !== undefined) return state;
  const { by, request } = attempt;
  if (request.verb !== 'status') return state;
  const { status } = request;
  const uid = by.seen.cluster?.metadata.uid;
  const { ready_at: at } = status;
  const { ready } = state.memory;
  const isProtected = says(status, 'Protected') && live(state, 'addon')?.spec?.mode === 'protected';
  const guarded = isProtected ? childrenOf(state, by.from.addon) : state.memory.guarded;
  const first = ready?.cluster === uid || at === undefined || uid === undefined ? ready : { cluster: uid, at };
  return { ...state, memory: { ...state.memory, guarded, ...(first !== undefined && { ready: first }) } };
}

function withArchive(state: State): State {
  const { archive: before, ...memory } = state.memory;
  const archive = archiveAfter(state, before);
  return archive === before ? state : { ...state, memory: { ...memory, ...(archive !== undefined && { archive }) } };
}

/** What the Cluster archives into; once it is gone, what it did. */
function archiveAfter(state: State, before: Memory['archive']): Memory['archive'] {
  const [addon, cluster] = [live(state, 'addon'), live(state, 'cluster')];
  if (addon === undefined) return undefined;
  if (cluster === undefined || !belongs(addon, cluster)) return before;
  const serverName = serverNameOf(projectCluster(cluster));
  if (serverName === undefined) return undefined;
  const { uid } = addon.metadata;
  const known = before?.addon === uid && before.serverName === serverName ? before : undefined;
  const [present] = (addon.status as AddonStatus | undefined)?.backup?.lineages ?? [];
  const windows = (live(state, 'objectStore')?.status?.serverRecoveryWindow ?? {}) as Fields;
  const reported = known?.reported === true || present?.serverName === serverName;
  const restorable = known?.restorable === true || serverName in windows;
  const isAsBefore = known?.reported === reported && known.restorable === restorable;
  return isAsBefore ? known : { addon: uid, serverName, reported, restorable };
}

/** Whether a condition is True. */
export function says({ conditions }: AddonStatus, condition: ConditionType): boolean {
  return conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}

/** The uids of the objects that belong to an addon. */
function childrenOf(state: State, addon: Stored): readonly string[] {
  const children = roles.flatMap((slot) => live(state, slot) ?? []);
  return children.filter((child) => belongs(addon, child)).map(({ metadata }) => metadata.uid);
}
