// The whole life of databases on the real CloudNativePG, in one story: each chapter needs the one before it.
import { describe, expect, it, jest } from '@jest/globals';
import { addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import type { AuditedRequest } from '../harness/audit.ts';
import { isWrite } from '../harness/audit.ts';
import type { LiveObject } from '../harness/client.ts';
import { eventually } from '../harness/eventually.ts';
import { persistentVolumeClaims, persistentVolumes, secrets } from '../harness/kinds.ts';
import { conditionOf, isRunning } from '../harness/views.ts';
import { operatorUser, useReal } from './real.ts';

jest.setTimeout(10 * 60_000);

const namespace = 'team-a';
const real = useReal();
const minutes = (count: number): number => count * 60_000;

const running = (name: string): Promise<LiveObject> =>
  real().addons.until(namespace, name, 'phase running', isRunning, minutes(5));
const statusOf = (addon: LiveObject): Record<string, unknown> => (addon.status ?? {}) as Record<string, unknown>;
const phaseOf = (addon: LiveObject): unknown => addon.status?.phase;
const apply = (name: string, spec: object): Promise<string> =>
  real().kubectl(
    ['apply', '--namespace', namespace, '-f', '-'],
    JSON.stringify({ apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name }, spec }),
  );

/** What the operator asked of the API server about one addon: by name, since its children carry the addon's name. */
async function askedOf(
  mark: number,
  name: string,
): Promise<{ readonly writes: readonly string[]; readonly reads: readonly string[] }> {
  const requests = (await real().audit.since(mark)).filter(
    (request) => request.user === operatorUser && request.namespace === namespace,
  );
  const about = requests.filter((request) => request.resource !== 'events' && request.name.includes(`${name}`));
  const text = (request: AuditedRequest): string => `${request.verb} ${request.resource}`;
  return {
    writes: about.filter(isWrite).map(text),
    reads: about.filter((request) => request.verb === 'get').map(text),
  };
}

