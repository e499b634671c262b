// Login roles besides the owner on a real PostgreSQL: what each may do, a new password, the end of one, an adoption and a restore.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { databaseRoleGvr } from '../../../src/api/cnpg.ts';
import { type RoleLevel, roleLevels } from '../../../src/api/login.ts';
import { secretText } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { useReal } from '../real.ts';
import { before, byAdmin, later, openSchemas, triedRights } from '../role-rights.ts';

const real = useReal();
let namespace = '';
const backup = { storeRef: { name: storeName } };

const everyRole: AddonSpec = {
  plan: 'free',
  roles: [...roleLevels],
  roleSchemas: openSchemas.filter((name) => name !== 'public'),
};
const secretOf = (level: RoleLevel, addon = 'shop'): string => `app-${addon}-database-${level}`;
const urlOf = async (level: RoleLevel, addon = 'shop'): Promise<string> =>
  secretText(await real().client.get(secrets, namespace, secretOf(level, addon)), 'DATABASE_URL');
const ready = (addon: string) => real().reason(namespace, addon, 'RolesReady', 'Published');

/** Runs statements one after the other as whoever the pod logs in as. */
async function run(pod: string, statements: readonly string[]): Promise<void> {
  await real().sql(namespace, pod, statements.map((statement) => `${statement};`).join('\n'));
}

/** What psql says of a login with the URL of the pod. */
async function refusal(pod: string): Promise<string> {
  return await real()
    .sql(namespace, pod, 'SELECT 1')
    .then(
      () => 'none',
      (error: unknown) => String(error),
    );
}

beforeAll(async () => {
  namespace = await real().namespace('roles');
  await real().client.apply(storeSecret(real().cluster, namespace));
  await Promise.all([
    real().apply(namespace, 'shop', { plan: 'free' }),
    real().apply(namespace, 'source', { plan: 'standard', backup, roles: ['read', 'write'] }),
  ]);
  await real().running(namespace, 'shop');
  await real().startApp(namespace, 'shop');
  await run('shop', before);
});

