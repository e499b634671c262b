// Login roles besides the owner, against a real API server and the simulated CNPG: what is asked for comes and can log in, follows its
// password, and is locked before it goes; what belongs to others is left alone, and nothing is lost with a protected database.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr, databaseRoleGvr } from '../../src/api/cnpg.ts';
import { type RoleLevel, roleLevels } from '../../src/api/login.ts';
import { partsOf } from '../../src/domain/children.ts';
import { nth, type Write } from '../harness/admission-gate.ts';
import { changesBy, isWrite, type Mark, tally } from '../harness/audit.ts';
import { clusterOf, type Database, databaseOf } from '../harness/database.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf, secretText } from '../harness/views.ts';

const suite = useSuite();

const urlName = (level: RoleLevel): string => `app-shop-database-${level}`;
const loginName = (level: RoleLevel): string => `app-shop-database-${level}-login`;
const roleName = (namespace: string, level: RoleLevel): string => `${clusterOf(namespace)}-${level}`;

const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);

/** What a login role is made of. */
async function partsIn(
  namespace: string,
  level: RoleLevel,
): Promise<Readonly<Record<keyof Parts, LiveObject | undefined>>> {
  const all = await database(namespace);
  const { role, login, secret } = partsOf[level];
  return { role: all[role], login: all[login], secret: all[secret] };
}

interface Parts {
  readonly role: LiveObject;
  readonly login: LiveObject;
  readonly secret: LiveObject;
}

/** The same, of one that is there. @throws Error if a part is missing */
async function wholeIn(namespace: string, level: RoleLevel): Promise<Parts> {
  const { role, login, secret } = await partsIn(namespace, level);
  if (role === undefined || login === undefined || secret === undefined) throw new Error(`${level} lacks a part`);
  return { role, login, secret };
}

const listedIn = ({ status }: LiveObject): readonly string[] =>
  ((status?.roles ?? []) as readonly { readonly role: string }[]).map(({ role }) => role);

/** Waits until status lists exactly these, and says that they are published. */
function untilPublished(namespace: string, ...levels: readonly RoleLevel[]): Promise<LiveObject> {
  return suite().addons.until(namespace, 'shop', `${levels.join()} published`, (state) => {
    const said = conditionOf(state, 'RolesReady');
    const isSaid = levels.length === 0 ? said === undefined : said?.reason === 'Published';
    const isPresent = state.status?.observedGeneration === state.metadata.generation;
    return isSaid && isPresent && listedIn(state).join() === levels.join();
  });
}

async function published(spec: AddonSpec): Promise<string> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', spec);
  await untilPublished(namespace, ...(spec.roles ?? []));
  return namespace;
}

/** What the database knows of its roles: their passwords; undefined if one cannot log in. */
async function known(namespace: string): Promise<Readonly<Record<string, string | undefined>>> {
  const { cluster } = await database(namespace);
  return Object.fromEntries(suite().simulator.roles.of(cluster?.metadata.uid ?? ''));
}

