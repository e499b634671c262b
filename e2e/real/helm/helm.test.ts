// The life of an installation by Helm: before CloudNativePG, a second one, an upgrade from the last release and back, an uninstallation with
// and without the CRD, and two releases with namespaces of their own. It runs alone, and last: it takes away what all tests need.
//
// covers: S3, "helm upgrade of the operator restarts no database"; S1, two teams with an operator each.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { customResourceDefinitions } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { installChart, operatorNamespace, provideImage, releaseName } from '../../../hack/install/operator.ts';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';
import { type AddonSpec, addonGvr } from '../../../src/api/addon.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { podGvr } from '../../../src/api/workload.ts';
import { type AuditedRequest, isWrite, type Mark } from '../../harness/audit.ts';
import { at, conditionOf, isRunning } from '../../harness/views.ts';
import { clusterName, identityOf, secretName, untilNothingIsLeft } from '../belongings.ts';
import { Desk, Document } from '../documents.ts';
import { inTurn } from '../in-turn.ts';
import { minutes, operatorUser, useReal } from '../real.ts';
import { chartArguments, helm, helmDone, installedCnpg, podsOf } from './helm.ts';
import { type Installable, lastRelease, provideRevision } from './revision.ts';

const real = useReal();
const say = (line: string): void => console.error(line);
const crd = `${addonGvr.plural}.${addonGvr.group}`;

const release = lastRelease();

/** The chart of this checkout. */
let present: Installable;
/** That of the last release, once it is built. */
let built: Promise<Installable> | undefined;
let namespace = '';

const install = (values: object = {}, what = present, more: readonly string[] = []): Promise<string> =>
  helmDone(
    real(),
    [...chartArguments('install', releaseName, operatorNamespace, what), ...more],
    JSON.stringify(values),
  );
const upgrade = (what: Installable, values: object = {}): Promise<string> =>
  helmDone(real(), chartArguments('upgrade', releaseName, operatorNamespace, what), JSON.stringify(values));
const uninstall = (release = releaseName, where = operatorNamespace): Promise<string> =>
  helmDone(real(), ['uninstall', release, '--namespace', where, '--wait', '--timeout', '2m']);

const installFor = (release: string, home: string, values: object, ...more: readonly string[]): Promise<string> =>
  helmDone(real(), [...chartArguments('install', release, home, present), ...more], JSON.stringify(values));
const withoutFinalizers = ['--type', 'merge', '--patch', '{"metadata":{"finalizers":null}}'];

const definition = (): Promise<LiveObject | undefined> => real().client.get(customResourceDefinitions, undefined, crd);

/** Deletes the CRD; its addons have to be gone before. */
async function removeDefinition(): Promise<void> {
  await real().client.remove(customResourceDefinitions, undefined, crd);
  await untilNoDefinition();
}

const untilNoDefinition = (): Promise<void> =>
  eventually('the CRD to be gone', async () => expect(await definition()).toBeUndefined());

beforeAll(async () => {
  present = {
    chart: join(repositoryRoot, 'charts', 'postgres-addon-operator'),
    image: await provideImage(real().cluster, say),
  };
  // It takes minutes, and the first tests mostly wait.
  if (release !== undefined) built = provideRevision(real().cluster, release, say);
  // Whoever needs it hears of its failure.
  built?.catch(() => undefined);
  await eventually(
    'the addons and databases of other tests to be gone',
    async () => {
      // The operator has to release those that are protected.
      for (const gvr of [addonGvr, clusterGvr]) expect(await real().client.list(gvr)).toEqual([]);
    },
    { timeoutMilliseconds: minutes(4) },
  );
  await uninstall();
  await removeDefinition();
  namespace = await real().namespace('helm');
});

afterAll(async () => {
  await built?.catch(() => undefined);
  await helm(real(), ['uninstall', releaseName, '--namespace', operatorNamespace, '--wait']);
  await install({}, present, ['--take-ownership']);
  await installChart(real().cluster, present.image, say);
});

