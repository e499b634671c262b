// The Secrets besides the one with DATABASE_URL, against a real API server and the simulated CNPG: what is asked for comes, follows the
// credentials and goes, and whatever stops the operator in between, nothing is left over.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { configMaps, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr, type ExtraForm } from '../../src/api/addon.ts';
import { authoritySecretName, extraName, sourceSecretName } from '../../src/domain/names.ts';
import { testAuthorities } from '../../src/model/authority.ts';
import { nth, type Write } from '../harness/admission-gate.ts';
import { clusterOf } from '../harness/database.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf, secretText } from '../harness/views.ts';

const suite = useSuite();

const both: AddonSpec['connection'] = { extraSecrets: ['servicebinding', 'pgvars'] };
const nameOf = (form: ExtraForm): string => extraName(form, 'shop');
const extraOf = (namespace: string, form: ExtraForm): Promise<LiveObject | undefined> =>
  suite().client.get(secrets, namespace, nameOf(form));
const listedIn = (state: LiveObject): readonly string[] =>
  ((state.status?.extras ?? []) as readonly { readonly form: string }[]).map(({ form }) => form);

/** Waits until status lists exactly these, and says that they are published. */
function untilPublished(namespace: string, ...forms: readonly ExtraForm[]): Promise<LiveObject> {
  return suite().addons.until(namespace, 'shop', `${forms.join()} published`, (state) => {
    const said = conditionOf(state, 'ExtrasPublished');
    const isSaid = forms.length === 0 ? said === undefined : said?.reason === 'Published';
    return isSaid && listedIn(state).join() === forms.join();
  });
}

async function running(spec: AddonSpec): Promise<string> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', spec);
  await suite().untilRunning(namespace, 'shop');
  return namespace;
}

async function changePassword(namespace: string, password: string): Promise<void> {
  await suite().client.patch(secrets, namespace, sourceSecretName(clusterOf(namespace)), {
    data: { password: Buffer.from(password).toString('base64') },
  });
}

