// Patience counts from the beginning of the attempt: whatever was before, its first status waits, and says Stalled only after the deadline.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PostgresAddon } from '../../api/addon.ts';
import { type Reason, reasons } from '../../api/conditions.ts';
import { timestampOf } from '../../api/time.ts';
import type { ActionResult } from '../decision.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import { statusOf } from '../status.ts';
import { aCluster, anAddon, aRunningAddon, changed, observing, refusing, testTime, think } from '../testing.ts';
import { recordedAttempt, untilNextLook, waitingFor } from './deadlines.ts';

const minute = 60_000;
const hour = 60 * minute;
const creating = { phase: 'Setting up primary', readyInstances: 0 };

/** The addon as it stands with an observation, and its status. */
interface Standing {
  readonly addon: PostgresAddon;
  readonly seen: (addon: PostgresAddon) => Observed;
  readonly result?: ActionResult;
}

const withCluster = (status: object) => (addon: PostgresAddon) =>
  observing(addon, { cluster: aCluster(addon, status) });
const nothing = (addon: PostgresAddon): Observed => observing(addon);
const missing = { kind: 'notServed', reason: 'CNPGNotInstalled', message: 'not served' } as const;
const asleep = (addon: PostgresAddon): Observed => {
  const cluster = aCluster(addon, creating);
  return observing(addon, {
    cluster: { ...cluster, metadata: { ...cluster.metadata, annotations: { 'cnpg.io/hibernation': 'on' } } },
  });
};
const alien = (addon: PostgresAddon): Observed => {
  const cluster = aCluster(addon);
  return observing(addon, {
    cluster: { ...cluster, metadata: { ...cluster.metadata, labels: {}, ownerReferences: [] } },
  });
};

/** What an addon was for an hour before an attempt begins. */
const before: Readonly<Record<string, Standing>> = {
  'suspended since its creation': { addon: anAddon({ suspend: true }), seen: nothing },
  'without CloudNativePG': { addon: anAddon(), seen: (addon) => observing(addon, { cluster: missing }) },
  hibernated: { addon: anAddon(), seen: asleep },
  'running, then hibernated': { addon: aRunningAddon(), seen: asleep },
  'refused by a quota': { addon: anAddon(), seen: nothing, result: refusing('cluster', 'QuotaExceeded') },
  'in conflict with a foreign Cluster': { addon: anAddon(), seen: alien },
  'stuck with another spec': { addon: anAddon({ plan: 'free' }), seen: withCluster(creating) },
  'unknown to the operator': { addon: anAddon(), seen: nothing },
};

/** The statuses of an addon that is looked at every minute for an hour. */
function anHourOf({ addon, seen, result = {} }: Standing, from: number): PostgresAddon {
  let last = addon;
  for (let now = from; now < from + hour; now += minute)
    last = { ...last, status: think(seen(last), result, now).status };
  return last;
}

const conditionOf = ({ status }: PostgresAddon, type: string) => status?.conditions?.find((one) => one.type === type);
const resumed = (addon: PostgresAddon): PostgresAddon =>
  addon.spec.suspend === true || addon.spec.plan === 'free'
    ? changed(addon, { suspend: false, plan: 'standard' })
    : addon;

describe.each(Object.entries(before))('an attempt of an addon that was %s', (what, standing) => {
  const was = what.startsWith('unknown') ? standing.addon : anHourOf(standing, testTime);
  const beginning = testTime + hour;
  const now = resumed(was);

  it('waits in its first status, and is Stalled after the deadline and not before', () => {
    const first = { ...now, status: think(withCluster(creating)(now), {}, beginning).status };
    expect(conditionOf(first, 'Stalled')).toBeUndefined();
    const { reason, lastTransitionTime } = conditionOf(first, 'Reconciling') ?? {};
    expect(['Creating', 'Provisioning']).toContain(reason);
    expect(Date.parse(lastTransitionTime ?? '')).toBe(beginning);
    const deadline = first.status?.ready_at === undefined ? 5 * minute : 10 * minute;
    const almost = think(withCluster(creating)(first), {}, beginning + deadline - 1000);
    expect(almost.status.conditions?.map(({ type }) => type)).not.toContain('Stalled');
    const { pace } = almost;
    expect(pace).toEqual({ kind: 'again', afterMilliseconds: 1000 });
    const late = { ...first, status: think(withCluster(creating)(first), {}, beginning + deadline).status };
    expect(conditionOf(late, 'Stalled')?.reason).toBe('TakingTooLong');
    // From then on it stays so, also when the clock is set back; only a time that is still to come is replaced.
    expect(think(withCluster(creating)(late), {}, beginning + deadline + hour).status).toEqual(late.status);
    const back = { ...late, status: think(withCluster(creating)(late), {}, beginning).status };
    const { lastTransitionTime: _, ...stalled } = conditionOf(late, 'Stalled') ?? {};
    expect(conditionOf(back, 'Stalled')).toEqual({ ...stalled, lastTransitionTime: timestampOf(beginning) });
    expect(think(withCluster(creating)(back), {}, beginning).status).toEqual(back.status);
  });
});

