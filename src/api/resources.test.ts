// What the operator may do: every permission stands here a second time, so that none is added or lost by mistake.
import { expect, it } from '@jest/globals';
import {
  providerOf,
  type ResourceName,
  type ResourceRow,
  reconciledResources,
  resources,
  verbs,
  watchedResources,
} from './resources.ts';

const names = Object.keys(resources) as readonly ResourceName[];

/** The verbs, with what they are restricted to. */
const permitted = (name: ResourceName): readonly string[] => {
  const { permissions }: ResourceRow = resources[name];
  return permissions.flatMap(({ verbs, subresource, ownOnly = false }) =>
    verbs.map((verb) =>
      [verb, subresource, ownOnly ? 'own' : undefined].filter((part) => part !== undefined).join(' '),
    ),
  );
};

it('the operator has these permissions, and no others', () => {
  expect(verbs).toEqual(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']);
  expect(Object.fromEntries(names.map((name) => [name, permitted(name)]))).toEqual({
    addons: ['list', 'watch', 'get', 'patch', 'patch status', 'update finalizers'],
    clusters: ['list', 'watch', 'get', 'create', 'patch'],
    scheduledBackups: ['list', 'watch', 'get', 'create', 'patch', 'delete'],
    databaseRoles: ['list', 'watch', 'get', 'create', 'patch', 'delete'],
    objectStores: ['list', 'watch', 'get', 'create', 'patch', 'delete'],
    backups: ['get', 'create', 'patch', 'list', 'delete'],
    secrets: ['get', 'create', 'patch', 'delete'],
    configMaps: ['get', 'create', 'patch', 'delete'],
    jobs: ['get', 'create', 'patch'],
    volumeClaims: ['list'],
    storageClasses: ['get'],
    pods: ['list'],
    events: ['list'],
    recordedEvents: ['create'],
    leases: ['create', 'get own', 'update own'],
    otherLeases: ['get'],
  });
});

it('what is watched may be listed and watched, and nothing else is', () => {
  expect(watchedResources).toEqual(['addons', 'clusters', 'scheduledBackups', 'databaseRoles', 'objectStores']);
  expect(names.filter((name) => permitted(name).includes('watch'))).toEqual(watchedResources);
});

it('reconciles have a client of everything but what runs beside them', () => {
  expect(names.filter((name) => !reconciledResources.some((one) => one === name))).toEqual([
    'recordedEvents',
    'leases',
    'otherLeases',
  ]);
});

it.each(['secrets', 'configMaps'] as const)('%s are read whole', (name) => {
  const object = { apiVersion: 'v1', kind: 'Any', metadata: { name: 'a' }, data: { key: 'dmFsdWU=' } };
  expect(resources[name].project(object as never)).toBe(object);
});

it('what does not come with Kubernetes has a provider, which status names where it is missing', () => {
  const providers = names.flatMap((name) => {
    const provider = providerOf(name);
    return provider === undefined ? [] : [[name, provider.missing]];
  });
  expect(providers).toEqual([
    ['clusters', 'CNPGNotInstalled'],
    ['scheduledBackups', 'CNPGNotInstalled'],
    ['databaseRoles', 'CNPGNotInstalled'],
    ['objectStores', 'PluginMissing'],
    ['backups', 'CNPGNotInstalled'],
  ]);
});