describe('extra Secrets', () => {
  it('come with the database, of their types, and are reported; the Secret with DATABASE_URL keeps its one key', async () => {
    const namespace = await running({ plan: 'free', connection: both });
    const addon = await untilPublished(namespace, 'servicebinding', 'pgvars');
    expect(addon.status?.binding).toEqual({ name: nameOf('servicebinding') });
    const [binding, variables] = [await extraOf(namespace, 'servicebinding'), await extraOf(namespace, 'pgvars')];
    expect(binding?.type).toBe('servicebinding.io/postgresql');
    expect(Object.keys(binding?.data ?? {}).toSorted()).toEqual(
      ['database', 'host', 'password', 'port', 'provider', 'type', 'uri', 'username'].toSorted(),
    );
    expect(variables?.type).toBe('Opaque');
    expect(secretText(variables, 'PGHOST')).toBe(`${clusterOf(namespace)}-rw.${namespace}`);
    const url = await suite().client.get(secrets, namespace, 'app-shop-database-url');
    expect(Object.keys(url?.data ?? {})).toEqual(['DATABASE_URL']);
    expect(secretText(binding, 'uri')).toBe(secretText(url, 'DATABASE_URL'));
  });

  it('come and go with the spec, and follow the credentials', async () => {
    const namespace = await running({ plan: 'free' });
    expect(await extraOf(namespace, 'pgvars')).toBeUndefined();
    await suite().patchAddon(namespace, 'shop', { connection: both });
    await untilPublished(namespace, 'servicebinding', 'pgvars');
    await changePassword(namespace, 'changed');
    await eventually('both to follow', async () => {
      expect(secretText(await extraOf(namespace, 'servicebinding'), 'password')).toBe('changed');
      expect(secretText(await extraOf(namespace, 'pgvars'), 'PGPASSWORD')).toBe('changed');
    });
    await suite().patchAddon(namespace, 'shop', { connection: { extraSecrets: ['pgvars'] } });
    const one = await untilPublished(namespace, 'pgvars');
    expect(one.status?.binding).toBeUndefined();
    expect(await extraOf(namespace, 'servicebinding')).toBeUndefined();
    await suite().patchAddon(namespace, 'shop', { connection: null });
    const none = await untilPublished(namespace);
    expect(none.status?.extras).toBeUndefined();
    expect(await extraOf(namespace, 'pgvars')).toBeUndefined();
    expect(none.status?.phase).toBe('running');
  });

  it('lead to the replicas while the plan has any', async () => {
    const namespace = await running({ plan: 'free' });
    expect(await extraOf(namespace, 'read-url')).toBeUndefined();
    await suite().patchAddon(namespace, 'shop', { plan: 'pro' });
    await untilPublished(namespace, 'read-url');
    const url = await suite().client.get(secrets, namespace, 'app-shop-database-url');
    const host = `@${clusterOf(namespace)}-ro.${namespace}:`;
    const expected = secretText(url, 'DATABASE_URL').replace(`@${clusterOf(namespace)}-rw.${namespace}:`, host);
    expect(secretText(await extraOf(namespace, 'read-url'), 'DATABASE_URL')).toBe(expected);
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    await untilPublished(namespace);
    expect(await extraOf(namespace, 'read-url')).toBeUndefined();
  });

  it('of others are left alone, and neither read into status nor waited for', async () => {
    const namespace = await suite().namespace();
    const foreign = await suite().client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: nameOf('servicebinding'), namespace },
      stringData: { other: 'value' },
    });
    await suite().createAddon(namespace, 'shop', { plan: 'free', connection: both });
    await suite().untilRunning(namespace, 'shop');
    const addon = await suite().untilReason(namespace, 'shop', 'ExtrasPublished', 'NameConflict');
    expect(addon.status?.phase).toBe('running');
    expect(addon.status?.binding).toBeUndefined();
    await eventually('the other one', async () => expect(await extraOf(namespace, 'pgvars')).toBeDefined());
    expect(await extraOf(namespace, 'servicebinding')).toEqual(foreign);
    await suite().patchAddon(namespace, 'shop', { connection: null });
    await untilPublished(namespace);
    expect(await extraOf(namespace, 'servicebinding')).toEqual(foreign);
    expect(await extraOf(namespace, 'pgvars')).toBeUndefined();
  });

  it('stay with a protected database, are adopted with it, and go if the next addon does not ask for them', async () => {
    const namespace = await running({ plan: 'free', mode: 'protected', connection: both });
    await untilPublished(namespace, 'servicebinding', 'pgvars');
    const before = await extraOf(namespace, 'pgvars');
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    for (const form of ['servicebinding', 'pgvars'] as const)
      expect((await extraOf(namespace, form))?.metadata.labels).toMatchObject({ 'addons.paas.dev/orphaned': 'true' });
    await suite().createAddon(namespace, 'shop', {
      plan: 'free',
      mode: 'protected',
      connection: { extraSecrets: ['pgvars'] },
    });
    const addon = await untilPublished(namespace, 'pgvars');
    const after = await extraOf(namespace, 'pgvars');
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.data).toEqual(before?.data);
    expect(after?.metadata.labels).toMatchObject({ 'addons.paas.dev/uid': addon.metadata.uid });
    expect(await extraOf(namespace, 'servicebinding')).toBeUndefined();
  });

  it('have the CA with sslMode verify-full: it follows a renewal, stays with a protected database, and goes with the mode', async () => {
    const connection = { sslMode: 'verify-full' } as const;
    const namespace = await running({ plan: 'free', mode: 'protected', connection });
    await untilPublished(namespace, 'ca');
    const authority = authoritySecretName(clusterOf(namespace));
    const published = () => suite().client.get(configMaps, namespace, nameOf('ca'));
    const made = (await suite().client.get(secrets, namespace, authority)) as LiveObject;
    expect((await published())?.data).toEqual({ 'ca.crt': secretText(made, 'ca.crt') });
    const renewed = testAuthorities.find((ca) => ca !== secretText(made, 'ca.crt')) ?? '';
    const data = { 'ca.crt': Buffer.from(renewed).toString('base64') };
    await suite().client.patch(secrets, namespace, authority, { data });
    await eventually('the renewed CA', async () => expect((await published())?.data).toEqual({ 'ca.crt': renewed }));
    const uid = (await published())?.metadata.uid;

    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    expect((await published())?.metadata.labels).toMatchObject({ 'addons.paas.dev/orphaned': 'true' });
    await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected', connection });
    const again = await untilPublished(namespace, 'ca');
    expect((await published())?.metadata).toMatchObject({ uid, labels: { 'addons.paas.dev/uid': again.metadata.uid } });
    expect(conditionOf(again, 'Protected')?.message).toContain(`ConfigMap ${nameOf('ca')}`);

    await suite().patchAddon(namespace, 'shop', { connection: null });
    await untilPublished(namespace);
    expect(await published()).toBeUndefined();
  });

  it('that a crash interrupts at any write end the same as without one', async () => {
    const isOurs = ({ user }: Write): boolean => user === suite().operator.user;
    const ofSecret =
      (form: ExtraForm, operation: Write['operation']) =>
      (write: Write): boolean =>
        isOurs(write) && write.resource === 'secrets' && write.name === nameOf(form) && write.operation === operation;
    const ofStatus = (n: number) => nth(n, (write) => isOurs(write) && write.resource === 'postgresaddons/status');
    const comes = [ofStatus(1), ofSecret('servicebinding', 'CREATE'), ofSecret('pgvars', 'CREATE'), ofStatus(2)];
    const goes = [ofStatus(1), ofSecret('servicebinding', 'DELETE'), ofSecret('pgvars', 'DELETE'), ofStatus(2)];
    const places = await Promise.all(comes.map(() => running({ plan: 'free' })));
    const gates = await Promise.all(places.map((namespace) => suite().gate(namespace)));
    for (const [change, stops] of [
      [both, comes],
      [null, goes],
    ] as const) {
      const held = gates.map((gate, index) => gate.hold((write) => stops[index]?.(write) === true));
      for (const namespace of places) await suite().patchAddon(namespace, 'shop', { connection: change });
      await Promise.all(held);
      await suite().crashOperator();
      for (const namespace of places) {
        if (change === null) await untilPublished(namespace);
        else await untilPublished(namespace, 'servicebinding', 'pgvars');
        for (const form of ['servicebinding', 'pgvars'] as const)
          expect((await extraOf(namespace, form)) === undefined).toBe(change === null);
      }
    }
  });

  it('asked for and taken back while the operator is away leave nothing behind', async () => {
    const namespace = await running({ plan: 'free' });
    const gate = await suite().gate(namespace);
    const held = gate.hold(({ resource, name }) => resource === 'secrets' && name === nameOf('pgvars'));
    await suite().patchAddon(namespace, 'shop', { connection: both });
    // One is written by now, and the status does not say so.
    await held;
    expect(await extraOf(namespace, 'servicebinding')).toBeDefined();
    await suite().client.patch(addonGvr, namespace, 'shop', { spec: { connection: null } });
    await suite().crashOperator();
    await untilPublished(namespace);
    for (const form of ['servicebinding', 'pgvars'] as const) expect(await extraOf(namespace, form)).toBeUndefined();
  });
});
