// Passwords that are changed without the operator: each change ends in a working DATABASE_URL, or in a condition with the exact problem
// and a working remedy.
//
// covers: S0 failure table, row 3 (DATABASE_URL missing: put right without a call of anybody), "re-run after a CNPG password rotation
// refreshes the value"; S2 item 4 (no stale DATABASE_URL).
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { conditionOf, secretText } from '../harness/views.ts';
import { clusterName, secretName } from './belongings.ts';
import { minutes, useReal } from './real.ts';

jest.setTimeout(minutes(8));

const real = useReal();
let namespace = '';
const names = ['edited', 'deleted', 'altered', 'unpublished'] as const;

beforeAll(async () => {
  namespace = await real().namespace('creds');
  await Promise.all(
    names.map(async (name) => {
      await real().apply(namespace, name, { plan: 'free' });
      await real().running(namespace, name);
    }),
  );
}, minutes(8));

const source = (name: string): string => `${clusterName(namespace, name)}-app`;
const urlOf = async (name: string): Promise<string> =>
  secretText(await real().client.get(secrets, namespace, secretName(name)), 'DATABASE_URL');

/** Waits until the published URL is another one than before. */
async function nextUrl(name: string, before: string): Promise<string> {
  await real().addons.until(
    namespace,
    name,
    'other credentials',
    // The status names the version of the Secret that the URL was built from.
    (state) => state.status?.phase === 'running' && conditionOf(state, 'Connectable')?.status === 'True',
    minutes(3),
  );
  return await urlAfter(name, before);
}

async function urlAfter(name: string, before: string): Promise<string> {
  return await eventually(
    `another DATABASE_URL of ${name}`,
    async () => {
      const url = await urlOf(name);
      if (url === before || url === '') throw new Error('still the one before');
      return url;
    },
    { timeoutMilliseconds: minutes(2), everyMilliseconds: 250 },
  );
}

/** An application that starts now logs in with what its Secret holds. */
async function logsIn(name: string): Promise<void> {
  await real().startApp(namespace, name);
  expect(await real().sql(namespace, name, 'SELECT current_user')).toBe('app');
  await real().stopApp(namespace, name);
}

describe('a password', () => {
  it('edited in the Secret of CNPG, with characters that a URL has to escape, is followed', async () => {
    const before = await urlOf('edited');
    const password = 'p@ss/w:rd #1%';
    await real().client.patch(secrets, namespace, source('edited'), {
      data: { password: Buffer.from(password).toString('base64') },
    });
    const url = await nextUrl('edited', before);
    expect(decodeURIComponent(new URL(url).password)).toBe(password);
    await logsIn('edited');
  });

  it('made anew by CNPG after its Secret was deleted is followed', async () => {
    const before = await urlOf('deleted');
    await real().client.remove(secrets, namespace, source('deleted'));
    expect(await nextUrl('deleted', before)).not.toBe(before);
    await logsIn('deleted');
  });

  it('is published again when the app Secret was deleted', async () => {
    const before = await urlOf('unpublished');
    await real().client.remove(secrets, namespace, secretName('unpublished'));
    // The app's Secret is not watched: a change of the spec makes the operator look.
    await real().apply(namespace, 'unpublished', { plan: 'free', connection: { sslMode: 'require' } });
    await real().running(namespace, 'unpublished');
    expect(await urlOf('unpublished')).toBe(`${before}?sslmode=require`);
    await logsIn('unpublished');
  });

  it('changed only in the database: the condition reports it, and its remedy works', async () => {
    await real().startApp(namespace, 'altered');
    const password = 'only-postgres-knows';
    await real().sql(namespace, 'altered', `ALTER ROLE app PASSWORD '${password}'`);
    await real().stopApp(namespace, 'altered');
    const { status } = await real().running(namespace, 'altered');
    // Nobody tells the operator of a change inside the database: it looks every ten minutes, and when asked for something.
    await real().apply(namespace, 'altered', { plan: 'free', connection: { sslMode: 'require' } });
    const refused = await real().reason(namespace, 'altered', 'Connectable', 'CredentialsRejected');
    for (const type of ['Ready', 'Connectable'])
      expect(conditionOf(refused, type)).toMatchObject({ status: 'False', reason: 'CredentialsRejected' });
    expect(refused.status?.phase).toBe('provisioning');
    const message = conditionOf(refused, 'Connectable')?.message ?? '';
    // Who was refused, where the password came from, and what to do about it.
    for (const word of ['"app"', source('altered')]) expect(message).toContain(word);
    expect(message).toMatch(/delete/i);
    expect(await real().event(namespace, 'altered', 'CredentialsRejected')).toMatchObject({ type: 'Warning' });
    // No value in any word.
    const before = await urlOf('altered');
    const told = JSON.stringify([
      refused,
      await real().kubectl(['get', 'events', '--namespace', namespace, '-o', 'json']),
    ]);
    expect(told).not.toContain(new URL(before).password);
    expect(told).not.toContain(password);

    await real().client.remove(secrets, namespace, source('altered'));
    await nextUrl('altered', before);
    const healed = await real().running(namespace, 'altered');
    expect(conditionOf(healed, 'Connectable')).toMatchObject({ status: 'True' });
    expect(healed.status?.ready_at).toBe(status?.ready_at);
    await logsIn('altered');
  });
});
