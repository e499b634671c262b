// What the table of children says about what may be lost.
import { expect, it } from '@jest/globals';
import { children, keptOf, roles } from './children.ts';
import { aCluster, anAddon, aUrlSecret } from './testing.ts';

it('nothing that holds data may be deleted, nor a Secret with the DATABASE_URL of an app', () =>
  expect(roles.filter((role) => children[role].removable)).toEqual([
    'scheduledBackup',
    'readUrlSecret',
    'bindingSecret',
    'variablesSecret',
    'caConfigMap',
  ]));

it('a write that changes only the owner repeats the rest', () => {
  const addon = anAddon();
  const cluster = aCluster(addon);
  expect(keptOf('cluster', cluster)).toEqual({ spec: cluster.spec });
  const { data, ...bare } = { ...aUrlSecret(addon, 'postgresql://a'), type: 'Opaque' };
  expect(keptOf('urlSecret', { ...bare, data } as typeof bare)).toEqual({ type: 'Opaque', data });
  expect(keptOf('urlSecret', { ...bare, data: { other: 'x' } } as typeof bare)).toEqual({ type: 'Opaque' });
  expect(keptOf('urlSecret', bare)).toEqual({ type: 'Opaque' });
});