describe.each([
  ['by an hour', testTime + hour],
  ['from 2099', Date.UTC(2099, 0)],
])('a clock that was set back %s', (_, ahead) => {
  it('starts the attempt again: it looks for the cause after 90 s, is Stalled after 5 min, and no time is still to come', () => {
    const seen = withCluster(creating);
    let addon = anAddon();
    addon = { ...addon, status: think(seen(addon), {}, ahead).status };
    const first = think(seen(addon), {}, testTime);
    addon = { ...addon, status: first.status };
    for (const { lastTransitionTime } of first.status.conditions ?? []) {
      expect(lastTransitionTime).toBe(timestampOf(testTime));
    }
    expect(needs(seen(addon), testTime + 89_000).facts).toBe(false);
    expect(needs(seen(addon), testTime + 90_000).facts).toBe(true);
    const at = (now: number) => conditionOf({ ...addon, status: think(seen(addon), {}, now).status }, 'Stalled');
    expect(at(testTime + 5 * minute - 1000)).toBeUndefined();
    expect(at(testTime + 5 * minute)?.reason).toBe('TakingTooLong');
  });
});

describe('an attempt', () => {
  const stuck = anHourOf({ addon: anAddon(), seen: withCluster(creating) }, testTime);

  it('begins with a Cluster that has to be created anew, once it exists', () => {
    expect(conditionOf(stuck, 'Stalled')?.reason).toBe('TakingTooLong');
    const { decision } = think(nothing(stuck), {}, testTime + hour);
    const made = statusOf(stuck, decision, { created: { cluster: 'new-uid' } }, testTime + hour);
    expect(made.conditions?.find(({ type }) => type === 'Reconciling')?.reason).toBe('Creating');
    expect(made.conditions?.map(({ type }) => type)).not.toContain('Stalled');
  });

  it('does not begin because an addon is seen again, nor with the spec of a suspended one', () => {
    const suspended = changed(stuck, { suspend: true });
    const still = { ...suspended, status: think(withCluster(creating)(suspended), {}, testTime + hour).status };
    const more = changed(still, { plan: 'pro' });
    const first = { ...more, status: think(withCluster(creating)(more), {}, testTime + hour).status };
    expect(conditionOf(first, 'Stalled')).toEqual(conditionOf(still, 'Stalled'));
    expect(think(withCluster(creating)(first), {}, testTime + 2 * hour).status).toEqual(first.status);
  });

  /** An addon whose attempt began some milliseconds after the time of the tests. */
  const begun = (skew: number, reason: Reason = 'Creating'): PostgresAddon => {
    const lastTransitionTime = new Date(testTime + skew).toISOString();
    return anAddon(
      {},
      {
        conditions: [
          { type: 'Reconciling', status: 'True', reason, message: '', lastTransitionTime, observedGeneration: 1 },
        ],
      },
    );
  };

  it('lasts since its recorded beginning, or begins now when that is still to come', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(reasons) as Reason[])),
        fc.integer({ min: -hour, max: hour }),
        (reason, skew) => {
          expect(waitingFor(begun(skew, reason), testTime)).toBe(Math.max(0, -skew));
        },
      ),
    );
    expect(recordedAttempt(begun(minute), testTime)).toBeDefined();
    expect(recordedAttempt(begun(minute + 1), testTime)).toBeUndefined();
  });

  it.each([
    [0, 90],
    [89, 1],
    [90, 30],
    [300, 30],
    [310, 31],
    [6_000, 600],
    [60_000, 600],
  ])('that lasts %d s is looked into in %d s', (since, until) => {
    expect(untilNextLook(begun(-since * 1000), testTime)).toBe(until * 1000);
  });
});
