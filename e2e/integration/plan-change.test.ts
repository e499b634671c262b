// The steps of a change of plan: in status.preview before the change, in status.planChange during and after it.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { fixedClass } from '../../hack/cluster/manifests.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { isWrite, tally } from '../harness/audit.ts';
import { changesOf, clusterOf, databaseOf, unchanged } from '../harness/database.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf } from '../harness/views.ts';

const suite = useSuite();

const annotation = 'addons.paas.dev/preview';

async function running(spec: AddonSpec, storageClass?: string) {
  const namespace = await suite().namespace();
  if (storageClass !== undefined) suite().simulator.useStorageClass(namespace, storageClass);
  await suite().createAddon(namespace, 'shop', spec);
  return { namespace, addon: await suite().untilRunning(namespace, 'shop') };
}

const annotate = (namespace: string, plan: string | null): Promise<LiveObject> =>
  suite().client.patch(addonGvr, namespace, 'shop', { metadata: { annotations: { [annotation]: plan } } });

interface Preview {
  readonly plan: string;
  readonly steps?: readonly unknown[];
  readonly restart?: boolean;
  readonly diskKept?: boolean;
  readonly message?: string;
}

/** Waits for a matching preview; the annotation is not part of the spec, so the generation does not change. */
async function untilPreview(namespace: string, what: string, holds: (preview: Preview) => boolean): Promise<Preview> {
  const preview = ({ status }: LiveObject): Preview | undefined => status?.preview as Preview | undefined;
  const state = await suite().addons.until(namespace, 'shop', what, (seen) => {
    const found = preview(seen);
    return found !== undefined && holds(found);
  });
  return preview(state) as Preview;
}

const isOf =
  (plan: string) =>
  (preview: Preview): boolean =>
    preview.plan === plan;

const fromFreeToPro = [
  { what: 'instances', from: '1', to: '3' },
  { what: 'memory', from: '256Mi', to: '4Gi' },
  { what: 'storage', from: '1Gi', to: '50Gi' },
  { what: 'shared_buffers', from: '64MB', to: '1GB' },
  { what: 'max_connections', from: '25', to: '200' },
  { what: 'synchronous', from: 'off', to: 'on' },
  { what: 'backup', from: 'none', to: 'pitr' },
];

describe('the annotation addons.paas.dev/preview', () => {
  it('shows the steps to another plan and applies nothing; without the annotation the preview is removed', async () => {
    const { audit, operator, client } = suite();
    const { namespace, addon } = await running({ plan: 'free' });
    const before = await databaseOf(client, namespace);
    const mark = await audit.mark();
    await annotate(namespace, 'pro');
    const preview = await untilPreview(namespace, 'the preview of pro', isOf('pro'));
    expect(preview).toEqual({ plan: 'pro', steps: fromFreeToPro, restart: true, diskKept: false });
    await annotate(namespace, 'standard');
    expect((await untilPreview(namespace, 'the preview of standard', isOf('standard'))).steps).toContainEqual({
      what: 'backup',
      from: 'none',
      to: 'daily',
    });
    await annotate(namespace, null);
    const after = await suite().addons.until(
      namespace,
      'shop',
      'no preview',
      ({ status }) => status?.preview === undefined,
    );
    await suite().fence();
    expect(changesOf(before, await databaseOf(client, namespace))).toEqual(unchanged);
    const writes = (await audit.since(mark)).filter(
      (request) => request.user === operator.user && request.namespace === namespace && isWrite(request),
    );
    expect(tally(writes)).toEqual({ 'patch postgresaddons/status': 3 });
    expect(after.status).toEqual(addon.status);
  });

  it('with the present plan says that nothing would change', async () => {
    const { namespace } = await running({ plan: 'standard' });
    await annotate(namespace, 'standard');
    const preview = await untilPreview(namespace, 'the preview', isOf('standard'));
    expect(preview).toMatchObject({ steps: [], restart: false, diskKept: false });
    expect(preview.message).toContain('nothing');
  });

  it('with a smaller plan says that the disk is kept', async () => {
    const { namespace } = await running({ plan: 'standard' });
    await annotate(namespace, 'free');
    const preview = await untilPreview(namespace, 'the preview', isOf('free'));
    expect(preview).toMatchObject({ restart: true, diskKept: true });
    expect(preview.message).toContain('10Gi');
    expect(preview.steps).not.toContainEqual(expect.objectContaining({ what: 'storage' }));
  });

  it('with a larger disk than the StorageClass allows reports that before it is attempted', async () => {
    const { namespace } = await running({ plan: 'free' }, fixedClass);
    await annotate(namespace, 'pro');
    const preview = await untilPreview(
      namespace,
      'the preview',
      ({ message }) => message?.includes(fixedClass) === true,
    );
    expect(preview.steps).not.toContainEqual(expect.objectContaining({ what: 'storage' }));
    expect(preview.steps).toContainEqual({ what: 'instances', from: '1', to: '3' });
  });

  it.each([
    ['an unknown plan', 'gold', '"gold"'],
    ['nothing', '', '""'],
    ['a plan in capitals', 'PRO', '"PRO"'],
    ['a word that every object knows', 'constructor', '"constructor"'],
    ['rubbish', '{"plan":"pro"}\n\u0000'.replace('\u0000', '\t'), 'is not a plan'],
    ['a very long value', 'p'.repeat(200_000), 'ppp'],
  ])('with %s explains, briefly, and changes nothing else', async (_what, value, words) => {
    const { namespace, addon } = await running({ plan: 'free' });
    await annotate(namespace, value);
    const preview = await untilPreview(namespace, 'an explanation', ({ message }) => message !== undefined);
    expect(preview.message).toContain(words);
    expect(preview.message).toContain('free, standard, pro');
    expect(JSON.stringify(preview).length).toBeLessThan(500);
    expect(preview.steps).toBeUndefined();
    const { preview: _, ...rest } = (await suite().client.get(addonGvr, namespace, 'shop'))?.status ?? {};
    expect(rest).toEqual(addon.status);
  });

  it('on an addon without a database reports that, and the steps once there is one', async () => {
    const { simulator } = suite();
    const namespace = await suite().namespace();
    simulator.hold(namespace, clusterOf(namespace));
    await suite().client.create(addonGvr, {
      apiVersion: 'addons.paas.dev/v1alpha1',
      kind: 'PostgresAddon',
      metadata: { name: 'shop', namespace, annotations: { [annotation]: 'pro' } },
      spec: { plan: 'free' },
    });
    await untilPreview(namespace, 'the preview', isOf('pro'));
    simulator.release(namespace, clusterOf(namespace));
    await suite().untilRunning(namespace, 'shop');
    const preview = await untilPreview(namespace, 'the steps', ({ steps }) => steps !== undefined);
    expect(preview.steps).toEqual(fromFreeToPro);
  });

  it('and the change itself at once: the preview then shows what is left', async () => {
    const { namespace } = await running({ plan: 'free' });
    await annotate(namespace, 'standard');
    await untilPreview(namespace, 'the preview', isOf('standard'));
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    await suite().untilRunning(namespace, 'shop');
    const preview = await untilPreview(namespace, 'an empty preview', ({ steps }) => steps?.length === 0);
    expect(preview.message).toContain('nothing');
  });

  it('on a suspended addon works as well', async () => {
    const { namespace } = await running({ plan: 'free' });
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');
    await annotate(namespace, 'pro');
    expect(await untilPreview(namespace, 'the preview', isOf('pro'))).toMatchObject({ steps: fromFreeToPro });
  });
});

