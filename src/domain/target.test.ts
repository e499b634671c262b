// Which size the disks get, and why they stay as they are.
import { expect, it } from '@jest/globals';
import type { Observed } from './observed.ts';
import { aCluster, anAddon, aTarget, aVolume, observing } from './testing.ts';

const addon = anAddon({ plan: 'standard' });
const found = (...object: readonly Parameters<typeof aVolume>[0][]): Observed['volumes'] => ({
  kind: 'found',
  object: object.map(aVolume),
});

it.each<readonly [string, string, Observed['volumes'], string, string | undefined]>([
  ['are those of the plan', '10Gi', found({}), '10Gi', undefined],
  ['are the same in other words', '10240Mi', found({}), '10240Mi', undefined],
  ['grow', '1Gi', found({}), '10Gi', undefined],
  ['do not shrink', '50Gi', found({}), '50Gi', 'a disk cannot be shrunk'],
  ['stay if the claims may not be read', '1Gi', { kind: 'denied', message: 'not allowed' }, '1Gi', 'not allowed'],
  ['stay if the claims cannot be read', '1Gi', { kind: 'failed', message: 'no answer' }, '1Gi', 'no answer'],
  ['stay before the claims exist', '1Gi', found(), '1Gi', 'its volume claims do not exist yet'],
  [
    'stay if their class cannot grow',
    '1Gi',
    found({ claim: 'a', storageClass: 'fixed', expandable: false }),
    '1Gi',
    'claim a has StorageClass "fixed", which does not allow volume expansion',
  ],
  [
    'stay without a class',
    '1Gi',
    found({ claim: 'a', storageClass: '', expandable: false }),
    '1Gi',
    'claim a has no StorageClass, which does not allow volume expansion',
  ],
])('the disks %s', (_, size, volumes, expected, why) => {
  const cluster = aCluster(addon);
  const live = { ...cluster, spec: { ...cluster.spec, storage: { size } } };
  const { storage, shortfall } = aTarget(observing(addon, { cluster: live, volumes }));
  expect(storage).toBe(expected);
  expect(shortfall?.message).toBe(why && `the disk stays at ${size} (the plan specifies 10Gi): ${why}`);
});
