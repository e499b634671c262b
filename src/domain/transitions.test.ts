// Which changes of status are told by an Event, once.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import type { Condition } from '../api/kubernetes.ts';
import { transitions } from './transitions.ts';

const at = '2026-01-02T03:04:05Z';
const condition = (type: string, reason: string, status: Condition['status'] = 'False'): Condition => {
  return { type, status, reason, message: `about ${reason}`, lastTransitionTime: at };
};
const being = (phase: NonNullable<AddonStatus['phase']>, ...conditions: Condition[]): AddonStatus => ({
  phase,
  conditions,
});
const running = being('running', condition('Ready', 'Running', 'True'));
const creating = being('creating', condition('Ready', 'Creating'), condition('Reconciling', 'Creating', 'True'));
const stalled = (reason: string, ...more: Condition[]): AddonStatus =>
  being('creating', condition('Ready', reason), condition('Stalled', reason, 'True'), ...more);
const beside = (...more: Condition[]): AddonStatus => being('running', condition('Ready', 'Running', 'True'), ...more);
const normal = (reason: string) => ({ type: 'Normal', reason, note: `about ${reason}`, key: at });
const warning = (reason: string) => ({ type: 'Warning', reason, note: `about ${reason}`, key: at });

const drilled: AddonStatus = { backup: { lastDrill: { time: at, result: 'Passed' } } };

