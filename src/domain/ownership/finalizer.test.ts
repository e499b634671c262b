// When the operator puts its finalizer on an addon, and what it says where the API server does not keep it.
import { describe, expect, it } from '@jest/globals';
import { type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import type { Condition } from '../../api/kubernetes.ts';
import { manyFinalizers } from '../../api/raw.ts';
import { anAddon, manifestOf } from '../testing.ts';
import { addFinalizer, finalizerRefused, removeFinalizer } from './finalizer.ts';

const other = 'others.dev/wait';
const dropped = { reason: 'ChangedOnAdmission', message: 'the API server dropped it' } as const;

/** A protected addon of generation 1 with these finalizers, whose status has this condition. */
function guarded(finalizers: readonly string[], recorded?: Partial<Condition>): PostgresAddon {
  const addon = anAddon({ mode: 'protected' });
  const lastTransitionTime = '2026-01-02T03:04:05Z';
  const condition: Condition = { type: 'Protected', status: 'False', lastTransitionTime, ...dropped, ...recorded };
  const status = recorded === undefined ? {} : { conditions: [condition] };
  return { ...addon, status, metadata: { ...addon.metadata, finalizers } };
}

const added = (addon: PostgresAddon): unknown =>
  addFinalizer(addon).length === 0 ? undefined : manifestOf(addFinalizer(addon), 'addon').metadata.finalizers;

describe('the finalizer', () => {
  it.each<readonly [string, PostgresAddon, readonly string[] | undefined]>([
    ['is put on a protected addon', guarded([]), [protectionFinalizer]],
    ['is put beside those of others', guarded([other]), [other, protectionFinalizer]],
    ['is put on once', guarded([protectionFinalizer]), undefined],
    ['is not put on another addon', anAddon(), undefined],
    [
      'is put back where somebody removed it',
      guarded([], { observedGeneration: 1, reason: 'Protected' }),
      [protectionFinalizer],
    ],
    ['is not asked for again of an API server that dropped it', guarded([], { observedGeneration: 1 }), undefined],
    ['is asked for again once the spec changes', guarded([], { observedGeneration: 0 }), [protectionFinalizer]],
  ])('%s', (_, addon, finalizers) => expect(added(addon)).toEqual(finalizers));

  it('leaves those of others when it is removed', () => {
    const { metadata } = manifestOf(removeFinalizer(guarded([protectionFinalizer, other])), 'addon');
    expect(metadata.finalizers).toEqual([other]);
    expect(removeFinalizer(guarded([other]))).toEqual([]);
  });

  it('is neither added nor removed beside more of others than are known: the write would remove those', () => {
    expect(addFinalizer(guarded([manyFinalizers]))).toEqual([]);
    expect(removeFinalizer(guarded([protectionFinalizer, manyFinalizers]))).toEqual([]);
  });
});

it.each<readonly [string, PostgresAddon, object | undefined]>([
  ['while the API server drops it', guarded([other], { observedGeneration: 1 }), dropped],
  [
    'beside more of others than are known',
    guarded([manyFinalizers]),
    { reason: 'Refused', message: expect.stringContaining('more finalizers than are read') },
  ],
  ['and no longer once it is there', guarded([protectionFinalizer], { observedGeneration: 1 }), undefined],
  ['and not for another reason', guarded([], { observedGeneration: 1, reason: 'Suspended' }), undefined],
  ['and not after the spec has changed', guarded([], { observedGeneration: 0 }), undefined],
])('an addon without the finalizer says why %s', (_, addon, why) => expect(finalizerRefused(addon)).toEqual(why));
