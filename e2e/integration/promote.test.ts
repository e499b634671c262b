// Promotions against a real API server and the simulated CNPG: the Secret of an app changes hands in one write, both addons say so, and
// whatever stops the operator in between, the same comes of it.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { sourceSecretName } from '../../src/domain/names.ts';
import { nth, type Write } from '../harness/admission-gate.ts';
import { changesBy, tally } from '../harness/audit.ts';
import { clusterOf } from '../harness/database.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf, secretText } from '../harness/views.ts';

const suite = useSuite();

const appSecret = 'app-shop-database-url';
const promote = { appId: 'shop' };
const secretIn = (namespace: string): Promise<LiveObject | undefined> =>
  suite().client.get(secrets, namespace, appSecret);
/** The addon whose database the Secret of app `shop` leads to. */
async function target(namespace: string): Promise<string | undefined> {
  const url = secretText(await secretIn(namespace), 'DATABASE_URL');
  return ['shop', 'copy', 'third'].find((name) => url.includes(`@${clusterOf(namespace, name)}-rw.`));
}
const untilPromoted = (namespace: string, name = 'copy'): Promise<LiveObject> =>
  suite().untilReason(namespace, name, 'Promoted', 'Promoted');
const untilSuperseded = (namespace: string): Promise<LiveObject> =>
  suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'Superseded');
const untilOver = (namespace: string, name = 'copy'): Promise<LiveObject> =>
  suite().addons.until(namespace, name, 'no promotion', (state) => {
    return state.status?.promotion === undefined && conditionOf(state, 'Promoted') === undefined;
  });

/** Addons that run, in a namespace of their own. */
async function running(spec: Partial<AddonSpec> = {}, ...names: readonly string[]): Promise<string> {
  const namespace = await suite().namespace();
  for (const name of names) await suite().createAddon(namespace, name, { plan: 'free', ...spec });
  for (const name of names) await suite().untilRunning(namespace, name);
  return namespace;
}

/** The same, with `copy` promoted to the app of `shop`. */
async function promoted(spec: Partial<AddonSpec> = {}): Promise<string> {
  const namespace = await running(spec, 'shop', 'copy');
  await suite().patchAddon(namespace, 'copy', { promote });
  await untilPromoted(namespace);
  await untilSuperseded(namespace);
  return namespace;
}

async function changePassword(namespace: string, name: string, password: string): Promise<void> {
  await suite().client.patch(secrets, namespace, sourceSecretName(clusterOf(namespace, name)), {
    data: { password: Buffer.from(password).toString('base64') },
  });
}