describe('on a real CloudNativePG', () => {
  it('all three plans come up, at the floor of requests, and an application logs in', async () => {
    await real().kubectl(['create', 'namespace', namespace]);
    const mark = await real().audit.mark();
    await Promise.all([
      apply('alpha', { plan: 'free' }),
      apply('bravo', { plan: 'standard' }),
      apply('charlie', { plan: 'pro' }),
    ]);
    const addons = await Promise.all(['alpha', 'bravo', 'charlie'].map(running));
    for (const addon of addons) {
      expect(real().addons.course(namespace, addon.metadata.name, phaseOf).filter(Boolean)).toEqual([
        'creating',
        'running',
      ]);
      expect(conditionOf(addon, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
      await real().startApp(namespace, addon.metadata.name);
      expect(await real().sql(namespace, addon.metadata.name, 'SELECT current_user || current_database()')).toBe(
        'appapp',
      );
    }
    for (const [name, writes] of [
      ['alpha', 4],
      ['bravo', 5],
      ['charlie', 5],
    ] as const) {
      const asked = await askedOf(mark, name);
      expect([name, asked.writes.length, asked.reads]).toEqual([name, writes, ['get secrets']]);
    }
  });

  it('each plan is what it promises, as PostgreSQL itself says', async () => {
    const show = "SELECT current_setting('shared_buffers') || ' ' || current_setting('max_connections')";
    expect(await real().sql(namespace, 'alpha', show)).toBe('64MB 25');
    expect(await real().sql(namespace, 'bravo', show)).toBe('256MB 100');
    expect(await real().sql(namespace, 'charlie', show)).toBe('1GB 200');
    const cluster = await real().client.get(clusterGvr, namespace, 'db-team-a-charlie');
    expect(cluster?.status).toMatchObject({ readyInstances: 3 });
  });

  it('when the primary of pro dies the phase goes and comes back, ready_at stays, and the same URL logs in', async () => {
    await real().sql(namespace, 'charlie', 'CREATE TABLE kept AS SELECT 42 AS answer');
    const before = await running('charlie');
    const seen = real().addons.of(namespace, 'charlie').length;
    const cluster = await real().client.get(clusterGvr, namespace, 'db-team-a-charlie');
    const primary = String(cluster?.status?.currentPrimary);
    await real().kubectl(['delete', 'pod', primary, '--namespace', namespace, '--grace-period=0', '--force']);
    await real().addons.until(
      namespace,
      'charlie',
      'phase provisioning',
      (addon) => phaseOf(addon) === 'provisioning',
      minutes(1),
    );
    const after = await running('charlie');
    expect(real().addons.of(namespace, 'charlie').slice(seen).map(phaseOf)).toContain('provisioning');
    expect(statusOf(after).ready_at).toBe(statusOf(before).ready_at);
    const healed = await real().client.get(clusterGvr, namespace, 'db-team-a-charlie');
    expect(healed?.status?.currentPrimary).not.toBe(primary);
    expect(await real().sql(namespace, 'charlie', 'SELECT answer FROM kept')).toBe('42');
  });

  it('a deleted addon takes everything with it, without one write of the operator', async () => {
    const cluster = 'db-team-a-charlie';
    const mark = await real().audit.mark();
    await real().kubectl(['delete', 'pga', 'charlie', '--namespace', namespace, '--wait']);
    await eventually(
      'the garbage collector to remove everything of charlie',
      async () => {
        const { client } = real();
        const owned = `cnpg.io/cluster=${cluster}`;
        const volumes = (await client.list(persistentVolumes)).filter((volume) =>
          JSON.stringify(volume.spec?.claimRef).includes(cluster),
        );
        expect(await client.list(persistentVolumeClaims, namespace, owned)).toEqual([]);
        expect(await client.list(secrets, namespace, owned)).toEqual([]);
        expect(volumes).toEqual([]);
        expect(await client.get(clusterGvr, namespace, cluster)).toBeUndefined();
        expect(await client.get(scheduledBackupGvr, namespace, `${cluster}-daily`)).toBeUndefined();
        expect(await client.get(secrets, namespace, 'app-charlie-database-url')).toBeUndefined();
        expect(
          await real().kubectl(['get', 'pods', '--namespace', namespace, '--selector', owned, '--output', 'name']),
        ).toBe('');
      },
      { timeoutMilliseconds: minutes(2), everyMilliseconds: 500 },
    );
    expect((await askedOf(mark, 'charlie')).writes).toEqual([]);
    await real().kubectl(['delete', 'pod', 'app-charlie', '--namespace', namespace]);
  });

  it('free becomes standard becomes pro with its data, its URL and its ready_at', async () => {
    await real().sql(namespace, 'alpha', 'CREATE TABLE kept AS SELECT 42 AS answer');
    const { ready_at: readyAt } = statusOf(await running('alpha'));
    for (const [plan, storage, sharedBuffers, instances] of [
      ['standard', '10Gi', '256MB', 1],
      ['pro', '50Gi', '1GB', 3],
    ] as const) {
      const seen = real().addons.of(namespace, 'alpha').length;
      await apply('alpha', { plan });
      await real().addons.until(
        namespace,
        'alpha',
        `plan ${plan} applied`,
        (addon) => statusOf(addon).plan === plan && isRunning(addon),
        minutes(5),
      );
      expect(real().addons.of(namespace, 'alpha').slice(seen).map(phaseOf)).toContain('provisioning');
      const addon = await running('alpha');
      expect(statusOf(addon)).toMatchObject({ ready_at: readyAt, resources: { storage, instances } });
      expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
      // The pods run with it, and the volumes have grown: nothing here believes a status alone.
      expect(await real().sql(namespace, 'alpha', "SELECT current_setting('shared_buffers')")).toBe(sharedBuffers);
      expect(await real().sql(namespace, 'alpha', 'SELECT answer FROM kept')).toBe('42');
      const claims = await real().client.list(persistentVolumeClaims, namespace, 'cnpg.io/cluster=db-team-a-alpha');
      expect(claims).toHaveLength(instances);
      await eventually('the volumes to have grown', async () => {
        for (const claim of await real().client.list(
          persistentVolumeClaims,
          namespace,
          'cnpg.io/cluster=db-team-a-alpha',
        )) {
          expect(claim.status?.capacity).toEqual({ storage });
        }
      });
    }
  });

  it('a restart of the operator writes nothing', async () => {
    const before = await real().client.list(addonGvr, namespace);
    const mark = await real().audit.mark();
    await real().kubectl([
      'rollout',
      'restart',
      'deployment',
      '--namespace',
      'postgres-addon-system',
      '--selector',
      'app.kubernetes.io/name=postgres-addon-operator',
    ]);
    await real().kubectl([
      'rollout',
      'status',
      'deployment',
      '--namespace',
      'postgres-addon-system',
      '--timeout=3m',
      'postgres-addon-operator',
    ]);
    // A change of the spec that the new leader answers shows that it has been through everything before it.
    await apply('bravo', { plan: 'standard', connection: { sslMode: 'require' } });
    await real().addons.until(
      namespace,
      'bravo',
      'an answer of the new leader',
      (addon) => isRunning(addon) && addon.metadata.generation === 2,
      minutes(2),
    );
    const writes = (await real().audit.since(mark)).filter(
      (request) => request.user === operatorUser && isWrite(request),
    );
    const answer = ['app-bravo-database-url', 'bravo'];
    expect(
      writes.filter(({ resource, name }) => resource !== 'leases' && resource !== 'events' && !answer.includes(name)),
    ).toEqual([]);
    const after = await real().client.get(addonGvr, namespace, 'alpha');
    expect(after?.metadata.resourceVersion).toBe(
      before.find((addon) => addon.metadata.name === 'alpha')?.metadata.resourceVersion,
    );
    const url = await real().client.get(secrets, namespace, 'app-bravo-database-url');
    expect(Buffer.from(url?.data?.DATABASE_URL ?? '', 'base64').toString()).toMatch(/\?sslmode=require$/);
  });
});