describe('an installation', () => {
  it('before CloudNativePG: it says so, so does an addon, and both need nothing once it is installed', async () => {
    const cnpg = await installedCnpg(real());
    real().atEnd(() => cnpg.restore());
    await cnpg.remove();
    expect(await install()).toContain('CloudNativePG is not installed');
    const pods = await podsOf(real(), operatorNamespace, releaseName);
    await real().apply(namespace, 'early', { plan: 'free' });
    await real().reason(namespace, 'early', 'Ready', 'CNPGNotInstalled');
    await cnpg.restore();
    await real().running(namespace, 'early');
    expect(await podsOf(real(), operatorNamespace, releaseName)).toEqual(pods);
  });

  it('a second time, under the same name or another: refused with what is there, and the first one is as it was', async () => {
    const before = [await definition(), await podsOf(real(), operatorNamespace, releaseName)];
    const again = await helm(real(), chartArguments('install', releaseName, operatorNamespace, present), '{}');
    expect(again).toMatchObject({
      code: 1,
      output: expect.stringMatching(/cannot re-?use a name that is still in use/),
    });
    const other = await real().namespace('second');
    const second = await helm(real(), chartArguments('install', 'second', other, present), '{}');
    expect(second.code).toBe(1);
    // Helm's words: what exists already, and of which release it is.
    for (const words of [crd, releaseName, operatorNamespace]) expect(second.output).toContain(words);
    expect([await definition(), await podsOf(real(), operatorNamespace, releaseName)]).toEqual(before);
  });

  it('is tested by helm test: a database comes up, is logged in to, and is gone again', async () => {
    const output = await helmDone(real(), ['test', releaseName, '--namespace', operatorNamespace, '--logs']);
    expect(output).toMatch(/Phase:\s+Succeeded/);
    expect(await real().client.list(addonGvr, operatorNamespace)).toEqual([]);
    expect(await real().client.list(clusterGvr, operatorNamespace)).toEqual([]);
  });
});

/** The addons that live through upgrades and uninstallations. */
const living: Readonly<Record<string, AddonSpec>> = {
  early: { plan: 'free' },
  kept: { plan: 'free', mode: 'protected' },
  daily: { plan: 'standard' },
  ...Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`free-${index}`, { plan: 'free' as const }])),
};
const names = Object.keys(living);

const identities = (): Promise<readonly object[]> =>
  Promise.all(names.map((name) => identityOf(real(), namespace, name)));

/** What was seen and written since. */
interface Since {
  readonly mark: Mark;
  readonly states: ReadonlyMap<string, number>;
  readonly identities: readonly object[];
}

async function begin(): Promise<Since> {
  return {
    mark: await real().audit.mark(),
    states: new Map(names.map((name) => [name, real().addons.of(namespace, name).length])),
    identities: await identities(),
  };
}

/** The leader works: an addon that is created now runs. By then it has been through all others, too. */
async function untilReconciled(name: string): Promise<void> {
  await real().apply(namespace, name, { plan: 'free' });
  await real().running(namespace, name);
  await real().kubectl(['delete', 'pga', name, '--namespace', namespace, '--wait=false']);
}

/** The requests of the operator that changed something of the living addons. */
async function writesSince(mark: Mark): Promise<readonly AuditedRequest[]> {
  const ours = new Set(names.flatMap((name) => [name, secretName(name), clusterName(namespace, name)]));
  const isOurs = ({ user, namespace: where, name }: AuditedRequest): boolean =>
    user === operatorUser && where === namespace && ours.has(name ?? '');
  return (await real().audit.since(mark)).filter((request) => isWrite(request) && isOurs(request));
}

/** The CRD and the operator's Deployment, in the order in which Helm wrote them since. */
async function orderSince(mark: Mark): Promise<readonly string[]> {
  const writes = (await real().audit.since(mark)).filter(
    (request) =>
      isWrite(request) &&
      !request.user.startsWith('system:') &&
      ((request.resource === 'customresourcedefinitions' && request.name === crd) ||
        (request.resource === 'deployments' && request.name === releaseName)),
  );
  return writes.map(({ resource }) => resource).filter((resource, index, all) => resource !== all[index - 1]);
}

/** Waits until nothing is written any more: databases that have just come up settle for a moment. */
async function untilQuiet(mark: Mark): Promise<void> {
  const quiet = 10_000;
  await eventually('the last write', async () => {
    const last = Math.max(0, ...(await writesSince(mark)).map(({ answeredAt }) => answeredAt));
    expect(Date.now() - last).toBeGreaterThan(quiet);
  });
}

