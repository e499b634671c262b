// What is said of a restore that CNPG has given up, or that fails again and again.
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../api/cnpg.ts';
import { aCluster, anAddon } from '../testing.ts';
import { givenUpRestore, restoreFailed } from './failure.ts';

const givenUp = 'Cluster is unrecoverable and needs manual intervention';
const at = '2026-01-02T03:04:05Z';

/** @param recovery how the database begins */
function restored(recovery: object, status: Partial<Cluster['status']> = {}): Cluster {
  const cluster = aCluster(anAddon(), status);
  return { ...cluster, spec: { ...cluster.spec, bootstrap: { recovery } } as Cluster['spec'] };
}

describe('a restore that fails', () => {
  it('names the log, and a time that may be the cause', () => {
    const about = (recovery: object) => restoreFailed(restored(recovery), 'the log');
    expect(about({})).toEqual({
      reason: 'RestoreFailed',
      message:
        'the restore fails repeatedly; for the cause, see the log. The backups are only read, and stay as they are',
    });
    expect(about({ recoveryTarget: {} })).toEqual(about({}));
    expect(about({ recoveryTarget: { targetTime: at } }).message).toContain(
      `nothing was committed from ${at} on, as far as the archive goes`,
    );
  });

  const byJob = 'kubectl logs -n team-a job/db-team-a-shop-1-full-recovery -c full-recovery';
  const withoutJobs =
    'kubectl logs -n team-a -l cnpg.io/cluster=db-team-a-shop --all-containers --prefix --ignore-errors --tail=-1';
  const primary = 'db-team-a-shop-1';

  it.each([
    ['its Job failed', givenUp, 'job db-team-a-shop-1-full-recovery failed', '', byJob],
    ['there is no Job', givenUp, 'instance db-team-a-shop-1 cannot be bootstrapped', '', withoutJobs],
    ['it does not say why', givenUp, undefined, '', withoutJobs],
    ['another Job failed later', givenUp, 'job db-team-a-shop-1-full-recovery-2: full-recovery', primary, undefined],
    ['it does not say why, but there has been a primary', givenUp, undefined, primary, undefined],
    ['it has not', 'Setting up primary', 'job db-team-a-shop-1-full-recovery failed', '', undefined],
  ])('is given up by CNPG if %s', (_, phase, phaseReason, currentPrimary, log) => {
    const why = phaseReason === undefined ? {} : { phaseReason };
    const verdict = givenUpRestore(restored({}, { phase, currentPrimary, ...why }));
    const expected = { reason: 'RestoreFailed', message: expect.stringContaining(`see ${log}.`) };
    expect(verdict).toEqual(log === undefined ? undefined : expected);
  });

  it('is no matter of a Cluster that begins empty', () => {
    expect(givenUpRestore(aCluster(anAddon(), { phase: givenUp, currentPrimary: '' }))).toBeUndefined();
  });
});