describe('status.planChange', () => {
  it('is absent for a new addon, and shows the same steps as the preview during a change and after it', async () => {
    const { simulator, addons } = suite();
    const { namespace, addon } = await running({ plan: 'free' });
    expect(addon.status?.planChange).toBeUndefined();
    await annotate(namespace, 'pro');
    const { plan: _, message: __, ...foretold } = await untilPreview(namespace, 'the preview', isOf('pro'));
    simulator.hold(namespace, clusterOf(namespace));
    await suite().patchAddon(namespace, 'shop', { plan: 'pro' });
    const during = await addons.until(namespace, 'shop', 'a change', ({ status }) => status?.planChange !== undefined);
    expect(during.status?.planChange).toEqual({ from: 'free', to: 'pro', ...foretold, state: 'Applying' });
    expect(during.status?.phase).toBe('provisioning');
    simulator.release(namespace, clusterOf(namespace));
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.planChange).toEqual({ from: 'free', to: 'pro', ...foretold, state: 'Applied' });
  });

  it('of a downgrade says that the disk is kept', async () => {
    const { namespace } = await running({ plan: 'standard' });
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.planChange).toMatchObject({
      from: 'standard',
      to: 'free',
      diskKept: true,
      restart: true,
      state: 'Applied',
    });
  });

  it('of a version alone names it', async () => {
    const { namespace } = await running({ plan: 'free', version: '16' });
    await suite().patchAddon(namespace, 'shop', { version: '17' });
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.planChange).toEqual({
      from: 'free',
      to: 'free',
      steps: [{ what: 'version', from: '16', to: '17' }],
      restart: true,
      diskKept: false,
      state: 'Applied',
    });
  });

  it('of plan and version at once, which take two writes, shows all steps', async () => {
    const { namespace } = await running({ plan: 'free', version: '16' });
    await suite().patchAddon(namespace, 'shop', { plan: 'standard', version: '17' });
    const after = await suite().untilRunning(namespace, 'shop');
    const steps = at(after, 'status', 'planChange', 'steps') as readonly { readonly what: string }[];
    expect(after.status?.planChange).toMatchObject({ from: 'free', to: 'standard', state: 'Applied' });
    expect(steps.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['version', 'memory', 'storage', 'shared_buffers', 'max_connections', 'backup']),
    );
  });

  it('that the StorageClass limits is partial, and PlanApplied names what is missing', async () => {
    const { namespace } = await running({ plan: 'free' }, fixedClass);
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.planChange).toMatchObject({ from: 'free', to: 'standard', state: 'Partial' });
    expect(conditionOf(after, 'PlanApplied')).toMatchObject({ status: 'False', reason: 'StorageNotExpandable' });
  });

  it('is not made of a repair, a restart or a failover', async () => {
    const { simulator, client, addons } = suite();
    const { namespace } = await running({ plan: 'pro' });
    await client.patch(clusterGvr, namespace, clusterOf(namespace), { spec: { enablePDB: false } });
    simulator.killPrimary(namespace, clusterOf(namespace));
    await addons.until(namespace, 'shop', 'phase provisioning', ({ status }) => status?.phase === 'provisioning');
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.planChange).toBeUndefined();
  });

  it('is replaced by the next change, which a crash does not lose', async () => {
    const { namespace } = await running({ plan: 'free' });
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    await suite().untilRunning(namespace, 'shop');
    await suite().operator.kill();
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    await suite().crashOperator();
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.planChange).toMatchObject({ from: 'standard', to: 'free', state: 'Applied' });
  });
});
