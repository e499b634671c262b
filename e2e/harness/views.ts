// Short accessors for objects in expectations. They must never hide content of an object.
import type { LiveObject } from '../../hack/cluster/client.ts';

export interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

/** A condition of an addon's status. */
export function conditionOf(state: LiveObject, type: string): ConditionView | undefined {
  return (state.status?.conditions as readonly ConditionView[] | undefined)?.find(
    (condition) => condition.type === type,
  );
}

/** Whether phase is running, status speaks of the present spec, and nothing is about to be written that running does not wait for. */
export function isRunning(state: LiveObject): boolean {
  const isPresent = state.status?.observedGeneration === state.metadata.generation;
  const reasons = ['ExtrasPublished', 'RolesReady'].map((type) => conditionOf(state, type)?.reason ?? '');
  const isWriting = reasons.some((reason) => ['CredentialsPending', 'RolePending'].includes(reason));
  return state.status?.phase === 'running' && isPresent && !isWriting;
}

/** Whether it runs, and backups are in force as far as its plan has some. The end of what can be restored is told last, by a login. */
export function isSettled(state: LiveObject): boolean {
  const { requested, effective, recoveryWindow } = (state.status?.backup ?? {}) as Readonly<Record<string, unknown>>;
  return (
    isRunning(state) && effective === requested && (requested === 'none' || at(recoveryWindow, 'to') !== undefined)
  );
}

/** A value of a Secret as text; '' when it has no such key. */
export function secretText(secret: LiveObject | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
}

/** What is found in an object by a path of keys, or undefined when any of it is missing. */
export function at(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), object);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