/** Each state of an object from now on. @returns a function that ends it */
async function watching(namespace: string, name: string): Promise<() => Promise<readonly LiveObject[]>> {
  const states: LiveObject[] = [];
  const { resourceVersion = '' } = (await suite().client.get(databaseRoleGvr, namespace, name))?.metadata ?? {};
  const end = new AbortController();
  const { group, version, plural } = databaseRoleGvr;
  const path = `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
  const query = { watch: 'true', fieldSelector: `metadata.name=${name}`, resourceVersion };
  const ended = (async () => {
    for await (const line of suite().client.transport.lines({ method: 'GET', path, query }, end.signal)) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: LiveObject };
      states.push(object);
      if (type === 'DELETED') return;
    }
  })();
  return async () => {
    await ended;
    return states;
  };
}

describe('login roles', () => {
  it('come with the database, each with its DATABASE_URL, and with what CNPG makes it from', async () => {
    const namespace = await published({ plan: 'free', roles: ['read', 'write', 'admin'] });
    const addon = suite().addons.latest(namespace, 'shop');
    expect(addon.status?.phase).toBe('running');
    expect(conditionOf(addon, 'RolesReady')).toMatchObject({ status: 'True', reason: 'Published' });
    const passwords = await known(namespace);
    for (const level of roleLevels) {
      const { role, login, secret } = await wholeIn(namespace, level);
      for (const { metadata } of [role, login, secret])
        expect(metadata.ownerReferences).toEqual([
          expect.objectContaining({ kind: 'PostgresAddon', uid: addon.metadata.uid, controller: true }),
        ]);
      expect([role, login, secret].map(({ metadata: { name } }) => name)).toEqual([
        roleName(namespace, level),
        loginName(level),
        urlName(level),
      ]);
      const [username, password] = [secretText(login, 'username'), secretText(login, 'password')];
      expect([login.type, username, passwords[username]]).toEqual([
        'kubernetes.io/basic-auth',
        `app_${level}`,
        password,
      ]);
      expect(Object.keys(secret.data ?? {})).toEqual(['DATABASE_URL']);
      expect(secretText(secret, 'DATABASE_URL')).toBe(
        `postgresql://${username}:${password}@${clusterOf(namespace)}-rw.${namespace}:5432/app`,
      );
      expect(role.spec).toMatchObject({ name: username, login: true, databaseRoleReclaimPolicy: 'retain' });
      expect(role.spec?.inRoles).toEqual(level === 'admin' ? ['app'] : undefined);
    }
    expect(new Set(Object.values(passwords)).size).toBe(roleLevels.length);
  });

  it('follow the Secret with the password: after its deletion there is another one, and only that one logs in', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    const before = await wholeIn(namespace, 'read');
    const old = secretText(before.login, 'password');
    await suite().client.remove(secrets, namespace, loginName('read'));
    // Secrets are not watched: it is looked for at the next occasion.
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
    await eventually('another password, in the URL too', async () => {
      const { login, secret } = await wholeIn(namespace, 'read');
      const password = secretText(login, 'password');
      expect(password).not.toBe(old);
      expect(secretText(secret, 'DATABASE_URL')).toContain(`:${password}@`);
      expect((await known(namespace)).app_read).toBe(password);
    });
    await untilPublished(namespace, 'read');
    const after = await wholeIn(namespace, 'read');
    expect(after.secret.metadata.uid).toBe(before.secret.metadata.uid);
    expect(after.role.status?.secretResourceVersion).toBe(after.login.metadata.resourceVersion);
  });

  it('whose password was changed inside the database say so until they get another one', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    const { cluster } = await database(namespace);
    suite().simulator.roles.setPassword(cluster?.metadata.uid ?? '', 'app_read', 'by hand');
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
    const broken = await suite().untilReason(namespace, 'shop', 'RolesReady', 'RoleNotReady');
    expect(conditionOf(broken, 'RolesReady')?.message).toContain('28P01');
    expect(broken.status?.phase).toBe('running');
    await suite().fence();
    const { login } = await wholeIn(namespace, 'read');
    // Something else happens, and the role is as it was.
    await suite().client.patch(addonGvr, namespace, 'shop', {
      metadata: { annotations: { 'addons.paas.dev/preview': 'pro' } },
    });
    await suite().addons.until(namespace, 'shop', 'a preview', ({ status }) => status?.preview !== undefined);
    await suite().fence();
    expect(conditionOf(suite().addons.latest(namespace, 'shop'), 'RolesReady')?.reason).toBe('RoleNotReady');
    await suite().client.remove(secrets, namespace, loginName('read'));
    await untilPublished(namespace, 'read');
    const password = secretText((await wholeIn(namespace, 'read')).login, 'password');
    expect(password).not.toBe(secretText(login, 'password'));
    expect((await known(namespace)).app_read).toBe(password);
  });

  it('that are not asked for any more are locked before they are removed, and nothing else changes', async () => {
    const namespace = await published({ plan: 'free', roles: ['read', 'write'] });
    const kept = await wholeIn(namespace, 'read');
    const seen = await watching(namespace, roleName(namespace, 'write'));
    const mark = await suite().audit.mark();
    await suite().patchAddon(namespace, 'shop', { roles: ['read'] });
    await untilPublished(namespace, 'read');
    expect(await partsIn(namespace, 'write')).toEqual({ role: undefined, login: undefined, secret: undefined });
    expect(await known(namespace)).toMatchObject({
      app_write: undefined,
      app_read: secretText(kept.login, 'password'),
    });
    const states = await seen();
    const going = states.find(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(going?.spec).toMatchObject({ login: false, disablePassword: true });
    expect(going?.spec).not.toHaveProperty('passwordSecret');
    // CNPG had carried that out before the deletion, which is counted too.
    expect(going?.status).toMatchObject({ applied: true, observedGeneration: (going?.metadata.generation ?? 0) - 1 });
    const writes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
    expect(writes.filter(isWrite).map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)).toEqual([
      `delete secrets ${urlName('write')}`,
      `patch databaseroles ${roleName(namespace, 'write')}`,
      `delete databaseroles ${roleName(namespace, 'write')}`,
      `delete secrets ${loginName('write')}`,
    ]);
    expect(await wholeIn(namespace, 'read')).toEqual(kept);

    await suite().patchAddon(namespace, 'shop', { roles: null });
    const none = await untilPublished(namespace);
    expect(none.status).not.toHaveProperty('roles');
    expect(await partsIn(namespace, 'read')).toEqual({ role: undefined, login: undefined, secret: undefined });
    expect(none.status?.phase).toBe('running');
  });

  it('asked for again are the same roles, with another password', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    const old = secretText((await wholeIn(namespace, 'read')).login, 'password');
    await suite().patchAddon(namespace, 'shop', { roles: [] });
    await untilPublished(namespace);
    await suite().patchAddon(namespace, 'shop', { roles: ['read'] });
    await untilPublished(namespace, 'read');
    const { login } = await wholeIn(namespace, 'read');
    expect(secretText(login, 'password')).not.toBe(old);
    expect((await known(namespace)).app_read).toBe(secretText(login, 'password'));
  });

  it('of others, or parts of them, are left alone, and the rest goes on', async () => {
    const namespace = await suite().namespace();
    const foreign = await suite().client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: loginName('read'), namespace },
      stringData: { other: 'value' },
    });
    await suite().createAddon(namespace, 'shop', { plan: 'free', roles: ['read', 'write'] });
    const addon = await suite().untilReason(namespace, 'shop', 'RolesReady', 'NameConflict');
    expect(conditionOf(addon, 'RolesReady')?.message).toContain(loginName('read'));
    await eventually('the other role', async () => {
      const { secret } = await wholeIn(namespace, 'write');
      expect(secretText(secret, 'DATABASE_URL')).toContain('app_write');
    });
    expect((await suite().untilRunning(namespace, 'shop')).status?.phase).toBe('running');
    expect(await partsIn(namespace, 'read')).toEqual({ role: undefined, login: foreign, secret: undefined });
    await suite().patchAddon(namespace, 'shop', { roles: ['write'] });
    await untilPublished(namespace, 'write');
    expect(await suite().client.get(secrets, namespace, loginName('read'))).toEqual(foreign);
  });

  it('that the Cluster manages too are reported in the words of CNPG, and go on once it does not', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    const before = await wholeIn(namespace, 'read');
    const manage = (roles: unknown) =>
      suite().client.patch(clusterGvr, namespace, clusterOf(namespace), { spec: { managed: { roles } } });
    await manage([{ name: 'app_read' }]);
    const addon = await suite().untilReason(namespace, 'shop', 'RolesReady', 'RoleNotApplied');
    expect(conditionOf(addon, 'RolesReady')?.message).toContain('already managed by the CNPG cluster');
    await suite().fence();
    expect((await wholeIn(namespace, 'read')).secret).toEqual(before.secret);
    await manage(null);
    await untilPublished(namespace, 'read');
    expect((await wholeIn(namespace, 'read')).secret).toEqual(before.secret);
  });

  it('of a Cluster that was made again are made again, with the same passwords', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    const before = await wholeIn(namespace, 'read');
    const { cluster } = await database(namespace);
    await suite().client.remove(clusterGvr, namespace, clusterOf(namespace));
    await eventually('another Cluster with the role', async () => {
      const again = (await database(namespace)).cluster;
      expect(again?.metadata.uid).not.toBe(cluster?.metadata.uid);
      expect((await known(namespace)).app_read).toBe(secretText(before.login, 'password'));
    });
    await untilPublished(namespace, 'read');
    expect((await wholeIn(namespace, 'read')).login.data).toEqual(before.login.data);
  });
});

