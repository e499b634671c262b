// The life of a login role: it is listed, made, proved and published, follows its password, and is locked before it goes.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, labels, type PostgresAddon } from '../../api/addon.ts';
import type { DatabaseRole } from '../../api/cnpg.ts';
import type { Condition, Secret } from '../../api/kubernetes.ts';
import { type RoleLevel, roleLevels } from '../../api/login.ts';
import { partsOf, type Role } from '../children.ts';
import type { Action } from '../decision.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aSource,
  aUrlSecret,
  but,
  changed,
  manifestOf,
  observing,
  testPlatform,
  testTime,
  think,
} from '../testing.ts';
import { areRolesOpen, areRolesSettled, askedSchemas, roleLevelsOf, roleName } from './asked.ts';
import { newPassword } from './parts.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
const spec: Partial<AddonSpec> = { plan: 'free', roles: ['read'] };

/** The addon with a Cluster, and every read made. */
function given(addon: PostgresAddon, more: Parameters<typeof but>[1] = {}): Observed {
  const cluster = aCluster(addon);
  const nothing = Object.fromEntries(
    roleLevels.flatMap((level) => Object.values(partsOf[level])).map((part) => [part, undefined]),
  );
  return observing(addon, {
    cluster,
    source: { kind: 'found', object: aSource(cluster) },
    urlSecret: aUrlSecret(addon, url),
    platform: { ...testPlatform, connectionCheck: 'Required' },
    ...nothing,
    ...more,
  });
}

/** What a decision writes, as the API server stores it. @param versions by child, the resourceVersion that it gets */
function stored(actions: readonly Action[], child: Role, resourceVersion: string, generation = 1): object {
  const manifest = JSON.parse(JSON.stringify(manifestOf(actions, child))) as Secret;
  const status = child.endsWith('Role') ? { status: {} } : {};
  return {
    ...manifest,
    ...status,
    metadata: { ...manifest.metadata, uid: `uid-${child}`, resourceVersion, generation },
  };
}

/** The DatabaseRole, once CNPG has carried it out. */
function applied(role: object, secretResourceVersion?: string): DatabaseRole {
  const made = role as DatabaseRole;
  const { generation = 1 } = made.metadata;
  const version = secretResourceVersion === undefined ? {} : { secretResourceVersion };
  return { ...made, status: { applied: true, observedGeneration: generation, ...version } };
}

const conditionIn = ({ status }: Pick<ReturnType<typeof think>, 'status'>): Condition | undefined =>
  status.conditions?.find(({ type }) => type === 'RolesReady');
const text = (secret: unknown, key: string): string =>
  Buffer.from((secret as Secret).data?.[key] ?? '', 'base64').toString();
const then = (o: Observed, status: PostgresAddon['status'], more: Parameters<typeof but>[1] = {}): Observed =>
  but(o, { addon: { ...o.addon, status: status ?? {} }, ...more });
const loggedIn = (roles: readonly { readonly level: RoleLevel; readonly failure?: string }[]) =>
  ({ login: { reason: 'LoggedIn', message: 'in' }, answer: { roles } }) as const;

/** Each step of a role from the request to its Secret. */
const asked = given(changed(aRunningAddon({ plan: 'free' }), { roles: ['read'] }));
const listing = think(asked, loggedIn([]));
const listed = then(asked, listing.status);
const making = think(listed);
const login = stored(making.actions, 'readLogin', '50') as Secret;
const role = stored(making.actions, 'readRole', '51') as DatabaseRole;
const waiting = then(listed, making.status, { readLogin: login, readRole: role });
const ready = but(waiting, { readRole: applied(role, '50') });
const proving = think(ready, loggedIn([{ level: 'read' }]));
const proved = then(ready, proving.status);
const publishing = think(proved);
const secret = stored(publishing.actions, 'readSecret', '52') as Secret;
const settled = then(proved, publishing.status, { readSecret: secret });

