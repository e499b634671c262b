// What the plugin is told beside the place of the backups.
import { expect, it } from '@jest/globals';
import { situationOf } from '../situation.ts';
import { anAddon, aStore, aTarget, observing } from '../testing.ts';
import { buildObjectStore } from './object-store.ts';
import type { Store } from './stores.ts';

const checksumsOf = (store: Store) => {
  const o = observing(anAddon());
  const chosen = { name: 'main', store, retention: '7d' };
  return buildObjectStore(situationOf(o), aTarget(o), chosen).spec.instanceSidecarConfiguration.env;
};

it.each([
  ['WhenRequired', 'when_required'],
  ['WhenSupported', 'when_supported'],
] as const)('the client of S3 is told for both directions that it uses checksums %s', (checksums, value) => {
  expect(checksumsOf(aStore({ checksums }))).toEqual([
    { name: 'AWS_REQUEST_CHECKSUM_CALCULATION', value },
    { name: 'AWS_RESPONSE_CHECKSUM_VALIDATION', value },
  ]);
});

it('the container beside each instance has the memory of the plan, so that no LimitRange decides', () => {
  const o = observing(anAddon());
  const chosen = { name: 'main', store: aStore(), retention: '7d' };
  expect(buildObjectStore(situationOf(o), aTarget(o), chosen).spec.instanceSidecarConfiguration.resources).toEqual({
    requests: { memory: '128Mi' },
    limits: { memory: '512Mi' },
  });
});

it.each([
  ['azureCredentials', { inheritFromAzureAD: true }],
  ['googleCredentials', { gkeEnvironment: true }],
])('the client for %s is told nothing of checksums', (client, credentials) => {
  const { s3Credentials: _, ...store } = aStore();
  expect(checksumsOf({ ...store, [client]: credentials })).toEqual([]);
});