describe('login roles of a protected database', () => {
  const spec: AddonSpec = { plan: 'free', mode: 'protected', roles: ['read', 'write'] };

  it('stay with it, without an owner, and can log in; the next addon adopts them as they are', async () => {
    const namespace = await published(spec);
    const before = await wholeIn(namespace, 'read');
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await suite().fence();
    for (const level of ['read', 'write'] as const)
      for (const { metadata } of Object.values(await wholeIn(namespace, level))) {
        expect(metadata.labels).toMatchObject({ 'addons.paas.dev/orphaned': 'true' });
        expect(metadata.ownerReferences).toBeUndefined();
        expect(metadata.deletionTimestamp).toBeUndefined();
      }
    expect((await known(namespace)).app_read).toBe(secretText(before.login, 'password'));
    await suite().createAddon(namespace, 'shop', spec);
    const addon = await untilPublished(namespace, 'read', 'write');
    const after = await wholeIn(namespace, 'read');
    for (const part of ['role', 'login', 'secret'] as const) {
      expect(after[part].metadata.uid).toBe(before[part].metadata.uid);
      expect(after[part].metadata.labels).toMatchObject({ 'addons.paas.dev/uid': addon.metadata.uid });
      expect(after[part].metadata.labels).not.toHaveProperty('addons.paas.dev/orphaned');
      expect([after[part].data, after[part].spec]).toEqual([before[part].data, before[part].spec]);
    }
  });

  it('are locked and removed by an addon that does not ask for them', async () => {
    const namespace = await published(spec);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await suite().createAddon(namespace, 'shop', { ...spec, roles: ['write'] });
    await untilPublished(namespace, 'write');
    expect(await partsIn(namespace, 'read')).toEqual({ role: undefined, login: undefined, secret: undefined });
    expect(await known(namespace)).toMatchObject({ app_read: undefined, app_write: expect.any(String) });
  });

  it('go with it once it is not protected any more', async () => {
    const namespace = await published(spec);
    await suite().patchAddon(namespace, 'shop', { mode: 'standard' });
    await suite().addons.until(namespace, 'shop', 'no protection', (state) => state.metadata.finalizers === undefined);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await eventually('the end of all of it', async () => {
      for (const level of roleLevels)
        expect(await partsIn(namespace, level)).toEqual({ role: undefined, login: undefined, secret: undefined });
      expect((await database(namespace)).cluster).toBeUndefined();
    });
  });
});