describe('an Event tells', () => {
  it.each<readonly [string, AddonStatus | undefined, AddonStatus, readonly object[]]>([
    ['that the creation has begun', undefined, creating, [normal('Creating')]],
    ['that the database runs', creating, running, [normal('Running')]],
    [
      'that the Secret of its app leads to another database',
      beside(condition('CredentialsPublished', 'Published', 'True')),
      beside(condition('CredentialsPublished', 'Superseded', 'True')),
      [{ ...normal('Superseded'), key: 'undefined' }],
    ],
    [
      'that its Secret leads to its own database again',
      beside(condition('CredentialsPublished', 'Superseded', 'True')),
      beside(condition('CredentialsPublished', 'Published', 'True')),
      [{ ...normal('Published'), key: 'undefined' }],
    ],
    [
      'that it is promoted',
      beside(condition('Promoted', 'PromotionPending')),
      beside(condition('Promoted', 'Promoted', 'True')),
      [normal('Promoted')],
    ],
    [
      'that it cannot be promoted',
      beside(condition('Promoted', 'PromotionPending')),
      beside(condition('Promoted', 'PromotionRefused')),
      [warning('PromotionRefused')],
    ],
    ['nothing while it does', running, running, []],
    ['what needs somebody', running, stalled('NameConflict'), [warning('NameConflict')]],
    [
      'what needs somebody now, for another reason',
      stalled('NameConflict'),
      stalled('Forbidden'),
      [warning('Forbidden')],
    ],
    ['nothing of what lasts', stalled('NameConflict'), stalled('NameConflict'), []],
    [
      'what is grave, although it may pass',
      running,
      being('provisioning', condition('Ready', 'ClusterRecreated')),
      [warning('ClusterRecreated')],
    ],
    [
      'nothing of what is grave and lasts',
      being('running', condition('Ready', 'ClusterRecreated')),
      being('provisioning', condition('Ready', 'ClusterRecreated')),
      [],
    ],
    [
      'nothing of a suspended addon but that',
      running,
      being('creating', condition('Ready', 'Suspended'), condition('Suspended', 'Suspended', 'True')),
      [normal('Suspended')],
    ],
    [
      'a reason of another version',
      creating,
      being('running', condition('Ready', 'OfTomorrow')),
      [normal('OfTomorrow')],
    ],
    ['nothing without conditions', creating, { phase: 'running' }, []],
    [
      'that a plan cannot be applied',
      running,
      beside(condition('PlanApplied', 'DowngradeRefused')),
      [warning('DowngradeRefused')],
    ],
    [
      'that there are no backups',
      running,
      beside(condition('BackupReady', 'QuotaExceeded')),
      [warning('QuotaExceeded')],
    ],
    [
      'that backups are in force',
      beside(condition('BackupReady', 'FirstBackupPending')),
      beside(condition('BackupReady', 'InForce', 'True')),
      [normal('InForce')],
    ],
    [
      'nothing of a first backup that is awaited',
      creating,
      beside(condition('BackupReady', 'FirstBackupPending')),
      [normal('Running')],
    ],
    [
      'that backups are no longer in force, also where nobody has to do anything',
      beside(condition('BackupReady', 'InForce', 'True')),
      beside(condition('BackupReady', 'PluginUnavailable')),
      [warning('PluginUnavailable')],
    ],
    [
      'once that they are not, where somebody has to',
      beside(condition('BackupReady', 'InForce', 'True')),
      beside(condition('BackupReady', 'StoreRefused')),
      [warning('StoreRefused')],
    ],
    [
      'that a version has ended',
      running,
      beside(condition('EndOfLife', 'VersionEnded', 'True')),
      [warning('VersionEnded')],
    ],
    ['nothing of a plan that is being applied', running, beside(condition('PlanApplied', 'Applying')), []],
    ['nothing of a plan that waits for the end of suspend', running, beside(condition('PlanApplied', 'Suspended')), []],
    ['nothing of a plan for a reason of another version', running, beside(condition('PlanApplied', 'OfTomorrow')), []],
    ['nothing twice', running, stalled('Forbidden', condition('PlanApplied', 'Forbidden')), [warning('Forbidden')]],
    ['that the database was adopted', running, beside(condition('Adopted', 'Adopted', 'True')), [normal('Adopted')]],
    [
      'that it is protected',
      beside(condition('Protected', 'Suspended')),
      beside(condition('Protected', 'Protected', 'True')),
      [normal('Protected')],
    ],
    [
      'nothing of a protection that lasts',
      beside(condition('Protected', 'Protected', 'True')),
      beside(condition('Protected', 'Protected', 'True')),
      [],
    ],
    ['nothing of a protection that is not there', running, beside(condition('Protected', 'Suspended')), []],
  ])('%s', (_, before, after, expected) => expect(transitions(before, after)).toEqual(expected));

  it.each<readonly [string, AddonStatus, AddonStatus, readonly object[]]>([
    [
      'that backups stop, and where the archive stays',
      { ...running, backup: { requested: 'daily', serverName: 'db-1' } },
      {
        ...running,
        plan: 'free',
        backup: { requested: 'none', lineages: [{ serverName: 'db-1', destinationPath: 's3://backups/team-a' }] },
      },
      [
        {
          type: 'Normal',
          reason: 'BackupsStopped',
          note: 'backups stop with plan free; what was archived stays in s3://backups/team-a/db-1 until somebody removes it',
          key: 'db-1',
        },
      ],
    ],
    [
      'that backups stop, and the folder, if its place is not recorded',
      { ...running, backup: { requested: 'daily', serverName: 'db-1' } },
      { ...running, plan: 'free', backup: { requested: 'none', lineages: [{ serverName: 'db-1' }] } },
      [
        {
          type: 'Normal',
          reason: 'BackupsStopped',
          note: 'backups stop with plan free; what was archived stays in the folder db-1 of its store until somebody removes it',
          key: 'db-1',
        },
      ],
    ],
    [
      'a change of plan',
      { plan: 'free' },
      { plan: 'pro', observedGeneration: 2 },
      [{ type: 'Normal', reason: 'PlanChanged', note: 'plan free -> pro', key: '2' }],
    ],
    ['nothing of the first plan', {}, { plan: 'pro' }, []],
    ['nothing of a plan that status no longer has', { plan: 'free' }, {}, []],
    ['nothing of the same plan', { plan: 'pro' }, { plan: 'pro' }, []],
    ['nothing of a drill that was told', drilled, drilled, []],
    [
      'a change of the credentials',
      { credentials: { sourceVersion: '30' } },
      { secretName: 's', credentials: { sourceVersion: '31' } },
      [
        {
          type: 'Normal',
          reason: 'CredentialsUpdated',
          note: 'Secret s was updated to the changed credentials',
          key: '31',
        },
      ],
    ],
    [
      'roles that may not log in to a restored database',
      { restore: { serverName: 's' } },
      { restore: { serverName: 's', lockedRoles: Array.from({ length: 12 }, (_, n) => `r${n}`) } },
      [
        {
          type: 'Normal',
          reason: 'RolesLocked',
          note: 'roles of the source that cannot log in to the restored database, since their passwords are those of the source: r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 and 2 more; to let them in, set the annotation addons.paas.dev/unlock-roles=true',
          key: 's',
        },
      ],
    ],
    [
      'roles that may log in again',
      { restore: { serverName: 's', lockedRoles: ['report'] } },
      { restore: { serverName: 's' } },
      [
        {
          type: 'Normal',
          reason: 'RolesUnlocked',
          note: 'roles that can log in now, with the passwords that they had in the source: report',
          key: 's',
        },
      ],
    ],
    ['nothing of no roles', {}, { restore: { serverName: 's', lockedRoles: [] } }, []],
    [
      'nothing of roles that were none',
      { restore: { serverName: 's', lockedRoles: [] } },
      { restore: { serverName: 's' } },
      [],
    ],
    ['nothing of roles of a database that is gone', { restore: { serverName: 's', lockedRoles: ['report'] } }, {}, []],
    [
      'nothing of the same roles',
      { restore: { serverName: 's', lockedRoles: ['report'] } },
      { restore: { serverName: 's', lockedRoles: ['report'] } },
      [],
    ],
    [
      'nothing of the same credentials',
      { credentials: { sourceVersion: '30' } },
      { credentials: { sourceVersion: '30' } },
      [],
    ],
    ['nothing of the first credentials', {}, { credentials: { sourceVersion: '30' } }, []],
  ])('%s', (_, before, after, expected) => expect(transitions(before, after)).toEqual(expected));
});