describe('a promotion', () => {
  it('gives the Secret of the app another URL and another owner, in one write; both addons run on and say so', async () => {
    const namespace = await running({}, 'shop', 'copy');
    const before = await secretIn(namespace);
    const mark = await suite().audit.mark();
    await suite().patchAddon(namespace, 'copy', { promote });
    const copy = await untilPromoted(namespace);
    const shop = await untilSuperseded(namespace);
    await suite().fence();
    const writes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
    expect(tally(writes)).toEqual({ 'patch secrets': 1 });
    const after = await secretIn(namespace);
    expect(await target(namespace)).toBe('copy');
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([copy.metadata.uid]);
    expect(Object.keys(after?.data ?? {})).toEqual(['DATABASE_URL']);
    expect(copy.status).toMatchObject({ phase: 'running', promotion: { appId: 'shop', secretName: appSecret } });
    expect(shop.status).toMatchObject({ phase: 'running' });
    expect(shop.status?.secretName).toBeUndefined();
    const phases = suite().addons.course(namespace, 'shop', (state) => state.status?.phase);
    expect(phases.slice(phases.indexOf('running'))).toEqual(['running']);
  });

  it('follows a changed password in both Secrets, and leaves that of the other database alone', async () => {
    const namespace = await promoted();
    await changePassword(namespace, 'copy', 'changed');
    await eventually('both Secrets to have the new password', async () => {
      for (const name of [appSecret, 'app-copy-database-url'])
        expect(secretText(await suite().client.get(secrets, namespace, name), 'DATABASE_URL')).toContain(':changed@');
    });
    await changePassword(namespace, 'shop', 'other');
    await suite().fence();
    expect(secretText(await secretIn(namespace), 'DATABASE_URL')).toContain(':changed@');
  });

  it('ends without spec.promote: the addon of the app takes its Secret back, in one write', async () => {
    const namespace = await promoted();
    const { uid } = (await secretIn(namespace))?.metadata ?? {};
    await suite().patchAddon(namespace, 'copy', { promote: null });
    await untilOver(namespace);
    expect(await target(namespace)).toBe('shop');
    expect((await secretIn(namespace))?.metadata.uid).toBe(uid);
    const shop = await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'Published');
    expect(shop.status?.secretName).toBe(appSecret);
  });

  it('outlives the addon of the app, and the one that comes after it', async () => {
    const namespace = await promoted();
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await suite().clusters.untilGone(namespace, clusterOf(namespace));
    await suite().fence();
    expect(await target(namespace)).toBe('copy');
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    const shop = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(shop, 'CredentialsPublished')?.reason).toBe('Superseded');
    expect(await target(namespace)).toBe('copy');
  });

  it('of an addon that is deleted ends: the app gets its own database again', async () => {
    const namespace = await promoted();
    await suite().client.remove(addonGvr, namespace, 'copy');
    await suite().addons.untilGone(namespace, 'copy');
    await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'Published');
    expect(await target(namespace)).toBe('shop');
  });

  it('of a protected addon that is deleted stays in service, and the next addon of that name has it', async () => {
    const namespace = await promoted({ mode: 'protected' });
    await suite().client.remove(addonGvr, namespace, 'copy');
    await suite().addons.untilGone(namespace, 'copy');
    await suite().fence();
    expect(await target(namespace)).toBe('copy');
    expect((await secretIn(namespace))?.metadata.labels).toMatchObject({ 'addons.paas.dev/orphaned': 'true' });
    await suite().createAddon(namespace, 'copy', { plan: 'free', mode: 'protected', promote });
    const copy = await untilPromoted(namespace);
    await changePassword(namespace, 'copy', 'later');
    await eventually('the Secret to follow', async () => {
      const secret = await secretIn(namespace);
      expect(secretText(secret, 'DATABASE_URL')).toContain(':later@');
      expect(secret?.metadata.labels).toMatchObject({ 'addons.paas.dev/uid': copy.metadata.uid });
    });
  });

  it('whose app has no addon any more: the Secret is kept up to date, and spec.promote can be set again', async () => {
    const namespace = await promoted();
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await suite().patchAddon(namespace, 'copy', { promote: null });
    await suite().untilReason(namespace, 'copy', 'Promoted', 'PromotionEnding');
    await changePassword(namespace, 'copy', 'changed');
    await eventually('the Secret to follow', async () => {
      expect(secretText(await secretIn(namespace), 'DATABASE_URL')).toContain(':changed@');
    });
    await suite().patchAddon(namespace, 'copy', { promote });
    await untilPromoted(namespace);
  });

  it('of two addons to the same app: the first keeps the Secret, and the second one gets it once the first lets it go', async () => {
    const namespace = await promoted();
    await suite().createAddon(namespace, 'third', { plan: 'free', promote });
    const third = await suite().untilReason(namespace, 'third', 'Promoted', 'PromotionRefused');
    expect(conditionOf(third, 'Promoted')?.message).toContain('PostgresAddon "copy" is promoted to the same app');
    expect(third.status?.phase).toBe('running');
    expect(await target(namespace)).toBe('copy');
    await suite().patchAddon(namespace, 'copy', { promote: null });
    await untilPromoted(namespace, 'third');
    await untilOver(namespace);
    expect(await target(namespace)).toBe('third');
  });

  it('waits for a database that is not up', async () => {
    const namespace = await running({}, 'shop');
    suite().simulator.hold(namespace, clusterOf(namespace, 'copy'));
    await suite().createAddon(namespace, 'copy', { plan: 'free', promote });
    await suite().untilReason(namespace, 'copy', 'Promoted', 'PromotionPending');
    await suite().fence();
    expect(await target(namespace)).toBe('shop');
    suite().simulator.release(namespace, clusterOf(namespace, 'copy'));
    await untilPromoted(namespace);
    expect(await target(namespace)).toBe('copy');
  });

  it('that a crash interrupts at any write ends the same as one without', async () => {
    const isOurs = ({ user, operation }: Write): boolean => user === suite().operator.user && operation !== 'DELETE';
    const stops: readonly ((write: Write) => boolean)[] = [
      ({ resource, name }) => resource === 'postgresaddons/status' && name === 'copy',
      ({ resource, name }) => resource === 'secrets' && name === appSecret,
      ({ resource, name }) => resource === 'postgresaddons/status' && name === 'shop',
      ({ resource, name }) => resource === 'postgresaddons/status' && name === 'copy',
    ];
    /** The last one is held at its second write. */
    const turn = (index: number): number => (index === stops.length - 1 ? 2 : 1);
    const places = await Promise.all(stops.map(() => running({}, 'shop', 'copy')));
    const gates = await Promise.all(places.map((namespace) => suite().gate(namespace)));
    for (const change of [promote, null]) {
      const held = gates.map((gate, index) =>
        gate.hold(nth(turn(index), (write) => isOurs(write) && stops[index]?.(write) === true)),
      );
      for (const namespace of places) await suite().patchAddon(namespace, 'copy', { promote: change });
      await Promise.all(held);
      await suite().crashOperator();
      for (const namespace of places) {
        if (change === null) await untilOver(namespace);
        else await untilPromoted(namespace);
        const reason = change === null ? 'Published' : 'Superseded';
        await suite().untilReason(namespace, 'shop', 'CredentialsPublished', reason);
        expect(await target(namespace)).toBe(change === null ? 'shop' : 'copy');
      }
    }
  });

  it('lets neither database be restarted or changed', async () => {
    const namespace = await running({}, 'shop', 'copy');
    const versions = (): Promise<readonly (string | undefined)[]> =>
      Promise.all(
        ['shop', 'copy'].map(
          async (name) =>
            (await suite().client.get(clusterGvr, namespace, clusterOf(namespace, name)))?.metadata.resourceVersion,
        ),
      );
    const before = await versions();
    await suite().patchAddon(namespace, 'copy', { promote });
    await untilPromoted(namespace);
    await untilSuperseded(namespace);
    expect(await versions()).toEqual(before);
  });
});