describe('a role that is asked for', () => {
  it('is listed before anything of it is made', () => {
    expect(listing.actions.filter(({ concern }) => concern === 'roles')).toEqual([]);
    expect(listing.status.roles).toEqual([{ role: 'read', name: 'app_read', secretName: 'app-shop-database-read' }]);
    expect(conditionIn(listing)).toMatchObject({ status: 'False', reason: 'RolePending' });
    expect(listing.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 1000 });
    expect(needs(listed, testTime).unwatched).toBe(true);
  });

  it('is not made before DATABASE_URL was published', () => {
    const addon = anAddon(spec);
    const o = observing(addon, {
      cluster: aCluster(addon),
      platform: { ...testPlatform, connectionCheck: 'Required' },
    });
    const thought = think(then(o, think(o).status));
    expect(thought.actions.filter(({ concern }) => concern === 'roles')).toEqual([]);
    expect(conditionIn(thought)?.message).toBe('role "app_read" is made once the database is ready');
    // The round that publishes is the last one that something else begins.
    const source = { kind: 'found', object: aSource(aCluster(addon)) } as const;
    expect(think(but(then(o, think(o).status), { source }), loggedIn([])).pace).toMatchObject({
      afterMilliseconds: 1000,
    });
    expect(thought.pace).not.toMatchObject({ afterMilliseconds: 1000 });
  });

  it('gets a password that nobody can guess, in a Secret that CNPG follows', () => {
    expect(login.type).toBe('kubernetes.io/basic-auth');
    expect(login.metadata).toMatchObject({
      name: 'app-shop-database-read-login',
      labels: { 'cnpg.io/reload': 'true', [labels.uid]: 'addon-uid' },
      ownerReferences: [{ uid: 'addon-uid', controller: true }],
    });
    expect(Object.fromEntries(Object.keys(login.data ?? {}).map((key) => [key, text(login, key)]))).toEqual({
      username: 'app_read',
      password: newPassword('entropy of a test', 'read'),
      endpoint: 'db-team-a-shop-rw.team-a',
      port: '5432',
      database: 'app',
    });
    expect(text(login, 'password')).toMatch(/^[\w-]{43}$/);
    expect(newPassword('entropy of a test', 'write')).not.toBe(text(login, 'password'));
    expect(newPassword('other entropy', 'read')).not.toBe(text(login, 'password'));
  });

  it.each([
    ['read', undefined],
    ['write', undefined],
    ['admin', ['app']],
  ] as const)('%s is made by CNPG, and is a member of the owner only as admin', (level, inRoles) => {
    const o = given(changed(aRunningAddon({ plan: 'free' }), { roles: [level] }));
    const { actions } = think(then(o, think(o).status));
    expect(manifestOf(actions, partsOf[level].role)).toEqual({
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'DatabaseRole',
      metadata: expect.objectContaining({ name: `db-team-a-shop-${level}` }),
      spec: {
        cluster: { name: 'db-team-a-shop' },
        name: `app_${level}`,
        comment: 'made for spec.roles of PostgresAddon shop',
        login: true,
        inRoles,
        passwordSecret: { name: `app-shop-database-${level}-login` },
        disablePassword: undefined,
        databaseRoleReclaimPolicy: 'retain',
      },
    });
  });

  it.each<readonly [string, Partial<DatabaseRole['status']>]>([
    ['has not been made', {}],
    ['has been made as an earlier spec says', { applied: true, observedGeneration: 0, secretResourceVersion: '50' }],
    ['has another password', { applied: true, observedGeneration: 1, secretResourceVersion: '49' }],
    ['may not be as it should', { observedGeneration: 1, secretResourceVersion: '50' }],
  ])('is not logged in to while it %s', (_, status) => {
    const thought = think(but(waiting, { resync: true, readRole: { ...role, status } }));
    expect(thought.login?.question.roles).toBeUndefined();
    expect(conditionIn(thought)?.reason).toBe('RolePending');
  });

  it('gets its rights, and is proved, by the next login of the owner', () => {
    const question = {
      owner: 'app',
      schemas: ['public'],
      roles: [
        { level: 'read', name: 'app_read', url: url.replace('app:secret', `app_read:${text(login, 'password')}`) },
      ],
    };
    expect(proving.login).toMatchObject({ url, question: { roles: question } });
    expect(proving.status.roles).toEqual([
      {
        role: 'read',
        name: 'app_read',
        secretName: 'app-shop-database-read',
        passwordVersion: '50',
        schemas: ['public'],
      },
    ]);
    expect(proving.actions).toEqual([]);
    // Nothing else tells that it is proved.
    expect(proving.pace).toMatchObject({ atMostMilliseconds: 1000 });
  });

  it.each([
    ['fails', loggedIn([{ level: 'read', failure: 'the login fails (SQLSTATE 28P01)' }]), 'RoleNotReady'],
    ['tells nothing', loggedIn([]), 'RolePending'],
    ['of the owner fails', { login: { reason: 'LoginTimeout', message: 'late' } }, 'RolePending'],
  ] as const)('is not proved by a login that %s', (_, result, reason) => {
    const thought = think(ready, result);
    expect(thought.status.roles?.[0]).not.toHaveProperty('passwordVersion');
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason });
    const next = think(then(ready, thought.status));
    expect(next.actions).toEqual([]);
    expect(conditionIn(next)?.reason).toBe(reason);
    expect(next.login?.question.roles).toBeDefined();
  });

  it('has the one key DATABASE_URL in its Secret, with what was proved', () => {
    expect(publishing.actions.map(({ verb, child }) => [verb, child])).toEqual([['create', 'readSecret']]);
    expect(secret).toMatchObject({ type: 'Opaque', metadata: { name: 'app-shop-database-read' } });
    expect(Object.keys(secret.data ?? {})).toEqual(['DATABASE_URL']);
    expect(text(secret, 'DATABASE_URL')).toBe(proving.login?.question.roles?.roles[0]?.url);
    expect(conditionIn(publishing)).toMatchObject({
      status: 'True',
      reason: 'Published',
      message: 'Secret app-shop-database-read holds the DATABASE_URL of each role',
    });
  });

  it('needs no read once that is reported, and a check-up grants its rights again', () => {
    expect(
      areRolesOpen({ addon: settled.addon, own: { readRole: applied(role, '50') }, observed: settled } as never),
    ).toBe(false);
    expect(think(settled).login).toBeUndefined();
    expect(think(but(settled, { resync: true })).login?.question.roles?.roles).toHaveLength(1);
  });

  it('is asked about again when the primary changed, since the database can be another one', () => {
    const cluster = aCluster(settled.addon, { currentPrimary: 'db-team-a-shop-2', targetPrimary: 'db-team-a-shop-2' });
    expect(think(but(settled, { cluster })).login?.question.roles?.roles).toHaveLength(1);
  });
});

