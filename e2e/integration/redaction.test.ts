// The redaction of restored databases against a real API server and the simulated CNPG: whatever stops the operator in between, and whatever
// becomes of the Job, nothing is published and nothing is backed up before the SQL is committed.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, type AddonStatus, addonGvr, annotations } from '../../src/api/addon.ts';
import { backupGvr, clusterGvr } from '../../src/api/cnpg.ts';
import { resources } from '../../src/api/resources.ts';
import { redactionJobName } from '../../src/domain/names.ts';
import { clusterOf } from '../harness/database.ts';
import { endJob } from '../harness/jobs.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });
const redaction = { configMapKeyRef: { name: 'redaction', key: 'staging.sql' } };
const jobGvr = resources.jobs.gvr;

/** An addon `copy`, restored from `shop`, whose Job is there. */
async function copying(spec: Partial<AddonSpec> = {}): Promise<{ readonly namespace: string; readonly job: string }> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'standard' });
  await suite().untilSettled(namespace, 'shop');
  const restore = { from: { addon: 'shop' }, redaction };
  await suite().createAddon(namespace, 'copy', { plan: 'standard', restore, ...spec });
  return { namespace, job: redactionJobName(clusterOf(namespace, 'copy')) };
}

const untilJob = (namespace: string, job: string): Promise<LiveObject> =>
  eventually('the Job', async () => {
    const found = await suite().client.get(jobGvr, namespace, job);
    if (found === undefined) throw new Error('there is no Job');
    return found;
  });

/** Nothing that an application or a restore could use is there. */
async function nothingPublished(namespace: string): Promise<void> {
  await suite().fence();
  const cluster = clusterOf(namespace, 'copy');
  expect(await suite().client.get(secrets, namespace, 'app-copy-database-url')).toBeUndefined();
  const backups = await suite().client.list(backupGvr, namespace);
  expect(backups.filter(({ spec }) => (spec?.cluster as { name?: string } | undefined)?.name === cluster)).toEqual([]);
  const addon = await suite().client.get(addonGvr, namespace, 'copy');
  expect(addon?.status?.phase).toBe('creating');
  expect((addon?.status as AddonStatus | undefined)?.restore?.redaction).toBe('Pending');
}

const reasonOf = (namespace: string, reason: string): Promise<LiveObject> =>
  suite().untilReason(namespace, 'copy', 'Ready', reason);