describe('the roles read, write and admin', () => {
  it('are made beside a database that is used, each with a Secret of one key and one of all that a client needs', async () => {
    await real().apply(namespace, 'shop', everyRole);
    const { status } = await ready('shop');
    expect((status as AddonStatus).roles).toEqual(
      roleLevels.map((role) => ({
        role,
        name: `app_${role}`,
        secretName: secretOf(role),
        passwordVersion: expect.stringMatching(/^\d+$/),
        schemas: [...openSchemas],
      })),
    );
    for (const level of roleLevels) {
      const published = await real().client.get(secrets, namespace, secretOf(level));
      expect(Object.keys(published?.data as object)).toEqual(['DATABASE_URL']);
      const login = await real().client.get(secrets, namespace, `${secretOf(level)}-login`);
      const url = new URL(await urlOf(level));
      expect([url.username, url.password]).toEqual([secretText(login, 'username'), secretText(login, 'password')]);
      expect(Object.keys(login?.data as object).sort()).toEqual([
        'database',
        'endpoint',
        'password',
        'port',
        'username',
      ]);
    }
  });

  it('may do what their table says, also on what is created afterwards by the owner and by admin', async () => {
    await Promise.all(roleLevels.map((level) => real().startApp(namespace, level, { secret: secretOf(level) })));
    await run('shop', later);
    await run('admin', byAdmin);
    const differences = await triedRights('app', async (level, script, database) => {
      const url = database === undefined ? '$DATABASE_URL' : `\${DATABASE_URL%/*}/${database}`;
      const psql = `psql --no-psqlrc "${url}" 2>&1 >/dev/null || true`;
      return await real().kubectl(
        ['exec', '-i', '--namespace', namespace, `app-${level}`, '--', 'bash', '-c', psql],
        script,
      );
    });
    expect(differences).toEqual([]);
  });

  it('get a new password when that Secret is deleted, and read what was made since', async () => {
    const old = await urlOf('read');
    await real().client.remove(secrets, namespace, `${secretOf('read')}-login`);
    // The Secret is not watched: a change of the addon makes the operator look.
    await real().apply(namespace, 'shop', { ...everyRole, roleSchemas: [...(everyRole.roleSchemas ?? []), 'reports'] });
    await eventually('another password of read', async () => {
      if ((await urlOf('read')) === old) throw new Error('still the one before');
    });
    await ready('shop');
    expect(await refusal('read')).toContain('password authentication failed');
    await real().stopApp(namespace, 'read');
    await run('shop', ['CREATE TABLE made_after_rotation (id integer)', 'INSERT INTO made_after_rotation VALUES (7)']);
    await real().startApp(namespace, 'read', { secret: secretOf('read') });
    expect(await real().sql(namespace, 'read', 'SELECT id FROM made_after_rotation')).toBe('7');
    expect(await refusal('write')).toBe('none');
  });

  it('that are not asked for any more cannot log in, and nothing of them is left', async () => {
    await real().apply(namespace, 'shop', { plan: 'free', roles: ['read'] });
    await real().addons.until(namespace, 'shop', 'only the role read', ({ status }) => {
      const listed = ((status ?? {}) as AddonStatus).roles ?? [];
      return listed.map(({ role }) => role).join() === 'read';
    });
    for (const level of ['write', 'admin'] as const) {
      expect(await refusal(level)).toMatch(/not permitted to log in|password authentication failed/);
      for (const name of [secretOf(level), `${secretOf(level)}-login`])
        expect(await real().client.get(secrets, namespace, name)).toBeUndefined();
      const role = `${clusterName(namespace, 'shop')}-${level}`;
      expect(await real().client.get(databaseRoleGvr, namespace, role)).toBeUndefined();
      await real().stopApp(namespace, level);
    }
  });

  it('stay in service when a protected addon is deleted, and are adopted with their passwords', async () => {
    const spec: AddonSpec = { plan: 'free', mode: 'protected', roles: ['read'] };
    await real().apply(namespace, 'shop', spec);
    await real().reason(namespace, 'shop', 'Protected', 'Protected');
    const url = await urlOf('read');
    await real().kubectl(['delete', 'postgresaddon', 'shop', '--namespace', namespace]);
    expect(await refusal('read')).toBe('none');
    await real().apply(namespace, 'shop', spec);
    await ready('shop');
    expect(await urlOf('read')).toBe(url);
    expect(await real().sql(namespace, 'read', 'SELECT id FROM made_after_rotation')).toBe('7');
  });
});

describe('in a restored database', () => {
  it('a role has a password of its own, and the same rights; one that is not asked for is locked out', async () => {
    await ready('source');
    await real().startApp(namespace, 'source');
    await run('source', ['CREATE TABLE orders (id integer)', 'INSERT INTO orders VALUES (1)']);
    await real().reason(namespace, 'source', 'BackupReady', 'InForce');
    await real().kubectl([
      'annotate',
      'postgresaddon',
      'source',
      '--namespace',
      namespace,
      'addons.paas.dev/backup-now=1',
    ]);
    await real().addons.until(
      namespace,
      'source',
      'a backup with the row',
      ({ status }) => ((status ?? {}) as AddonStatus).backup?.now?.result === 'Completed',
    );
    await real().apply(namespace, 'copy', { plan: 'free', restore: { from: { addon: 'source' } }, roles: ['read'] });
    await real().running(namespace, 'copy');
    await ready('copy');
    const [theirs, ours] = [new URL(await urlOf('read', 'source')), new URL(await urlOf('read', 'copy'))];
    expect([ours.username, ours.host === theirs.host, ours.password === theirs.password]).toEqual([
      'app_read',
      false,
      false,
    ]);
    await real().startApp(namespace, 'reader', { secret: secretOf('read', 'copy') });
    expect(await real().sql(namespace, 'reader', 'SELECT id FROM orders')).toBe('1');
    const psql = (user: string, password: string): Promise<string> =>
      real().script(
        { namespace, pod: 'app-reader' },
        'psql "postgresql://$0:$1@$2/app" --command "SELECT 1" 2>&1 || true',
        user,
        password,
        ours.host,
      );
    expect(await psql('app_read', theirs.password)).toContain('password authentication failed');
    const write = new URL(await urlOf('write', 'source'));
    expect(await psql('app_write', write.password)).toContain('pg_hba.conf rejects connection');
  });
});
