// Problems of the environment: exceeded quota, missing permissions, a namespace that is being deleted. Each is reported in a condition,
// nothing is lost, and the operator continues automatically once it is resolved.
import { describe, expect, it } from '@jest/globals';
import { events, namespaces, resourceQuotas, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import type { Write } from '../harness/admission-gate.ts';
import { isWrite } from '../harness/audit.ts';
import type { Operator } from '../harness/operator.ts';
import { chartPermissions, grant, type Permissions, without } from '../harness/permissions.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf, secretText } from '../harness/views.ts';

const suite = useSuite({ withOperator: false });

/** Runs an operator for the time of one test. */
async function withOperator(
  user: string,
  change: (permissions: Permissions) => Permissions,
  test: (operator: Operator) => Promise<void>,
): Promise<void> {
  const permissions = change(await chartPermissions(suite().cluster, suite().operatorNamespace));
  const operator = await suite().startOperator({ user, permissions });
  try {
    await operator.said('started');
    await test(operator);
  } finally {
    await operator.stop();
  }
}

const allPermissions = (permissions: Permissions): Permissions => permissions;

async function restorePermissions(user: string): Promise<void> {
  await grant(suite().client, user, await chartPermissions(suite().cluster, suite().operatorNamespace));
}

describe('a quota', () => {
  it('that has no room for the ScheduledBackup holds nothing else up, and is named where backups are', async () => {
    const namespace = await suite().namespace();
    const { client } = suite();
    await client.create(resourceQuotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace },
      spec: { hard: { 'count/scheduledbackups.postgresql.cnpg.io': '0' } },
    });
    await eventually('the quota to count', async () => {
      expect((await client.get(resourceQuotas, namespace, 'small'))?.status?.hard).toBeDefined();
    });
    await withOperator('operator-no-backup', allPermissions, async () => {
      await suite().createAddon(namespace, 'shop', { plan: 'standard' });
      const addon = await suite().untilRunning(namespace, 'shop');
      expect(conditionOf(addon, 'BackupReady')).toMatchObject({
        status: 'False',
        reason: 'QuotaExceeded',
        message: expect.stringContaining('exceeded quota: small'),
      });
      expect(conditionOf(addon, 'CredentialsPublished')).toMatchObject({ status: 'True', reason: 'Published' });
      const secret = await client.get(secrets, namespace, 'app-shop-database-url');
      expect(secretText(secret, 'DATABASE_URL')).toMatch(/^postgresql:/);
      expect(conditionOf(addon, 'Stalled')).toBeUndefined();
      const reported = async () => {
        const warnings = (await client.list(events, namespace)).filter(({ reason }) => reason === 'QuotaExceeded');
        expect(warnings).toMatchObject([{ type: 'Warning', note: expect.stringContaining('exceeded quota: small') }]);
      };
      await eventually('one Event about it', reported);
      await client.remove(resourceQuotas, namespace, 'small');
      // No watch reports this: the operator retries after 30 s.
      await suite().addons.until(
        namespace,
        'shop',
        'the schedule',
        (state) => conditionOf(state, 'BackupReady')?.reason === 'NoObjectStore',
      );
    });
  });

  it('that has no room for the Cluster is named, and the addon goes on by itself when there is room', async () => {
    const namespace = await suite().namespace();
    const { client } = suite();
    const quota = (hard: Readonly<Record<string, string>>) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace },
      spec: { hard },
    });
    await client.create(resourceQuotas, quota({ 'count/clusters.postgresql.cnpg.io': '0' }));
    await eventually('the quota to count', async () => {
      expect((await client.get(resourceQuotas, namespace, 'small'))?.status?.hard).toBeDefined();
    });
    await withOperator('operator-quota', allPermissions, async () => {
      await suite().createAddon(namespace, 'shop', { plan: 'free' });
      const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'QuotaExceeded');
      expect(reported.status?.phase).toBe('creating');
      expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason: 'QuotaExceeded' });
      expect(conditionOf(reported, 'Ready')?.message).toContain('exceeded quota: small');
      await client.remove(resourceQuotas, namespace, 'small');
      // No watch reports this: the operator retries after 30 s.
      await suite().addons.until(namespace, 'shop', 'phase running', ({ status }) => status?.phase === 'running');
    });
  });
});