describe('a restored database with a redaction', () => {
  it('is published and backed up once its Job has completed, and not while it fails', async () => {
    const { namespace, job } = await copying();
    const made = await untilJob(namespace, job);
    const cluster = await suite().client.get(clusterGvr, namespace, clusterOf(namespace, 'copy'));
    expect(made.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'postgresql.cnpg.io/v1',
        kind: 'Cluster',
        name: cluster?.metadata.name,
        uid: cluster?.metadata.uid,
      },
    ]);
    await reasonOf(namespace, 'Redacting');
    await nothingPublished(namespace);
    await endJob(suite().client, namespace, job, 'Failed');
    const failed = await reasonOf(namespace, 'RedactionFailed');
    expect(conditionOf(failed, 'Stalled')?.status).toBe('True');
    await nothingPublished(namespace);
    // The message has the command that makes it begin again.
    const [, command = ''] = /kubectl (delete job .*)$/.exec(conditionOf(failed, 'Ready')?.message ?? '') ?? [];
    expect(await suite().kubectl(command.split(' '))).toMatchObject({ code: 0 });
    await eventually('another Job', async () => {
      expect((await untilJob(namespace, job)).metadata.uid).not.toBe(made.metadata.uid);
    });
    await endJob(suite().client, namespace, job, 'Complete');
    const settled = await suite().untilSettled(namespace, 'copy');
    expect((settled.status as AddonStatus).restore?.redaction).toBe('Completed');
    const noted = await suite().client.get(clusterGvr, namespace, clusterOf(namespace, 'copy'));
    expect(noted?.metadata.annotations?.[annotations.redaction]).toBe(`Completed.${noted?.metadata.uid}`);
    // Its Job is not needed any more, and nothing makes it again.
    await suite().client.remove(jobGvr, namespace, job, 'Background');
    await suite().fence();
    expect(await suite().client.get(jobGvr, namespace, job)).toBeUndefined();
    await suite().untilSettled(namespace, 'copy');
  });

  it('that a crash interrupts at any write is published no sooner, and ends the same', async () => {
    const { namespace, job } = await copying();
    const gate = await suite().gate(namespace);
    await suite().crashAt(gate, ({ resource }) => resource === 'jobs');
    await untilJob(namespace, job);
    await nothingPublished(namespace);
    await suite().crashAt(
      gate,
      ({ resource, name }) => resource === 'clusters' && name === clusterOf(namespace, 'copy'),
      () => endJob(suite().client, namespace, job, 'Complete'),
    );
    await suite().crashAt(gate, ({ resource }) => resource === 'secrets');
    const settled = await suite().untilSettled(namespace, 'copy');
    expect((settled.status as AddonStatus).restore?.redaction).toBe('Completed');
    expect(await suite().client.list(jobGvr, namespace)).toHaveLength(1);
  });

  it('waits while the API server refuses the Job, and says why', async () => {
    const { namespace, job } = await copying({ plan: 'free' });
    const gate = await suite().gate(namespace);
    const pass = gate.refuse(({ resource }) => resource === 'jobs', 'no Jobs here');
    const refused = await reasonOf(namespace, 'Refused');
    expect(conditionOf(refused, 'Ready')?.message).toContain('no Jobs here');
    await nothingPublished(namespace);
    pass();
    // Somebody changes the addon: what was refused is tried again at once.
    await suite().patchAddon(namespace, 'copy', { connection: { sslMode: 'require' } });
    await untilJob(namespace, job);
    await endJob(suite().client, namespace, job, 'Complete');
    await suite().untilRunning(namespace, 'copy');
  });

  it('that a deleted addon left behind is redacted by the one that adopts it', async () => {
    const { namespace, job } = await copying({ mode: 'protected' });
    const { uid } = (await untilJob(namespace, job)).metadata;
    await reasonOf(namespace, 'Redacting');
    await suite().client.remove(addonGvr, namespace, 'copy');
    await suite().addons.untilGone(namespace, 'copy');
    await suite().createAddon(namespace, 'copy', { plan: 'standard', mode: 'protected' });
    await reasonOf(namespace, 'RedactionFailed');
    await suite().client.remove(addonGvr, namespace, 'copy');
    await suite().addons.untilGone(namespace, 'copy');
    const restore = { from: { addon: 'shop' }, redaction };
    await suite().createAddon(namespace, 'copy', { plan: 'standard', mode: 'protected', restore });
    await reasonOf(namespace, 'Redacting');
    await nothingPublished(namespace);
    expect((await untilJob(namespace, job)).metadata.uid).toBe(uid);
    await endJob(suite().client, namespace, job, 'Complete');
    await suite().untilSettled(namespace, 'copy');
  });
});

describe('bad input is refused', () => {
  it.each([
    ['without a ConfigMap', {}, 'configMapKeyRef: Required value'],
    ['a name that no ConfigMap has', { configMapKeyRef: { name: 'No_Name', key: 'a' } }, 'name must contain only'],
    ['a key that is a path', { configMapKeyRef: { name: 'a', key: '../a' } }, 'key must contain only'],
    ['SQL in place of a reference', { sql: 'DELETE FROM users' }, 'configMapKeyRef: Required value'],
  ])('%s', async (_, wrong, text) => {
    const namespace = await suite().namespace();
    const restore = { from: { addon: 'shop' }, redaction: wrong } as unknown as NonNullable<AddonSpec['restore']>;
    await expect(suite().createAddon(namespace, 'copy', { plan: 'free', restore })).rejects.toThrow(text);
  });
});
