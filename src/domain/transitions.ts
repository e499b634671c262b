// The Events for changes of an addon's status: one for each transition, none if nothing changed.
import { type AddonStatus, annotations } from '../api/addon.ts';
import { type Reason, reasons, rowOf } from '../api/conditions.ts';
import type { EventReason } from '../api/events.ts';
import type { Condition } from '../api/kubernetes.ts';

export interface Transition {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  /** Distinguishes this transition from an earlier one with the same text. */
  readonly key: string;
}

/** How many roles an Event names. The API server accepts a note of 1024 characters. */
const mostNamed = 10;

/** @returns the Events for the change from one status to the next, in reading order */
export function transitions(before: AddonStatus | undefined, after: AddonStatus): readonly Transition[] {
  const happened: Transition[] = [];
  if (before?.plan !== undefined && after.plan !== undefined && before.plan !== after.plan) {
    happened.push(changed('PlanChanged', `plan ${before.plan} -> ${after.plan}`, `${after.observedGeneration}`));
  }
  const [lineage] = after.backup?.lineages ?? [];
  if (before?.backup?.serverName !== undefined && after.backup?.requested === 'none' && lineage !== undefined) {
    const { destinationPath, serverName } = lineage;
    const folder =
      destinationPath === undefined ? `the folder ${serverName} of its store` : `${destinationPath}/${serverName}`;
    const note = `backups stop with plan ${after.plan}; what was archived stays in ${folder} until somebody removes it`;
    happened.push(changed('BackupsStopped', note, serverName));
  }
  if (before?.operator !== undefined && after.operator !== undefined && before.operator !== after.operator) {
    const note = `operator ${after.operator} operates this addon now, since ${before.operator} no longer runs`;
    happened.push(changed('OperatorChanged', note, `${after.uid}`));
  }
  const ready = find(after, 'Ready');
  const stalled = find(after, 'Stalled');
  if (stalled !== undefined) {
    if (find(before, 'Stalled')?.reason !== stalled.reason) happened.push(warning(stalled));
  } else if (ready !== undefined && isGrave(ready.reason)) {
    if (find(before, 'Ready')?.reason !== ready.reason) happened.push(warning(ready));
  } else if (ready !== undefined && !isSuspension(ready.reason) && before?.phase !== after.phase) {
    happened.push(normal(ready));
  }
  for (const type of [
    'PlanApplied',
    'BackupReady',
    'Promoted',
    'ExtrasPublished',
    'RolesReady',
    'EndOfLife',
  ] as const) {
    const now = find(after, type);
    const isTold = now?.reason === ready?.reason || now?.reason === 'DrillFailed';
    const isNews = now?.reason !== find(before, type)?.reason && !isTold;
    if (now !== undefined && isNews && needsSomebody(now.reason)) happened.push(warning(now));
  }
  const [had, has] = [find(before, 'BackupReady'), find(after, 'BackupReady')];
  if (has?.status === 'True' && had?.status === 'False') happened.push(normal(has));
  if (had?.status === 'True' && has?.status === 'False' && !isSuspension(has.reason) && !needsSomebody(has.reason))
    happened.push(warning(has));
  const [owned, owns] = [find(before, 'CredentialsPublished'), find(after, 'CredentialsPublished')];
  const isHandover = [owned?.reason, owns?.reason].filter((reason) => reason === 'Superseded').length === 1;
  if (owns?.status === 'True' && owned !== undefined && isHandover)
    happened.push({ ...normal(owns), key: `${after.observedGeneration}` });
  for (const type of ['Adopted', 'Protected', 'Promoted', 'Suspended'] as const) {
    const now = find(after, type);
    if (now?.status === 'True' && find(before, type)?.status !== 'True') happened.push(normal(now));
  }
  const locked = after.restore?.lockedRoles ?? [];
  if (before?.restore?.lockedRoles === undefined && locked.length > 0) {
    const note = `roles of the source that cannot log in to the restored database, since their passwords are those of the source: ${named(locked)}; to let them in, set the annotation ${annotations.unlockRoles}=true`;
    happened.push(changed('RolesLocked', note, `${after.restore?.serverName}`));
  }
  const opened = before?.restore?.lockedRoles ?? [];
  if (opened.length > 0 && after.restore !== undefined && after.restore.lockedRoles === undefined) {
    const note = `roles that can log in now, with the passwords that they had in the source: ${named(opened)}`;
    happened.push(changed('RolesUnlocked', note, `${after.restore.serverName}`));
  }
  const { lastDrill } = after.backup ?? {};
  if (lastDrill !== undefined && lastDrill.time !== before?.backup?.lastDrill?.time) {
    const { result, message = '', time, recoveryPoint, age, duration } = lastDrill;
    const measured = result === 'Passed' ? ` (state of ${recoveryPoint}, ${age} old; restored in ${duration})` : '';
    const type = result === 'Failed' ? 'Warning' : 'Normal';
    happened.push({ ...changed(`Drill${result}`, `${message}${measured}`, time), type });
  }
  const published = after.credentials?.sourceVersion;
  const isChanged = before?.credentials?.sourceVersion !== undefined && before.credentials.sourceVersion !== published;
  if (isChanged && after.secretName !== undefined) {
    happened.push(
      changed(
        'CredentialsUpdated',
        `Secret ${after.secretName} was updated to the changed credentials`,
        `${published}`,
      ),
    );
  }
  return happened;
}

function named(roles: readonly string[]): string {
  const more = roles.length > mostNamed ? ` and ${roles.length - mostNamed} more` : '';
  return `${roles.slice(0, mostNamed).join(', ')}${more}`;
}

function find(status: AddonStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Whether a condition beside Ready says that somebody has to act; what waits for the end of a suspension has its own Event. */
function needsSomebody(reason: string): boolean {
  return reason in reasons && !isSuspension(reason) && rowOf(reason as Reason).state === 'stalled';
}

function isSuspension(reason: string): boolean {
  return reason === 'Suspended' || reason === 'SpecUnknown';
}

function isGrave(reason: string): boolean {
  return reason in reasons && rowOf(reason as Reason).warning === true;
}

/** An Event about other fields of status than the conditions. */
function changed(reason: EventReason, note: string, key: string): Transition {
  return { type: 'Normal', reason, note, key };
}

function normal({ reason, message, lastTransitionTime }: Condition): Transition {
  return { type: 'Normal', reason, note: message, key: lastTransitionTime };
}

function warning(condition: Condition): Transition {
  return { ...normal(condition), type: 'Warning' };
}
