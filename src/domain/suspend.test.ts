// What is special about a suspension: its reason. That a suspended addon is left unchanged is shown in decide.test.ts and
// e2e/integration/suspend.test.ts.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import { aCluster, anAddon, aRunningAddon, changed, observing, observingAll, think } from './testing.ts';

const condition = (status: AddonStatus, type: string): string | undefined => {
  const found = status.conditions?.find((one) => one.type === type);
  return found && `${found.status} ${found.reason}`;
};
const messageOf = (status: AddonStatus, type: string): string | undefined =>
  status.conditions?.find((one) => one.type === type)?.message;
/** As projected: an addon with a field that a later version knows. */
const unknown = (addon: PostgresAddon, ...paths: readonly string[]): PostgresAddon => ({
  ...addon,
  spec: { ...addon.spec, suspend: true },
  unknown: paths,
});

describe('a spec that this version does not know in full', () => {
  it('gets no database, and says what it does not know', () => {
    const { actions, status } = think(observing(unknown(anAddon(), 'spec.restore')));
    expect(actions).toEqual([]);
    for (const type of ['Ready', 'Stalled', 'Suspended'])
      expect(condition(status, type)).toBe(`${type === 'Ready' ? 'False' : 'True'} SpecUnknown`);
    expect(messageOf(status, 'Ready')).toBe(
      'this version of the operator does not know spec.restore: nothing is created, changed or repaired',
    );
    // It was seen: who waits for the generation would wait for ever.
    expect(status.observedGeneration).toBe(1);
  });

  it('leaves a database as it is, also after another change, and reports that it runs', () => {
    const addon = aRunningAddon();
    const { actions, status } = think(observingAll(unknown(changed(addon, { plan: 'pro' }), 'spec.future'), 'url'));
    expect(actions).toEqual([]);
    expect(condition(status, 'Ready')).toBe('True Running');
    expect(condition(status, 'Suspended')).toBe('True SpecUnknown');
    expect(condition(status, 'PlanApplied')).toBe('False SpecUnknown');
    expect(messageOf(status, 'PlanApplied')).toBe(
      'this version of the operator does not know spec.future: a change is pending',
    );
    expect(status.observedGeneration).toBe(1);
  });

  it('is not called observed while the database runs, although nothing else is pending', () => {
    const addon = aRunningAddon();
    const next = { ...addon, metadata: { ...addon.metadata, generation: 2 } };
    const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
    expect(think(observingAll(unknown(next, 'spec.future'), url)).status.observedGeneration).toBe(1);
    const suspended = { ...next, spec: { ...next.spec, suspend: true } };
    expect(think(observingAll(suspended, url)).status.observedGeneration).toBe(2);
  });

  it('is named in a message of limited length', () => {
    const message = (...paths: readonly string[]) =>
      messageOf(think(observing(unknown(anAddon(), ...paths))).status, 'Ready');
    const longest = `spec.${'x'.repeat(95)}`;
    expect(message(longest)).toContain(`does not know ${longest}: nothing`);
    expect(message(`${longest}y`)).not.toContain(`${longest}y`);
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => `spec.${name}`);
    expect(message(...five)).toContain('spec.d, spec.e: nothing');
    expect(message(...five, 'spec.f', 'spec.g')).toContain('spec.e and 2 more: nothing');
  });
});

it('while spec.suspend is true, that is the reason', () => {
  const addon = anAddon({ suspend: true });
  expect(condition(think(observing(addon)).status, 'Suspended')).toBe('True Suspended');
  const { status } = think(observing(addon, { cluster: aCluster(addon) }));
  expect(messageOf(status, 'Suspended')).toBe('spec.suspend is true: nothing is created, changed or repaired');
});
