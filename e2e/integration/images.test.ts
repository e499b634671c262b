// A platform whose databases run images of an earlier pattern: none is written until the platform asks for it, and then form and major
// version change one after the other.
import { expect, it } from '@jest/globals';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { isWrite } from '../harness/audit.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf } from '../harness/views.ts';

const suite = useSuite({ withOperator: false });
const repository = 'ghcr.io/cloudnative-pg/postgresql';

it('keeps a bare tag until imageRollout is Now, also with another minor version', async () => {
  const { client, clusters } = suite();
  const namespace = await suite().namespace();
  const cluster = `db-${namespace}-shop`;
  const image = async (): Promise<unknown> => (await client.get(clusterGvr, namespace, cluster))?.spec?.imageName;

  const first = await suite().startOperator({ user: 'operator-before' });
  await suite().createAddon(namespace, 'shop', { plan: 'free', version: '17' });
  await suite().untilRunning(namespace, 'shop');
  await first.stop();
  // As an operator with the earlier default left it.
  const old = `${repository}:17`;
  await client.patch(clusterGvr, namespace, cluster, { spec: { imageName: old } });
  await clusters.until(namespace, cluster, 'the old image', ({ status }) => status?.image === old);
  await clusters.until(namespace, cluster, 'healthy', ({ status }) => status?.phase === 'Cluster in healthy state');
  await client.patch(addonGvr, namespace, 'shop', { status: { image: old, running: null } }, 'status');

  const mark = await suite().audit.mark();
  const second = await suite().startOperator({ user: 'operator-never' });
  await suite().addons.until(
    namespace,
    'shop',
    'what runs',
    ({ status }) => at({ status }, 'status', 'running', 'image') === old,
  );
  const writes = (await suite().audit.since(mark)).filter(
    (request) => request.user === second.user && isWrite(request) && request.resource === 'clusters',
  );
  expect(writes).toEqual([]);
  const { body } = await second.page('/metrics');
  expect(body).toMatch(/^postgres_addon_databases{major="17",image="unsupported"} 1$/m);
  expect(body).toMatch(/^postgres_addon_end_of_life{reason="ImageUnsupported"} 1$/m);
  const warned = await suite().untilReason(namespace, 'shop', 'EndOfLife', 'ImageUnsupported');
  expect(conditionOf(warned, 'Ready')?.status).toBe('True');
  await suite().patchAddon(namespace, 'shop', { version: '17.4' });
  const kept = await suite().untilRunning(namespace, 'shop');
  expect(await image()).toBe(`${repository}:17.4`);
  expect(conditionOf(kept, 'PlanApplied')).toMatchObject({ reason: 'Applied' });
  await second.stop();
  await suite().patchAddon(namespace, 'shop', { version: '18' });

  const third = await suite().startOperator({ user: 'operator-now', environment: { IMAGE_ROLLOUT: 'Now' } });
  await eventually('the image of 18', async () => expect(await image()).toBe(`${repository}:18-standard-trixie`));
  await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applied');
  expect(clusters.course(namespace, cluster, ({ spec }) => spec?.imageName)).toEqual([
    `${repository}:17-standard-trixie`,
    old,
    `${repository}:17.4`,
    `${repository}:17.4-standard-trixie`,
    `${repository}:18-standard-trixie`,
  ]);
  const moved = await suite().untilRunning(namespace, 'shop');
  expect(conditionOf(moved, 'EndOfLife')).toBeUndefined();
  await third.stop();
});

it('keeps an image whose version cannot be replaced until imageRollout is Now, and then applies the version', async () => {
  const { client, clusters } = suite();
  const namespace = await suite().namespace();
  const cluster = `db-${namespace}-shop`;
  const image = async (): Promise<unknown> => (await client.get(clusterGvr, namespace, cluster))?.spec?.imageName;

  const digest = `-standard-trixie@sha256:${'0'.repeat(64)}`;
  const first = await suite().startOperator({ user: 'operator-digest' });
  await suite().createAddon(namespace, 'shop', { plan: 'free', version: '17' });
  await suite().untilRunning(namespace, 'shop');
  await first.stop();
  // As an operator with a digest in its pattern left it, before those were refused.
  const old = `${repository}:17${digest}`;
  await client.patch(clusterGvr, namespace, cluster, { spec: { imageName: old } });
  await clusters.until(namespace, cluster, 'the old image', ({ status }) => status?.image === old);
  await clusters.until(namespace, cluster, 'healthy', ({ status }) => status?.phase === 'Cluster in healthy state');
  await client.patch(addonGvr, namespace, 'shop', { status: { image: old, running: null } }, 'status');

  const second = await suite().startOperator({ user: 'operator-pattern' });
  await suite().patchAddon(namespace, 'shop', { version: '17.4' });
  const refused = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'ImageFormUnknown');
  const { message } = conditionOf(refused, 'PlanApplied') ?? {};
  for (const word of ['17.4', digest, 'postgres.imageRollout: Now']) expect(message).toContain(word);
  expect(await image()).toBe(old);
  await second.stop();

  await suite().startOperator({ user: 'operator-moving', environment: { IMAGE_ROLLOUT: 'Now' } });
  await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applied');
  const moved = await suite().untilRunning(namespace, 'shop');
  expect(moved.status).toMatchObject({ version: '17.4' });
  expect(clusters.course(namespace, cluster, ({ spec }) => spec?.imageName)).toEqual([
    `${repository}:17-standard-trixie`,
    old,
    `${repository}:17.4-standard-trixie`,
  ]);
});