describe('a namespace that is being deleted', () => {
  it('refuses every creation, which the operator tries, reports and does not repeat at once', async () => {
    const { client, audit } = suite();
    await withOperator('operator-last', allPermissions, async (operator) => {
      const namespace = await suite().namespace();
      await suite().createAddon(namespace, 'kept', { plan: 'free' });
      await suite().untilRunning(namespace, 'kept');
      // The children go, and the addon, which nobody deletes, needs them.
      const gate = await suite().gate(namespace);
      const stays = ({ operation, resource }: Write): boolean => `${operation} ${resource}` === 'DELETE postgresaddons';
      const letGo = gate.refuse(stays, 'not yet');
      const mark = await audit.mark();
      await client.remove(namespaces, undefined, namespace);
      const reported = await suite().untilReason(namespace, 'kept', 'Ready', 'NamespaceTerminating');
      expect(reported.metadata.deletionTimestamp).toBeUndefined();
      const other = await suite().namespace();
      await suite().createAddon(other, 'fence', { plan: 'free' });
      await suite().untilRunning(other, 'fence');
      const requests = (await audit.since(mark)).filter(
        ({ user, namespace: place }) => user === operator.user && place === namespace,
      );
      const attempts = requests.filter((request) => isWrite(request) && request.resource === 'clusters');
      expect(attempts.at(-1)?.code).toBe(403);
      expect(attempts.length).toBeLessThanOrEqual(3);
      expect(requests.length).toBeLessThanOrEqual(20);
      expect(await client.list(clusterGvr, namespace)).toEqual([]);
      expect(operator.exit).toBeUndefined();
      letGo();
    });
  });

  it('is said quietly: no storm of requests, and the operator lives', async () => {
    const { client, audit } = suite();
    await withOperator('operator-farewell', allPermissions, async (operator) => {
      const namespace = await suite().namespace();
      // A finalizer keeps the namespace from going while there is an object with it.
      await client.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'anchor', namespace, finalizers: ['example.org/anchor'] },
      });
      await suite().createAddon(namespace, 'kept', { plan: 'free' });
      await suite().untilRunning(namespace, 'kept');
      await client.patch(addonGvr, namespace, 'kept', { metadata: { finalizers: ['example.org/anchor'] } });
      await client.remove(namespaces, undefined, namespace);
      await suite().clusters.untilGone(namespace, `db-${namespace}-kept`);
      const mark = await audit.mark();
      await suite().addons.until(namespace, 'kept', 'phase deleted', ({ status }) => status?.phase === 'deleted');
      const other = await suite().namespace();
      await suite().createAddon(other, 'fence', { plan: 'free' });
      await suite().untilRunning(other, 'fence');
      const requests = (await audit.since(mark)).filter(
        ({ user, namespace: place }) => user === operator.user && place === namespace,
      );
      expect(requests.length).toBeLessThanOrEqual(5);
      expect(operator.exit).toBeUndefined();
      await client.patch(addonGvr, namespace, 'kept', { metadata: { finalizers: null } });
      await client.patch(secrets, namespace, 'anchor', { metadata: { finalizers: null } });
    });
  });
});

describe('an operator without a permission', () => {
  it('to list Clusters says so in the condition and the log, and goes on when it is granted', async () => {
    const user = 'operator-no-list';
    await withOperator(
      user,
      (permissions) => without(permissions, 'clusters', 'list'),
      async (operator) => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'Forbidden');
        expect(reported.status?.phase).toBe('creating');
        expect(conditionOf(reported, 'Ready')?.message).toMatch(/Cluster/);
        expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True' });
        expect(await suite().client.list(clusterGvr, namespace)).toEqual([]);
        const line = await operator.said('watch failed');
        expect(line).toMatchObject({ kind: 'Cluster', code: 403 });
        await restorePermissions(user);
        await suite().untilRunning(namespace, 'shop');
        expect(operator.exit).toBeUndefined();
      },
    );
  });

  it('to create Clusters reports the message of the server, and continues once it is granted', async () => {
    const user = 'operator-no-create';
    await withOperator(
      user,
      (permissions) => without(permissions, 'clusters', 'create'),
      async () => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'Forbidden');
        expect(conditionOf(reported, 'Ready')?.message).toContain('cannot create resource "clusters"');
        await restorePermissions(user);
        await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
        await suite().untilRunning(namespace, 'shop');
      },
    );
  });

  it('to read Secrets says so, publishes nothing, and goes on when it is granted', async () => {
    const user = 'operator-no-secrets';
    await withOperator(
      user,
      (permissions) => without(permissions, 'secrets'),
      async () => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        const reported = await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'Forbidden');
        expect(reported.status?.phase).toBe('creating');
        expect(conditionOf(reported, 'CredentialsPublished')?.message).toContain('cannot get resource "secrets"');
        await restorePermissions(user);
        await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
        await suite().untilRunning(namespace, 'shop');
      },
    );
  });

  it('to write status logs it and still makes the database; the status comes when it is granted', async () => {
    const user = 'operator-no-status';
    await withOperator(
      user,
      (permissions) => without(permissions, 'postgresaddons/status'),
      async (operator) => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        await suite().clusters.until(namespace, `db-${namespace}-shop`, 'its creation', () => true);
        await eventually('a log line that names the permission', () => {
          expect(operator.output).toContain('cannot patch resource \\"postgresaddons/status\\"');
        });
        expect(operator.exit).toBeUndefined();
        await restorePermissions(user);
        await suite().addons.until(namespace, 'shop', 'phase running', ({ status }) => status?.phase === 'running');
      },
    );
  });

  it('to list addons is not ready, and reports why', async () => {
    const user = 'operator-no-addons';
    await withOperator(
      user,
      (permissions) => without(permissions, 'postgresaddons', 'list'),
      async (operator) => {
        await operator.said('watch failed');
        const ready = await operator.page('/readyz?verbose');
        expect(ready.status).toBe(503);
        expect(ready.body).toContain('cannot list resource');
        expect((await operator.page('/livez')).status).toBe(200);
        await restorePermissions(user);
        await operator.untilReady();
      },
    );
  });

  it('to use Leases never becomes the leader, writes nothing, and reports why', async () => {
    const user = 'operator-no-lease';
    await withOperator(
      user,
      (permissions) => without(permissions, 'leases'),
      async (operator) => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        await eventually('a log line that names the permission', () => {
          expect(operator.output).toMatch(/cannot (get|create) resource .{1,3}leases/);
        });
        expect(operator.log.some(({ msg }) => msg?.includes('this replica is the leader'))).toBe(false);
        expect(await suite().client.list(clusterGvr, namespace)).toEqual([]);
        await restorePermissions(user);
        await suite().untilRunning(namespace, 'shop');
      },
    );
  });

  it('to record events still does everything else', async () => {
    await withOperator(
      'operator-no-events',
      (permissions) => without(permissions, 'events'),
      async (operator) => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        await suite().untilRunning(namespace, 'shop');
        await operator.said('an event could not be recorded');
      },
    );
  });
});