describe('a role that is ready', () => {
  const all = ['write', 'public', 'sales'];

  it('follows a new password only after a login with it', () => {
    const data = { ...login.data, password: Buffer.from('new').toString('base64') };
    const renewed = { ...login, data, metadata: { ...login.metadata, resourceVersion: '60' } };
    const seen = but(settled, { readLogin: renewed });
    expect(think(seen).actions).toEqual([]);
    const made = but(seen, { readRole: applied(role, '60') });
    expect(needs(made, testTime).unwatched).toBe(true);
    const thought = think(made, loggedIn([{ level: 'read' }]));
    expect(thought.actions).toEqual([]);
    const next = think(then(made, thought.status));
    expect(text(manifestOf(next.actions, 'readSecret'), 'DATABASE_URL')).toContain(':new@');
  });

  it('is said not to be ready from a login that fails on, until one succeeds; what is published stays', () => {
    const failing = loggedIn([{ level: 'read', failure: 'the login fails (SQLSTATE 28P01)' }]);
    const o = but(settled, { resync: true });
    const thought = think(o, failing);
    expect(conditionIn(thought)).toMatchObject({
      status: 'False',
      reason: 'RoleNotReady',
      message: 'role "app_read": the login fails (SQLSTATE 28P01)',
    });
    expect(thought.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 30_000 });
    const next = think(then(settled, thought.status));
    expect(conditionIn(next)?.reason).toBe('RoleNotReady');
    expect(next.actions).toEqual([]);
  });

  it('gets another password if its Secret is gone', () => {
    const { actions } = think(but(settled, { readLogin: undefined, entropy: 'other' }));
    expect(text(manifestOf(actions, 'readLogin'), 'password')).toBe(newPassword('other', 'read'));
  });

  it('is not called ready after its Cluster was made again, before CNPG has made it there', () => {
    const status = { applied: false, observedGeneration: 0, message: 'cluster resource has been deleted' };
    const thought = think(but(settled, { readRole: { ...role, status } }));
    expect(thought.status.roles?.[0]).not.toHaveProperty('passwordVersion');
    expect(conditionIn(thought)).toMatchObject({
      status: 'False',
      reason: 'RoleNotApplied',
      message: 'role "app_read": CloudNativePG reports: cluster resource has been deleted',
    });
  });

  it('gets its rights in another schema by a login that is due then', () => {
    const addon = changed(settled.addon, { roleSchemas: all });
    expect(askedSchemas(addon)).toEqual(['public', 'write', 'sales']);
    const thought = think(but(settled, { addon }), loggedIn([{ level: 'read' }]));
    expect(thought.login?.question.roles?.schemas).toEqual(['public', 'write', 'sales']);
    expect(thought.status.roles?.[0]?.schemas).toEqual(['public', 'write', 'sales']);
  });

  it('keeps what is published while a Secret of it cannot be read, and looks again', () => {
    const unavailable = { kind: 'unavailable', retryAfterSeconds: 0 } as const;
    for (const part of ['readLogin', 'readSecret'] as const) {
      const thought = think(but(settled, { [part]: unavailable }));
      expect(thought.actions).toEqual([]);
      expect(conditionIn(thought)?.reason).toBe('Published');
      expect(thought.status.roles).toEqual(settled.addon.status?.roles);
      expect(thought.pace).toMatchObject({ atLeastMilliseconds: 10_000 });
    }
  });

  it('keeps everything while its Secrets are not read', () => {
    const unread = { kind: 'unread' } as const;
    const thought = think(but(settled, { readLogin: unread, readSecret: unread }));
    expect(thought.actions).toEqual([]);
    expect(thought.status.roles).toEqual(settled.addon.status?.roles);
    expect(conditionIn(thought)).toEqual(conditionIn(publishing));
  });

  it('is left alone where something else has one of its names', () => {
    const foreign = { ...secret, metadata: { ...secret.metadata, labels: {}, ownerReferences: [] } };
    const thought = think(but(settled, { readSecret: foreign }));
    expect(thought.actions).toEqual([]);
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason: 'NameConflict' });
  });

  it('is repaired in CNPG', () => {
    const changedRole = { ...applied(role, '50'), spec: { ...role.spec, login: false } };
    const { actions } = think(but(settled, { readRole: changedRole }));
    expect(actions.map(({ verb, child }) => [verb, child])).toEqual([['apply', 'readRole']]);
  });

  it('has its parts without an owner while the addon is protected', () => {
    const addon = changed(settled.addon, { mode: 'protected' });
    const held = think(but(settled, { addon })).actions.filter(({ concern }) => concern === 'roles');
    expect(held.map(({ child }) => child).sort()).toEqual(['readLogin', 'readRole', 'readSecret']);
    for (const action of held) expect(action).toMatchObject({ verb: 'apply', manifest: { metadata: {} } });
  });
});