describe('login roles of an addon that is suspended', () => {
  const writesIn = async (namespace: string, mark: Mark): Promise<object> =>
    tally(changesBy(suite().operator.user, namespace, await suite().audit.since(mark)));

  it('are neither made nor removed, which is said; afterwards they are', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');
    const mark = await suite().audit.mark();
    await suite().patchAddon(namespace, 'shop', { roles: ['write'] });
    await suite().untilReason(namespace, 'shop', 'RolesReady', 'Suspended');
    await suite().fence();
    expect(await writesIn(namespace, mark)).toEqual({});
    await wholeIn(namespace, 'read');
    await suite().patchAddon(namespace, 'shop', { suspend: false });
    await untilPublished(namespace, 'write');
    expect(await partsIn(namespace, 'read')).toEqual({ role: undefined, login: undefined, secret: undefined });
  });
});

describe('a crash at any write', () => {
  const isOurs = ({ user }: Write): boolean => user === suite().operator.user;
  const of =
    (operation: Write['operation'], resource: string, name: (namespace: string) => string) => (namespace: string) =>
      nth(
        1,
        (write) =>
          isOurs(write) &&
          write.operation === operation &&
          write.resource === resource &&
          write.name === name(namespace),
      );
  const ofStatus = (n: number) => () =>
    nth(n, (write: Write) => isOurs(write) && write.resource === 'postgresaddons/status');
  const role = (namespace: string): string => roleName(namespace, 'read');
  const login = (): string => loginName('read');
  const url = (): string => urlName('read');
  const comes = [
    ofStatus(1),
    of('CREATE', 'databaseroles', role),
    of('CREATE', 'secrets', login),
    ofStatus(2),
    of('CREATE', 'secrets', url),
  ];
  const goes = [
    of('DELETE', 'secrets', url),
    of('UPDATE', 'databaseroles', role),
    of('DELETE', 'databaseroles', role),
    of('DELETE', 'secrets', login),
    ofStatus(1),
  ];

  it('ends the same as without one, when a role comes and when it goes', async () => {
    const places = await Promise.all(comes.map(() => published({ plan: 'free' })));
    const gates = await Promise.all(places.map((namespace) => suite().gate(namespace)));
    for (const [roles, stops] of [
      [['read'], comes],
      [[], goes],
    ] as const) {
      const held = gates.map((gate, index) => gate.hold(stops[index]?.(places[index] ?? '') ?? (() => false)));
      for (const namespace of places) await suite().patchAddon(namespace, 'shop', { roles });
      await Promise.all(held);
      await suite().crashOperator();
      for (const namespace of places) {
        await untilPublished(namespace, ...roles);
        const wanted = roles.length > 0;
        const found = Object.values(await partsIn(namespace, 'read'));
        expect(found.map((part) => part !== undefined)).toEqual(found.map(() => wanted));
        expect((await known(namespace)).app_read !== undefined).toBe(wanted);
      }
    }
  });
});

describe('without logins of the operator', () => {
  it('no role is made, which is said, and one that is there stays as it is', async () => {
    const namespace = await published({ plan: 'free', roles: ['read'] });
    const before = await wholeIn(namespace, 'read');
    await suite().operator.stop();
    await suite().startOperator({ environment: { READINESS_CONNECTION_CHECK: 'Off' } });
    await suite().patchAddon(namespace, 'shop', { roles: ['read', 'write'] });
    const addon = await suite().untilReason(namespace, 'shop', 'RolesReady', 'LoginOff');
    await suite().untilRunning(namespace, 'shop');
    expect(listedIn(addon)).toEqual(['read', 'write']);
    await suite().fence();
    expect(await wholeIn(namespace, 'read')).toEqual(before);
    expect(await partsIn(namespace, 'write')).toEqual({ role: undefined, login: undefined, secret: undefined });
    await suite().operator.stop();
    await suite().startOperator();
    await untilPublished(namespace, 'read', 'write');
  });
});
