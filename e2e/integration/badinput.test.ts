// Invalid input, through kubectl: the API server rejects it with a message that names the field and the remedy.
import { describe, expect, it } from '@jest/globals';
import { addonGvr } from '../../src/api/addon.ts';
import { useSuite } from '../harness/suite.ts';

const suite = useSuite({ withOperator: false });

function manifest(namespace: string, spec: unknown, name = 'shop'): string {
  // As JSON: YAML could parse a string as another type.
  return JSON.stringify({
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    metadata: { name, namespace },
    spec,
  });
}

const apply = ['apply', '--filename', '-'];

describe('a new addon is refused', () => {
  it.each<readonly [what: string, spec: unknown, words: readonly string[]]>([
    ['without a plan', {}, ['spec.plan: Required value']],
    ['with an unknown plan', { plan: 'gold' }, ['spec.plan', '"gold"', '"free", "standard", "pro"']],
    [
      'with an appId of 300 characters',
      { plan: 'free', appId: 'a'.repeat(300) },
      ['spec.appId', 'may not be more than 63'],
    ],
    ['with an appId in capitals', { plan: 'free', appId: 'Shop' }, ['spec.appId', 'a-z, 0-9 and "-"']],
    ['with an appId that starts with a digit', { plan: 'free', appId: '9shop' }, ['spec.appId', 'start with a letter']],
    ['with an empty appId', { plan: 'free', appId: '' }, ['spec.appId']],
    ['with a tenantId with dots', { plan: 'free', tenantId: 'acme.org' }, ['spec.tenantId', 'a-z, 0-9 and "-"']],
    [
      'with a drill at five fields',
      { plan: 'standard', backup: { drill: { schedule: '0 4 * * 0' } } },
      ['spec.backup.drill.schedule', 'six fields, seconds first'],
    ],
    [
      'with a drill at no time',
      { plan: 'standard', backup: { drill: {} } },
      ['spec.backup.drill.schedule', 'Required'],
    ],
    [
      'with an empty assertion',
      { plan: 'standard', backup: { drill: { schedule: '@weekly', assertions: [{ sql: '' }] } } },
      ['spec.backup.drill.assertions[0].sql', 'at least 1 chars'],
    ],
    [
      'with 21 assertions',
      { plan: 'standard', backup: { drill: { schedule: '@weekly', assertions: Array(21).fill({ sql: 'SELECT 1' }) } } },
      ['spec.backup.drill.assertions', 'at most 20 items'],
    ],
    ['with version "9"', { plan: 'free', version: '9' }, ['spec.version', '"14" to "18"']],
    ['with version "17.4.1"', { plan: 'free', version: '17.4.1' }, ['spec.version']],
    ['with version latest', { plan: 'free', version: 'latest' }, ['spec.version']],
    ['with a version that is a number', { plan: 'free', version: 17 }, ['spec.version', 'string']],
    [
      'with the database postgres',
      { plan: 'free', database: { name: 'postgres' } },
      ['spec.database.name', 'template0'],
    ],
    [
      'with the database template1',
      { plan: 'free', database: { name: 'template1' } },
      ['spec.database.name', 'must not be'],
    ],
    [
      'with the database pgbouncer',
      { plan: 'free', database: { name: 'pgbouncer' } },
      ['spec.database.name', 'the console of a connection pooler'],
    ],
    [
      'with a database name that has to be quoted',
      { plan: 'free', database: { name: 'My-Db' } },
      ['spec.database.name', 'a-z, 0-9 and "_"'],
    ],
    [
      'with the owner postgres',
      { plan: 'free', database: { owner: 'postgres' } },
      ['spec.database.owner', 'must not be'],
    ],
    [
      'with the owner streaming_replica',
      { plan: 'free', database: { owner: 'streaming_replica' } },
      ['spec.database.owner'],
    ],
    ['with the owner pg_monitor', { plan: 'free', database: { owner: 'pg_monitor' } }, ['spec.database.owner', 'pg_']],
    [
      'with the owner cnpg_admin',
      { plan: 'free', database: { owner: 'cnpg_admin' } },
      ['spec.database.owner', 'cnpg_'],
    ],
    [
      'with an unknown sslMode',
      { plan: 'free', connection: { sslMode: 'maybe' } },
      ['spec.connection.sslMode', '"verify-full"'],
    ],
    ['with the mode Protected', { plan: 'free', mode: 'Protected' }, ['spec.mode', '"Protected"', '"protected"']],
    ['with an empty mode', { plan: 'free', mode: '' }, ['spec.mode', '"standard", "protected"']],
    ['with a mode that is a list', { plan: 'free', mode: ['protected'] }, ['spec.mode', 'must be of type string']],
    ['with suspend: "yes"', { plan: 'free', suspend: 'yes' }, ['spec.suspend', 'must be of type boolean', 'string']],
    ['with suspend: 1', { plan: 'free', suspend: 1 }, ['spec.suspend', 'must be of type boolean']],
    ['with a promotion to nothing', { plan: 'free', promote: {} }, ['spec.promote.appId: Required value']],
    [
      'with a promotion to a Secret',
      { plan: 'free', promote: { appId: 'app-shop.' } },
      ['spec.promote.appId', 'a-z, 0-9 and "-"'],
    ],
    [
      'with a promotion to itself',
      { plan: 'free', promote: { appId: 'shop' } },
      ['spec.promote.appId', 'it has anyway'],
    ],
    [
      'with a promotion to its own appId',
      { plan: 'free', appId: 'web', promote: { appId: 'web' } },
      ['spec.promote.appId', 'Name that of another one'],
    ],
    ['with a restore from nothing', { plan: 'free', restore: {} }, ['spec.restore.from: Required value']],
    [
      'with a restore from neither',
      { plan: 'free', restore: { from: {} } },
      ['spec.restore.from', 'either addon or archive'],
    ],
    [
      'with a restore from an archive of another namespace',
      { plan: 'free', restore: { from: { namespace: 'b', archive: { store: 'main', serverName: 'a' } } } },
      ['spec.restore.from', 'an archive is always one of this namespace'],
    ],
    [
      'with a restore from a namespace that is none',
      { plan: 'free', restore: { from: { namespace: '../b', addon: 'a' } } },
      ['spec.restore.from.namespace', 'must contain only a-z, 0-9'],
    ],
    [
      'with a restore from both',
      { plan: 'free', restore: { from: { addon: 'a', archive: { store: 'main', serverName: 'a' } } } },
      ['spec.restore.from', 'either addon or archive'],
    ],
    [
      'with an archive without a store',
      { plan: 'free', restore: { from: { archive: { serverName: 'a' } } } },
      ['spec.restore.from.archive.store: Required value'],
    ],
    [
      'with an archive that leads out of its folder',
      { plan: 'free', restore: { from: { archive: { store: 'main', serverName: '../team-b/db' } } } },
      ['spec.restore.from.archive.serverName', 'a-z, 0-9 and "-"'],
    ],
    ...[
      '25:00',
      '2026-01-02T25:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-01-02T03:04:05',
      '2026-01-02 03:04:05+00',
      'now',
    ].map(
      (targetTime) =>
        [
          `with targetTime ${targetTime}`,
          { plan: 'free', restore: { from: { addon: 'a', targetTime } } },
          ['spec.restore.from.targetTime', 'a time with its time zone, such as 2026-01-02T03:04:05Z'],
        ] as const,
    ),
  ])('%s', async (_what, spec, words) => {
    const namespace = await suite().namespace();
    const { code, error } = await suite().kubectl(apply, manifest(namespace, spec));
    expect(code).not.toBe(0);
    for (const word of words) expect(error).toContain(word);
    expect(await suite().client.list(addonGvr, namespace)).toEqual([]);
  });

  it.each([
    ['with dots', 'my.shop', 'spec.appId'],
    ['that starts with a digit', '1shop', 'spec.appId'],
    ['of 64 characters', 'a'.repeat(64), '63'],
    ['of 253 characters', 'a'.repeat(253), '63'],
  ])('under a name %s', async (_what, name, word) => {
    const namespace = await suite().namespace();
    const { code, error } = await suite().kubectl(apply, manifest(namespace, { plan: 'free' }, name));
    expect(code).not.toBe(0);
    expect(error).toContain('metadata.name');
    expect(error).toContain(word);
  });

  it('with a field that does not exist, by kubectl, and by the API server with strict field validation', async () => {
    const namespace = await suite().namespace();
    const { code, error } = await suite().kubectl(apply, manifest(namespace, { plan: 'free', storage: '1Ti' }));
    expect(code).not.toBe(0);
    expect(error).toContain('unknown field "spec.storage"');
  });
});

