// The life of one database whose Cluster somebody deletes again and again, although nobody deletes its addon: no empty one takes its place
// unasked, and both remedies work as they are documented. The namespace gives containers less memory than a base backup takes.
import { beforeAll, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { objectStoreGvr, sidecarName } from '../../../src/api/barman.ts';
import { clusterGvr, scheduledBackupGvr } from '../../../src/api/cnpg.ts';
import { podGvr, volumeClaimGvr } from '../../../src/api/workload.ts';
import { defaultPlans } from '../../../src/domain/database/plans.ts';
import { at, conditionOf } from '../../harness/views.ts';
import { clusterName, secretName } from '../belongings.ts';
import { deleteBelow, objectsBelow, openBucket, writeObject } from '../bucket.ts';
import { Desk, Document } from '../documents.ts';
import { giveMemory } from '../policies.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
const spec: AddonSpec = { plan: 'standard', backup: { storeRef: { name: storeName } } };
let namespace = '';
let cluster = '';
/** Of its lineages, in the order in which they began. */
const serverNames: string[] = [];
/** The folder of the namespace in the bucket. */
let destinationPath = '';

beforeAll(async () => {
  namespace = await real().namespace('vanish');
  cluster = clusterName(namespace, 'shop');
  await real().client.apply(storeSecret(real().cluster, namespace));
  // Before the limit, which it is not the test of.
  await openBucket(real(), namespace);
  await giveMemory(real(), namespace, '128Mi');
  await real().apply(namespace, 'shop', { ...spec, mode: 'protected' });
});

const statusOf = ({ status }: LiveObject): AddonStatus => status as AddonStatus;
const statusNow = (): AddonStatus => statusOf(real().addons.latest(namespace, 'shop'));
const liveCluster = (): Promise<LiveObject | undefined> => real().client.get(clusterGvr, namespace, cluster);

/** Waits until its backups are in force, and remembers the lineage. */
async function inForce(): Promise<AddonStatus> {
  const status = statusOf(await real().reason(namespace, 'shop', 'BackupReady', 'InForce'));
  expect(status.backup?.effective).toBe('daily');
  expect(serverNames).not.toContain(status.backup?.serverName);
  serverNames.push(status.backup?.serverName ?? '');
  destinationPath = status.backup?.destinationPath ?? '';
  return status;
}

/** Runs SQL as a superuser in the primary. @returns what it printed */
async function sql(statement: string): Promise<string> {
  const psql = ['psql', 'app', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];
  const pod = ['exec', '--namespace', namespace, statusNow().primary ?? '', '--container', 'postgres', '--'];
  return (await real().kubectl([...pod, ...psql, '--command', statement])).trim();
}

/** Everything that is committed is in the archive afterwards. */
async function backUp(): Promise<void> {
  const request = `${Date.now()}`;
  const annotation = `addons.paas.dev/backup-now=${request}`;
  await real().kubectl(['annotate', 'pga', 'shop', annotation, '--overwrite', '--namespace', namespace]);
  const isDone = (state: LiveObject): boolean => {
    const { now } = statusOf(state).backup ?? {};
    return now?.request === request && now.result === 'Completed';
  };
  await real().addons.until(namespace, 'shop', 'the base backup that was asked for', isDone, minutes(10));
}

/** Somebody deletes the Cluster, and its data with it. @returns what the addon says then */
async function vanish(): Promise<LiveObject> {
  await real().kubectl(['delete', 'cluster', cluster, '--namespace', namespace, '--timeout=10m']);
  const missing = await real().reason(namespace, 'shop', 'Ready', 'ClusterMissing');
  await eventually('the end of its volumes', async () =>
    expect(await real().client.list(volumeClaimGvr, namespace, `cnpg.io/cluster=${cluster}`)).toEqual([]),
  );
  return missing;
}

/** The resources of the container that archives. */
async function sidecarResources(): Promise<unknown> {
  const pod = await real().client.get(podGvr, namespace, statusNow().primary ?? '');
  const containers = at(pod, 'spec', 'initContainers') as readonly { readonly name: string }[];
  return at(
    containers.find(({ name }) => name === sidecarName),
    'resources',
  );
}

/** Each Cluster that there was, by how it began. */
function beginnings(): readonly string[] {
  const seen = real().clusters.course(namespace, cluster, (state) => ({
    uid: state.metadata.uid,
    began: at(state, 'spec', 'bootstrap', 'recovery') === undefined ? 'empty' : 'restored',
  }));
  return seen.map(({ began }) => began);
}

const messageOf = (state: LiveObject): string => conditionOf(state, 'Ready')?.message ?? '';

it('reaches its level in a namespace that gives a container 128Mi: the one that archives has what the plan says', async () => {
  const { resources } = await inForce();
  const { request, limit } = defaultPlans.standard.sidecarMemory;
  expect(await sidecarResources()).toMatchObject({ requests: { memory: request }, limits: { memory: limit } });
  expect(resources?.sidecarMemory).toBe(limit);
});

it('whose Cluster is deleted gets no empty one: it is stalled, claims nothing, keeps the rest, and says what can be done', async () => {
  await sql('SET ROLE app; CREATE TABLE kept AS SELECT 42 AS answer');
  await backUp();
  const rest = async (): Promise<readonly (string | undefined)[]> => {
    const store = await real().client.get(objectStoreGvr, namespace, cluster);
    const secret = await real().client.get(secrets, namespace, secretName('shop'));
    return [store?.metadata.uid, secret?.metadata.uid, secret?.data?.DATABASE_URL];
  };
  const before = { rest: await rest(), from: statusNow().backup?.recoveryWindow?.from };
  const missing = await vanish();

  expect(conditionOf(missing, 'Ready')?.status).toBe('False');
  expect(conditionOf(missing, 'Stalled')).toMatchObject({ status: 'True', reason: 'ClusterMissing' });
  expect(await real().event(namespace, 'shop', 'ClusterMissing')).toMatchObject({ type: 'Warning' });
  const [serverName] = serverNames;
  for (const words of [
    `object store "${storeName}", ${destinationPath}, server name ${serverName}`,
    'with spec.mode standard',
    'spec.restore.from.archive',
    `addons.paas.dev/start-empty=${serverName}`,
  ])
    expect(messageOf(missing)).toContain(words);
  const { backup } = statusOf(missing);
  expect(backup).toMatchObject({ effective: 'none', recoveryWindow: { from: before.from } });
  expect(backup?.lineages).toEqual([expect.objectContaining({ serverName })]);
  expect(backup?.lineages?.[0]).not.toHaveProperty('until');

  const schedule = await real().client.get(scheduledBackupGvr, namespace, `${cluster}-daily`);
  expect(schedule?.spec?.suspend).toBe(true);
  expect(await rest()).toEqual(before.rest);
  expect(await liveCluster()).toBeUndefined();
});

it('is restored by what the message names, once it is not protected any more', async () => {
  const missing = real().addons.latest(namespace, 'shop');
  const named = /\(object store "([^"]+)", (\S+), server name ([^\s)]+)\)/.exec(messageOf(missing));
  const [, store = '', folder = '', serverName = ''] = named ?? [];
  const archived = await objectsBelow(real(), namespace, `${folder}/${serverName}/`);
  expect(archived.length).toBeGreaterThan(2);

  await real().apply(namespace, 'shop', { ...spec, mode: 'standard' });
  // As the README says.
  const isUnprotected = (state: LiveObject): boolean => conditionOf(state, 'Protected') === undefined;
  await real().addons.until(namespace, 'shop', 'the end of its protection', isUnprotected);
  await real().kubectl(['delete', 'pga', 'shop', '--namespace', namespace, '--timeout=10m']);
  // The next one has none of it in the way.
  await eventually('the end of its ObjectStore and its Secret', async () => {
    expect(await real().client.get(objectStoreGvr, namespace, cluster)).toBeUndefined();
    expect(await real().client.get(secrets, namespace, secretName('shop'))).toBeUndefined();
  });
  await real().apply(namespace, 'shop', { ...spec, restore: { from: { archive: { store, serverName } } } });
  await real().running(namespace, 'shop');
  expect(await sql('SELECT answer FROM kept')).toBe('42');
  await inForce();
  // No empty Cluster was there in between, and its backups were only read.
  expect(beginnings()).toEqual(['empty', 'restored']);
  const after = await objectsBelow(real(), namespace, `${folder}/${serverName}/`);
  expect(after).toEqual(expect.arrayContaining([...archived]));
});