/** The same instances, volumes and URLs; never anything but running; and no write to anything of theirs. */
async function expectUndisturbed(since: Since): Promise<void> {
  expect(await identities()).toEqual(since.identities);
  for (const name of names) {
    const seen = real().addons.of(namespace, name).slice(since.states.get(name));
    expect(seen.filter((state) => !isRunning(state)).map(({ status }) => status)).toEqual([]);
  }
  expect(await writesSince(since.mark)).toEqual([]);
}

const upgrades = release === undefined ? describe.skip : describe;
upgrades(`an upgrade from ${release?.slice(0, 12)} with ${names.length} addons`, () => {
  beforeAll(async () => {
    const earlier = await built;
    await uninstall();
    await install({}, earlier);
    const mark = await real().audit.mark();
    await inTurn(Object.entries(living), 5, async ([name, spec]) => {
      await real().apply(namespace, name, spec);
      await real().running(namespace, name);
    });
    await untilQuiet(mark);
  });

  it('changes the CRD before the operator, restarts no database, changes no status, and writes nothing', async () => {
    const since = await begin();
    await upgrade(present);
    expect(await orderSince(since.mark)).toEqual(['customresourcedefinitions', 'deployments']);
    await untilReconciled('after-upgrade');
    await expectUndisturbed(since);
  });

  it('and so does the way back', async () => {
    const since = await begin();
    await helmDone(real(), ['rollback', releaseName, '--namespace', operatorNamespace, '--wait', '--timeout', '3m']);
    await untilReconciled('after-rollback');
    await expectUndisturbed(since);
    await upgrade(present);
  });
});

describe('an uninstallation', () => {
  beforeAll(async () => {
    // Without a history there was no upgrade.
    await Promise.all(
      ['early', 'kept', 'daily'].map(async (name) => {
        await real().apply(namespace, name, living[name] ?? { plan: 'free' });
        await real().running(namespace, name);
      }),
    );
    const rest = names.filter((name) => name.startsWith('free-'));
    await real().kubectl(['delete', 'pga', ...rest, '--namespace', namespace, '--ignore-not-found', '--wait']);
  });

  const few = ['early', 'kept', 'daily'];
  const ofFew = (): Promise<readonly object[]> => Promise.all(few.map((name) => identityOf(real(), namespace, name)));

  it('keeps the CRD, the addons and the databases, and says so; an installation goes on with them', async () => {
    await real().startApp(namespace, 'early');
    const before = await ofFew();
    expect(await uninstall()).toContain(crd);
    expect(await real().sql(namespace, 'early', 'SELECT 1')).toBe('1');
    expect(await ofFew()).toEqual(before);
    await install();
    await untilReconciled('after-install');
    expect(await ofFew()).toEqual(before);
    await real().stopApp(namespace, 'early');
  });

  it('with crds.keep=false deletes the addons, as its documentation says, but no protected database, which a later addon adopts', async () => {
    const kept = await identityOf(real(), namespace, 'kept');
    const { uid } = real().addons.latest(namespace, 'kept').metadata;
    await upgrade(present, { crds: { keep: false } });
    // An operator that still stops could release the protected addon.
    await real().kubectl(['scale', 'deployment', releaseName, '--namespace', operatorNamespace, '--replicas=0']);
    await eventually('the operator to be gone', async () => {
      const label = `app.kubernetes.io/instance=${releaseName}`;
      expect(await real().client.list(podGvr, operatorNamespace, label)).toEqual([]);
    });
    // Without --wait: the CRD waits for the protected addon, whose finalizer nobody removes any more.
    await helmDone(real(), ['uninstall', releaseName, '--namespace', operatorNamespace]);
    await untilNothingIsLeft(real(), namespace, 'early');
    await untilNothingIsLeft(real(), namespace, 'daily');
    expect(await definition()).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) } });
    await real().kubectl(['patch', 'pga', 'kept', '--namespace', namespace, ...withoutFinalizers]);
    await untilNoDefinition();
    expect(await identityOf(real(), namespace, 'kept')).toEqual(kept);

    await install();
    await real().apply(namespace, 'kept', { plan: 'free', mode: 'protected' });
    const again = await real().running(namespace, 'kept');
    expect(again.metadata.uid).not.toBe(uid);
    expect(conditionOf(again, 'Adopted')).toMatchObject({ status: 'True' });
    expect(await identityOf(real(), namespace, 'kept')).toEqual(kept);
  });

  it('with all data, by the commands of the README: also of protected addons, one suspended and one deleted before', async () => {
    await real().apply(namespace, 'left', { plan: 'free', mode: 'protected' });
    await real().running(namespace, 'left');
    await real().kubectl(['delete', 'pga', 'left', '--namespace', namespace, '--wait']);
    await real().apply(namespace, 'kept', { plan: 'free', mode: 'protected', suspend: true });
    await real().reason(namespace, 'kept', 'Suspended', 'Suspended');
    const blocks = (await Document.read('README.md')).section('## Install').blocks('sh');
    const [ofAddons = '', ofTheRest = ''] = ['kubectl delete pga', 'kubectl delete cluster'].map((beginning) =>
      blocks.find((block) => block.startsWith(beginning)),
    );
    const desk = await Desk.set(real(), namespace);
    expect(await desk.run(ofAddons)).toContain('"kept" deleted');
    expect(await real().client.list(addonGvr)).toEqual([]);
    expect(await desk.run(ofTheRest)).toContain(`"${clusterName(namespace, 'kept')}" deleted`);
    expect(await definition()).toBeUndefined();
    for (const name of ['left', 'kept']) await untilNothingIsLeft(real(), namespace, name);
  });
});