describe('what a manifest can contain by accident', () => {
  it.each([
    ['mode: null is no mode: standard', 'mode: null', { plan: 'free' }],
    ['mode: without a value is no mode: standard', 'mode:', { plan: 'free' }],
    ['suspend: null is no suspend', 'suspend: null', { plan: 'free' }],
    ['suspend: yes is true, as in all of YAML 1.1', 'suspend: yes', { plan: 'free', suspend: true }],
    ['mode: "protected" with quotes is the same', 'mode: "protected"', { plan: 'free', mode: 'protected' }],
  ])('%s', async (_what, line, spec) => {
    const namespace = await suite().namespace();
    const head = `apiVersion: addons.paas.dev/v1alpha1\nkind: PostgresAddon\nmetadata: { name: shop, namespace: ${namespace} }\n`;
    const made = await suite().kubectl(apply, `${head}spec:\n  plan: free\n  ${line}\n`);
    expect(made).toMatchObject({ code: 0 });
    expect((await suite().client.get(addonGvr, namespace, 'shop'))?.spec).toEqual(spec);
  });
});

describe('mode: protected in the wrong place', () => {
  it.each([
    ['in metadata', { metadata: { mode: 'protected' } }, 'metadata.mode'],
    ['beside spec', { mode: 'protected' }, '"mode"'],
    ['with another name', { spec: { plan: 'free', protected: true } }, 'spec.protected'],
  ])('%s is refused by kubectl: nobody relies on a protection that is not in force', async (_what, part, word) => {
    const namespace = await suite().namespace();
    const whole = {
      apiVersion: 'addons.paas.dev/v1alpha1',
      kind: 'PostgresAddon',
      spec: { plan: 'free' },
      ...part,
      metadata: { name: 'shop', namespace, ...('metadata' in part ? part.metadata : {}) },
    };
    const { code, error } = await suite().kubectl(apply, JSON.stringify(whole));
    expect(code).not.toBe(0);
    expect(error).toContain('unknown field');
    expect(error).toContain(word);
  });
});