describe('without logins of the operator', () => {
  const platform = { ...testPlatform, connectionCheck: 'Off' as const };

  it('no role is made, and the condition says why', () => {
    const thought = think(but(listed, { platform }));
    expect(thought.actions.filter(({ concern }) => concern === 'roles')).toEqual([]);
    expect(conditionIn(thought)).toMatchObject({ status: 'False', reason: 'LoginOff' });
    expect(areRolesOpen({ addon: listed.addon, own: {}, observed: { ...listed, platform } } as never)).toBe(false);
  });
});

describe('a role that is not asked for any more', () => {
  const addon = changed(settled.addon, { roles: [] });
  const leaving = think(but(settled, { addon }));

  it('loses its DATABASE_URL, and is locked', () => {
    expect(leaving.actions.map(({ verb, child }) => [verb, child])).toEqual([
      ['delete', 'readSecret'],
      ['apply', 'readRole'],
    ]);
    const { spec } = manifestOf(leaving.actions, 'readRole');
    expect(spec).toMatchObject({ login: false, disablePassword: true, passwordSecret: undefined, inRoles: undefined });
    expect(leaving.status.roles).toEqual(settled.addon.status?.roles);
    expect(conditionIn(leaving)).toMatchObject({ status: 'False', reason: 'RolePending' });
  });

  const locked = stored(leaving.actions, 'readRole', '70', 2) as DatabaseRole;
  const without = then(but(settled, { addon }), leaving.status, { readSecret: undefined, readRole: locked });

  it('is let go only once CNPG has locked it', () => {
    expect(think(without).actions).toEqual([]);
    expect(think(without).status.roles).toHaveLength(1);
    const done = but(without, { readRole: applied(locked) });
    expect(think(done).actions.map(({ verb, child }) => [verb, child])).toEqual([
      ['delete', 'readRole'],
      ['delete', 'readLogin'],
    ]);
    expect(think(done).status.roles).toHaveLength(1);
  });

  it('is locked again if somebody has deleted its DatabaseRole before', () => {
    const { actions } = think(but(without, { readRole: undefined }));
    expect(actions.map(({ verb, child }) => [verb, child])).toEqual([['create', 'readRole']]);
    expect(manifestOf(actions, 'readRole').spec).toMatchObject({ login: false });
  });

  it('is forgotten once nothing of it is left', () => {
    const gone = think(but(without, { readRole: undefined, readLogin: undefined }));
    expect(gone.actions).toEqual([]);
    expect(gone.status.roles).toBeUndefined();
    expect(conditionIn(gone)).toBeUndefined();
  });

  it('waits for the Cluster', () => {
    const { actions } = think(but(but(settled, { addon }), { cluster: undefined }));
    expect(actions.filter(({ child }) => child === 'readRole')).toEqual([]);
  });
});