describe('two releases with namespaces of their own', () => {
  it('each operates the addons of its own, with its own plans, and touches nothing else', async () => {
    await uninstall();
    const teams = await Promise.all(['one', 'two'].map((team) => real().namespace(team)));
    const nobody = await real().namespace('none');
    const homes = await Promise.all(['home-one', 'home-two'].map((home) => real().namespace(home)));
    const [one = '', two = ''] = teams;
    // The first one takes the CRD over, which the uninstallation kept.
    await installFor('one', homes[0] ?? '', { watchNamespaces: [one] }, '--take-ownership');
    const plans = { free: { maxConnections: 40 } };
    // Some of its objects have no namespace, and an interrupted run may have left them.
    const values = { watchNamespaces: [two], crds: { enabled: false }, plans };
    await installFor('two', homes[1] ?? '', values, '--take-ownership');
    const mark = await real().audit.mark();
    await Promise.all([...teams, nobody].map((where) => real().apply(where, 'shop', { plan: 'free' })));
    const running = await Promise.all(teams.map((team) => real().running(team, 'shop')));
    const connections = await Promise.all(
      teams.map(async (team) => {
        const cluster = await real().client.get(clusterGvr, team, clusterName(team, 'shop'));
        return at(cluster, 'spec', 'postgresql', 'parameters', 'max_connections');
      }),
    );
    expect(connections).toEqual(['25', '40']);
    expect(running.map(({ status }) => status?.operator)).toEqual(
      ['one', 'two'].map((release, index) => `${homes[index]}/${release}-${releaseName}`),
    );
    // By the schema's default.
    expect((await real().client.get(addonGvr, nobody, 'shop'))?.status).toEqual({ observedGeneration: -1 });
    const users = homes.map((home, index) => `system:serviceaccount:${home}:${['one', 'two'][index]}-${releaseName}`);
    for (const [index, user] of users.entries()) {
      const written = (await real().audit.since(mark)).filter((request) => request.user === user && isWrite(request));
      expect([...new Set(written.map((request) => request.namespace))].sort()).toEqual(
        [homes[index] ?? '', teams[index] ?? ''].sort(),
      );
      expect(written.filter(({ code }) => code === 403)).toEqual([]);
    }
    // The second one has no CRD of its own; its test runs in the namespace that it watches.
    const output = await helmDone(real(), ['test', 'two', '--namespace', homes[1] ?? '', '--logs']);
    expect(output).toMatch(/Phase:\s+Succeeded/);
    const removed = [one, two].map((team) => real().kubectl(['delete', 'pga', 'shop', '--namespace', team, '--wait']));
    await Promise.all(removed);
    await Promise.all([uninstall('two', homes[1]), uninstall('one', homes[0])]);
  });
});