it('is not replaced either now that it has backups of its own, nor by an annotation that names other ones', async () => {
  const [first, second] = serverNames;
  const missing = await vanish();
  expect(messageOf(missing)).toContain(`addons.paas.dev/start-empty=${second}`);
  const annotation = `addons.paas.dev/start-empty=${first}`;
  await real().kubectl(['annotate', 'pga', 'shop', annotation, '--namespace', namespace]);
  const isRefused = (state: LiveObject): boolean => messageOf(state).includes(`"${first}", which is another one`);
  await real().addons.until(namespace, 'shop', 'the refusal of the annotation', isRefused);
  expect(await liveCluster()).toBeUndefined();
});

it('starts empty by the command of the README, and archives into a lineage of its own', async () => {
  const [, second] = serverNames;
  const desk = await Desk.set(real(), namespace);
  const chapter = (await Document.read('README.md')).section('## A Cluster that vanished');
  expect(await desk.run(chapter.command('kubectl annotate'))).toContain('annotated');
  await real().running(namespace, 'shop');
  expect(await sql("SELECT to_regclass('kept') IS NULL")).toBe('t');
  const { backup } = await inForce();
  expect(backup?.lineages).toMatchObject([
    { serverName: serverNames.at(-1), from: backup?.recoveryWindow?.from },
    { serverName: second, until: expect.stringMatching(/^20/) },
  ]);
  expect(beginnings()).toEqual(['empty', 'restored', 'empty']);
});