describe('roles', () => {
  it.each([
    ['any, before anything is published', anAddon({ roles: [] }), ['read', 'write', 'admin']],
    ['those asked for', aRunningAddon({ plan: 'free', roles: ['admin', 'read'] }), ['read', 'admin']],
    ['those that status lists', changed(settled.addon, { roles: ['write'] }), ['read', 'write']],
    ['none', aRunningAddon({ plan: 'free' }), []],
  ] as const)('%s', (_, addon, expected) => {
    expect(roleLevelsOf(addon)).toEqual(expected);
  });

  it.each([
    ['app', 'read', 'app_read'],
    ['app', 'admin', 'app_admin'],
    ['o'.repeat(63), 'write', `${'o'.repeat(57)}_write`],
    ['o'.repeat(63), 'read', `${'o'.repeat(58)}_read`],
  ] as const)('owner %s: %s is %s', (owner, level, expected) => {
    expect(roleName(level, owner)).toBe(expected);
    expect(roleName(level, owner).length).toBeLessThanOrEqual(63);
  });

  it.each<readonly [string, PostgresAddon, boolean]>([
    ['a ready one', settled.addon, true],
    ['one that is pending', listed.addon, false],
    ['one that is not listed', asked.addon, false],
    ['one that is listed and not asked for', changed(settled.addon, { roles: [] }), false],
    ['none', aRunningAddon({ plan: 'free' }), true],
  ])('whether nothing is left to do: %s', (_, addon, expected) => {
    expect(areRolesSettled(addon)).toBe(expected);
  });
});

describe('suspended', () => {
  it('says that a role waits, and goes on saying that one is ready', () => {
    const waits = think(but(listed, { addon: changed(listed.addon, { suspend: true }) }));
    expect(waits.actions).toEqual([]);
    expect(conditionIn(waits)).toMatchObject({ status: 'False', reason: 'Suspended' });
    const rests = think(but(settled, { addon: changed(settled.addon, { suspend: true }) }));
    expect(rests.actions).toEqual([]);
    expect(conditionIn(rests)?.reason).toBe('Published');
  });
});

it('a password is in no status', () => {
  for (const { status } of [making, proving, publishing])
    expect(JSON.stringify(status)).not.toContain(text(login, 'password'));
});
