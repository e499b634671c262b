// Which lineage of an addon's backups a state is restored from.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import { anAddon } from '../testing.ts';
import { restorableAt } from './restorable.ts';

type Backup = NonNullable<AddonStatus['backup']>;
const source = (backup: Backup | undefined) => anAddon({}, { phase: 'running', ...(backup && { backup }) });
const at = (clock: string): string => `2026-01-02T${clock}:00Z`;

const present = { serverName: 'new', from: at('10:00') };
const past = { serverName: 'old', from: at('02:00'), until: at('09:00') };
const both: Backup = { requested: 'daily', lineages: [present, past], recoveryWindow: { from: at('10:00') } };
const reaching = (to: string): Backup => ({ ...both, recoveryWindow: { from: at('10:00'), to } });

describe('the lineage', () => {
  it.each<readonly [string, Backup, string | undefined, string]>([
    ['of the newest state is the present one', both, undefined, 'new'],
    ['of a time in it', reaching(at('12:00')), at('11:00'), 'new'],
    ['of the last moment that its archive has', reaching(at('12:00')), at('12:00'), 'new'],
    [
      'of a time before the end of its newest backup',
      { ...reaching(at('12:00')), lastSuccessTime: at('14:00') },
      at('13:00'),
      'new',
    ],
    [
      'of a time before a base backup that was requested, and that the plugin does not report yet',
      { ...reaching(at('12:00')), now: { request: '1', result: 'Completed', startTime: at('13:00') } },
      at('13:00'),
      'new',
    ],
    ['of the end of its oldest backup', reaching(at('12:00')), at('10:00'), 'new'],
    ['of a time whose archive is not known to reach it', both, at('11:00'), 'new'],
    ['of a time of which nothing is reported', { requested: 'daily', lineages: [present, past] }, at('11:00'), 'new'],
    ['of a time before it is the one before', both, at('08:00'), 'old'],
    [
      'of a time before it, however far the archive of the present one reaches',
      reaching(at('07:00')),
      at('08:00'),
      'old',
    ],
    ['of the moment at which one ended', both, at('09:00'), 'old'],
    ['of a time in another zone', both, '2026-01-02T04:30:00+01:00', 'old'],
    [
      'of the newest state, once backups have stopped, is the last one',
      { requested: 'none', lineages: [past] },
      undefined,
      'old',
    ],
    [
      'passes over one that has no base backup any more',
      { requested: 'daily', lineages: [{ serverName: 'lost', until: at('11:00') }, past] },
      undefined,
      'old',
    ],
  ])('%s', (_, backup, targetTime, serverName) => {
    expect(restorableAt(source(backup), targetTime)).toMatchObject({ serverName });
  });

  it.each<readonly [string, Backup | undefined, string | undefined, string, string]>([
    ['without backups', undefined, undefined, 'RestoreSourceMissing', 'has no backups (plan standard)'],
    ['with none yet', { requested: 'daily' }, undefined, 'RestorePending', 'waiting for the first base backup'],
    [
      'with a lineage that has begun',
      { requested: 'none', lineages: [{ serverName: 'new' }] },
      undefined,
      'RestorePending',
      'waiting for the first base backup',
    ],
    // The state before an upgrade is not the newest one.
    [
      'whose newest state has no base backup yet',
      { requested: 'daily', lineages: [{ serverName: 'new' }, past] },
      undefined,
      'RestorePending',
      'waiting for the first base backup',
    ],
    [
      'whose lineages lead out of their folder',
      { requested: 'none', lineages: [{ serverName: '../team-b/db', from: at('02:00'), until: at('03:00') }] },
      undefined,
      'RestoreSourceMissing',
      'has no backups',
    ],
    [
      'before the oldest of three',
      { ...both, lineages: [present, past, { serverName: 'first', from: at('01:00'), until: at('01:30') }] },
      at('00:59'),
      'InvalidSpec',
      `which was completed at ${at('01:00')}`,
    ],
    ['before the oldest one', both, at('01:59'), 'InvalidSpec', `which was completed at ${at('02:00')}`],
    ['between two', both, at('09:30'), 'InvalidSpec', `a time up to ${at('09:00')}, or from ${at('10:00')} on`],
    [
      'after the last one',
      { requested: 'none', lineages: [past] },
      at('09:30'),
      'InvalidSpec',
      `with a time up to ${at('09:00')}`,
    ],
    ['that is not archived yet', reaching(at('12:00')), at('12:01'), 'RestorePending', `it reaches ${at('12:00')}`],
    [
      'that a base backup is to archive',
      { ...reaching(at('12:00')), now: { request: '1', result: 'Running', startTime: at('13:00') } },
      at('12:01'),
      'RestorePending',
      `it reaches ${at('12:00')}`,
    ],
  ])('none: of an addon %s', (_, backup, targetTime, reason, words) => {
    const verdict = restorableAt(source(backup), targetTime);
    expect(verdict).toMatchObject({ reason });
    expect(verdict).toHaveProperty('message', expect.stringContaining(words));
    expect(verdict).toHaveProperty('message', expect.stringContaining('PostgresAddon "shop"'));
  });

  it('is waited for as long as nobody has reported on the addon', () => {
    expect(restorableAt(anAddon(), undefined)).toMatchObject({ reason: 'RestorePending' });
  });

  it('names an earlier state that could be restored instead of waiting', () => {
    const verdict = restorableAt(source({ requested: 'daily', lineages: [{ serverName: 'new' }, past] }), undefined);
    expect(verdict).toHaveProperty('message', expect.stringContaining(`up to ${at('09:00')}`));
  });

  it('asks to resume an addon that is suspended, since nobody looks at its archive', () => {
    const paused = { ...source(reaching(at('12:00'))), spec: { plan: 'standard' as const, suspend: true } };
    const verdict = restorableAt(paused, at('12:01'));
    expect(verdict).toHaveProperty('message', expect.stringContaining('spec.suspend to false'));
    expect(verdict).toHaveProperty('message', expect.not.stringContaining('backup-now'));
    const open = restorableAt(source(reaching(at('12:00'))), at('12:01'));
    expect(open).toHaveProperty('message', expect.stringContaining('backup-now'));
    expect(open).toHaveProperty('message', expect.not.stringContaining('spec.suspend'));
  });

  it('is not promised of a time after the last one ended, without a later one', () => {
    const verdict = restorableAt(source({ requested: 'none', lineages: [past] }), at('09:30'));
    expect(verdict).toHaveProperty('message', expect.not.stringContaining('or from'));
  });
});