it('leaves its old lineages in the bucket: the documented command removes one of them, and nothing else', async () => {
  const [first = ''] = serverNames;
  // Another one whose name begins like it.
  const neighbour = `${first}0/wals/0000000100000000/000000010000000000000001`;
  await writeObject(real(), namespace, `${destinationPath}/${neighbour}`);
  const inBucket = (): Promise<readonly string[]> => objectsBelow(real(), namespace, `${destinationPath}/`);
  const before = await inBucket();
  for (const serverName of serverNames)
    expect(before.filter((name) => name.startsWith(`${serverName}/`)).length).toBeGreaterThan(2);

  const documented = (await Document.read('docs/backup.md')).command('aws s3 rm --recursive ');
  const [, url = ''] = / (s3:\/\/\S+)$/.exec(documented) ?? [];
  const [written, names] = ['s3://company-postgres/production/team-a', 'db-team-a-shop-1a2b3c4d'];
  for (const part of [written, names]) expect(url).toContain(part);
  await deleteBelow(real(), namespace, url.replace(written, destinationPath).replace(names, first));

  const after = await inBucket();
  expect(after.filter((name) => name.startsWith(`${first}/`))).toEqual([]);
  const others = before.filter((name) => !name.startsWith(`${first}/`));
  expect(others).toContain(neighbour);
  expect(after).toEqual(expect.arrayContaining(others));
  // The present one goes on.
  await backUp();
  expect(conditionOf(real().addons.latest(namespace, 'shop'), 'BackupReady')?.reason).toBe('InForce');
});

it('gets no second empty one, although the annotation is still there', async () => {
  const [, second, third] = serverNames;
  const missing = await vanish();
  expect(messageOf(missing)).toContain(`addons.paas.dev/start-empty=${third}`);
  expect(messageOf(missing)).toContain(`"${second}", which is another one`);
  expect(await liveCluster()).toBeUndefined();
});
