// The tables that status is made from: what they decide stands here a second time, so that none of it changes by mistake.
import { expect, it } from '@jest/globals';
import { concerns, conditionTypes, type Reason, type ReasonRow, reasons, rowOf } from './conditions.ts';

const rows = Object.entries(reasons) as readonly (readonly [Reason, ReasonRow])[];

it('every condition and every reason is described in sentences', () => {
  const texts = [...Object.values(conditionTypes), ...Object.values(reasons)].flatMap(({ meaning, ...row }) =>
    'remedy' in row ? [meaning, row.remedy] : [meaning],
  );
  for (const text of texts) expect(text).toMatch(/^\S.*\.$/s);
});

it('a database without its backups, the Secret of another app or the extra ones can be used; without anything else it cannot', () => {
  const optional = Object.entries(concerns).filter(([, { essential }]) => !essential);
  expect(optional.map(([name]) => name)).toEqual(['backup', 'drill', 'promotion', 'extras', 'roles']);
});

it('what no watch reports the end of is checked again, in so many seconds', () => {
  const rechecked = rows.flatMap(([reason, { recheckSeconds: seconds }]) =>
    seconds === undefined ? [] : [[seconds, reason] as const],
  );
  const bySeconds = Object.groupBy(rechecked, ([seconds]) => seconds);
  const names = Object.entries(bySeconds).map(([seconds, found = []]) => [seconds, found.map(([, name]) => name)]);
  expect(Object.fromEntries(names)).toEqual({
    2: ['OldObjectTerminating', 'PromotionPending'],
    5: ['Redacting'],
    10: ['RedactionFailed', 'CNPGUnavailable', 'StorageUnverified'],
    15: [
      'RestorePending',
      'VolumeGrowing',
      'DNSLookupFailed',
      'ConnectionRefused',
      'DatabaseUnreachable',
      'LoginTimeout',
      'ConnectionReset',
      'DatabaseStarting',
      'TooManyConnections',
      'RoleConnectionLimit',
      'DatabaseConnectionLimit',
    ],
    30: [
      'QuotaExceeded',
      'RoleNotReady',
      'SecretImmutable',
      'CredentialsRejected',
      'LoginForbidden',
      'DatabaseMissing',
      'TlsFailed',
      'LoginFailed',
    ],
    60: [
      'NamespaceTerminating',
      'PromotionRefused',
      'NameConflict',
      'AdoptionRefused',
      'CNPGOutdated',
      'Forbidden',
      'Refused',
      'FieldNotRemoved',
      'CredentialsInvalid',
      'CAInvalid',
      'StorageNotExpandable',
      'PluginOutdated',
    ],
  });
});

it('these are warnings although the operator goes on by itself', () => {
  const warnings = rows.filter(([, { warning }]) => warning === true);
  for (const [, { state }] of warnings) expect(state).toBe('progressing');
  expect(warnings.map(([reason]) => reason)).toEqual([
    'ClusterRecreated',
    'InstanceUnreachable',
    'ImagePullFailed',
    'UpgradeFailed',
    'StorageClassMissing',
    'VolumePending',
    'Unschedulable',
    'PodsRefused',
    'ContainerNotStarted',
    'CrashLooping',
    'OutOfMemory',
    'MountFailed',
    'NodeUnavailable',
    'CNPGNotResponding',
    'DNSLookupFailed',
    'ConnectionRefused',
    'DatabaseUnreachable',
    'LoginTimeout',
    'ConnectionReset',
    'TooManyConnections',
    'RoleConnectionLimit',
    'DatabaseConnectionLimit',
    'LoginFailed',
  ]);
});

it('the row of a reason is that of the table', () => {
  for (const [reason, row] of rows) expect(rowOf(reason)).toBe(row);
});
