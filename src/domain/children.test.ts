// What the table of children says about what may be lost.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { fieldManager, labels } from '../api/addon.ts';
import { children, keptOf, kindOf, roles } from './children.ts';
import { aCluster, anAddon, aUrlSecret } from './testing.ts';

it('nothing that holds data may be deleted, nor a Secret with the DATABASE_URL of the owner', () =>
  expect(roles.filter((role) => children[role].removable)).toEqual([
    'scheduledBackup',
    'readUrlSecret',
    'bindingSecret',
    'variablesSecret',
    'caConfigMap',
    'readRole',
    'readLogin',
    'readSecret',
    'writeRole',
    'writeLogin',
    'writeSecret',
    'adminRole',
    'adminLogin',
    'adminSecret',
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

it('the commands of the README for what a protected addon leaves behind name every kind of it', () => {
  const text = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8').replace(/\s+/g, ' ');
  const commands = [...text.matchAll(/kubectl (label|get|delete) ([a-z,]*\bsecret\b[a-z,]*) .*?-l ([^ `]+)/g)];
  const kinds = [...new Set(roles.map((role) => kindOf(role).toLowerCase()))].sort();
  for (const [, , named = ''] of commands) expect(named.split(',').sort()).toEqual(kinds);
  expect(commands.map(([, verb, , selector]) => [verb, selector])).toEqual([
    ['label', `${labels.appId}=shop`],
    ['get', `${labels.orphaned}=true,${labels.appId}=shop`],
    ['delete', `${labels.managedBy}=${fieldManager}`],
  ]);
});