describe('a change is refused', () => {
  it.each<readonly [what: string, before: object, patch: object, words: readonly string[]]>([
    ['of appId', { appId: 'shop' }, { appId: 'store' }, ['appId cannot be changed', 'Create another']],
    ['that adds an appId', {}, { appId: 'store' }, ['appId cannot be changed, added or removed']],
    ['that removes the appId', { appId: 'shop' }, { appId: null }, ['appId cannot be changed, added or removed']],
    ['of tenantId', { tenantId: 'acme' }, { tenantId: 'other' }, ['tenantId cannot be changed', 'Create another']],
    [
      'of the database name',
      { database: { name: 'orders' } },
      { database: { name: 'sales' } },
      ['database.name cannot be changed', 'Create another'],
    ],
    [
      'that removes the database name',
      { database: { name: 'orders' } },
      { database: null },
      ['database.name cannot be changed'],
    ],
    ['of the owner', {}, { database: { owner: 'clerk' } }, ['database.owner cannot be changed', 'Create another']],
    [
      'of the origin of the data',
      { restore: { from: { addon: 'a' } } },
      { restore: { from: { addon: 'b' } } },
      ['restore cannot be changed', 'Create another'],
    ],
    ['that adds a restore', {}, { restore: { from: { addon: 'a' } } }, ['restore cannot be changed, added or removed']],
    [
      'that removes the restore',
      { restore: { from: { addon: 'a' } } },
      { restore: null },
      ['restore cannot be changed, added or removed'],
    ],
    ['to an unknown plan', {}, { plan: 'gold' }, ['spec.plan', '"gold"']],
    ['to a mode in capitals', { mode: 'protected' }, { mode: 'STANDARD' }, ['spec.mode', '"STANDARD"']],
    ['to an empty mode', { mode: 'protected' }, { mode: '' }, ['spec.mode']],
    ['to a suspend of another type', {}, { suspend: 'false' }, ['spec.suspend', 'must be of type boolean']],
  ])('%s', async (_what, before, patch, words) => {
    const namespace = await suite().namespace();
    const made = await suite().kubectl(apply, manifest(namespace, { plan: 'free', ...before }));
    expect(made).toMatchObject({ code: 0 });
    const args = [
      'patch',
      'pga',
      'shop',
      '--namespace',
      namespace,
      '--type',
      'merge',
      '--patch',
      JSON.stringify({ spec: patch }),
    ];
    const { code, error } = await suite().kubectl(args);
    expect(code).not.toBe(0);
    for (const word of words) expect(error).toContain(word);
    expect((await suite().client.get(addonGvr, namespace, 'shop'))?.metadata.generation).toBe(1);
  });

  it.each<readonly [what: string, before: object, patch: object]>([
    ['a higher major version', { version: '16.9' }, { version: '17.1' }],
    ['a higher minor version', { version: '17.9' }, { version: '17.10' }],
    ['the default database name, written out', {}, { database: { name: 'app' } }],
    ['another plan', {}, { plan: 'pro' }],
    ['another mode', { mode: 'protected' }, { mode: 'standard' }],
    ['a mode that is taken away', { mode: 'protected' }, { mode: null }],
    ['suspend, on', {}, { suspend: true }],
    ['suspend, taken away', { suspend: true }, { suspend: null }],
  ])('but not for %s', async (_what, before, patch) => {
    const namespace = await suite().namespace();
    expect(await suite().kubectl(apply, manifest(namespace, { plan: 'free', ...before }))).toMatchObject({ code: 0 });
    const args = [
      'patch',
      'pga',
      'shop',
      '--namespace',
      namespace,
      '--type',
      'merge',
      '--patch',
      JSON.stringify({ spec: patch }),
    ];
    expect(await suite().kubectl(args)).toMatchObject({ code: 0 });
  });

  it('of status.ready_at and status.clusterName once they are written', async () => {
    const namespace = await suite().namespace();
    expect(await suite().kubectl(apply, manifest(namespace, { plan: 'free' }))).toMatchObject({ code: 0 });
    const status = (value: object) => suite().client.patch(addonGvr, namespace, 'shop', { status: value }, 'status');
    await status({ ready_at: '2026-01-01T00:00:00Z', clusterName: 'db-one' });
    await expect(status({ ready_at: '2026-01-02T00:00:00Z' })).rejects.toThrow(
      'ready_at is written once and cannot be changed',
    );
    await expect(status({ ready_at: null })).rejects.toThrow('ready_at is written once and cannot be changed');
    await expect(status({ clusterName: 'db-two' })).rejects.toThrow(
      'clusterName is written once and cannot be changed',
    );
    await expect(status({ phase: 'broken' })).rejects.toThrow('status.phase');
  });
});
