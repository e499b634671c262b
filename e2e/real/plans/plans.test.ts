// Changes of plan and version on the real CNPG: their effect on pods, volumes and data, and what the addon reports before, during and
// after. With both StorageClasses of the cluster: `standard` allows expansion, `fixed` does not.
//
// covers: S4 "Scaling" (storage, memory, replicas) and "Version upgrades" (minor by image and rolling restart, major by pg_upgrade);
// S2 item 5 (room to grow: larger plans).
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { fixedClass } from '../../../hack/cluster/manifests.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { providePostgresVersions, versionIn } from '../../../hack/install/postgres-versions.ts';
import { type AddonSpec, annotations } from '../../../src/api/addon.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { volumeClaimGvr } from '../../../src/api/workload.ts';
import { at, conditionOf, isRunning } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { lift, useStorageClass } from '../policies.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
let namespace = '';
let rigid = '';
/** The versions, as spec.version says them. */
let minor = '';
let upgrade = { from: '', to: '' };

const addons: Readonly<Record<string, AddonSpec>> = {
  growing: { plan: 'free' },
  rising: { plan: 'free', version: '17' },
  resting: { plan: 'free' },
};

beforeAll(async () => {
  namespace = await real().namespace('plans');
  rigid = await real().namespace('rigid');
  await useStorageClass(real(), rigid, fixedClass);
  real().atEnd(() => lift(real(), rigid));
  const versions = await providePostgresVersions(real().cluster, () => undefined);
  minor = versionIn(versions.minor);
  upgrade = { from: versionIn(versions.upgrade.from), to: versionIn(versions.upgrade.to) };
  await Promise.all([
    ...Object.entries(addons).map(([name, spec]) => begin(namespace, name, spec)),
    begin(namespace, 'older', { plan: 'free', version: upgrade.from }),
    begin(namespace, 'failing', { plan: 'free', version: upgrade.from }),
    begin(rigid, 'bound', { plan: 'free' }),
  ]);
});

async function begin(place: string, name: string, spec: AddonSpec): Promise<void> {
  await real().apply(place, name, spec);
  await real().running(place, name);
  await real().startApp(place, name);
  await real().sql(place, name, 'CREATE TABLE kept AS SELECT 42 AS answer');
}

/** Applies a spec and waits until it is carried out. @returns the addon, and what its status said meanwhile */
async function change(
  place: string,
  name: string,
  spec: AddonSpec,
): Promise<{ readonly addon: LiveObject; readonly meanwhile: readonly LiveObject[] }> {
  const seen = real().addons.of(place, name).length;
  await real().apply(place, name, spec);
  const addon = await real().addons.until(
    place,
    name,
    `running with ${JSON.stringify(spec)}`,
    (state) => isRunning(state) && conditionOf(state, 'PlanApplied')?.reason !== 'Applying',
    minutes(8),
  );
  return { addon, meanwhile: real().addons.of(place, name).slice(seen) };
}

/** What the pods and volumes have, and not what anybody says about them. */
async function factsOf(place: string, name: string): Promise<object> {
  const show = `SELECT answer, current_setting('shared_buffers'), current_setting('max_connections') FROM kept`;
  const own = `cnpg.io/cluster=${clusterName(place, name)}`;
  const [database, cluster, claims] = await Promise.all([
    real().sql(place, name, show),
    real().client.get(clusterGvr, place, clusterName(place, name)),
    real().client.list(volumeClaimGvr, place, own),
  ]);
  return {
    database,
    ready: cluster?.status?.readyInstances,
    disks: claims.map((claim) => at(claim, 'status', 'capacity', 'storage')),
  };
}

const stepsOf = (value: unknown): readonly unknown[] => (value as { readonly steps?: readonly unknown[] })?.steps ?? [];

/** free -> standard, in the words of the table of plans. */
const growth = [
  { what: 'memory', from: '256Mi', to: '1Gi' },
  { what: 'storage', from: '1Gi', to: '10Gi' },
  { what: 'shared_buffers', from: '64MB', to: '256MB' },
  { what: 'max_connections', from: '25', to: '100' },
  { what: 'backup', from: 'none', to: 'daily' },
];

describe('a preview', () => {
  it('shows what a plan would change, and applies nothing', async () => {
    const { client } = real();
    const before = await client.get(clusterGvr, namespace, clusterName(namespace, 'growing'));
    await real().apply(namespace, 'growing', { plan: 'free' }, { [annotations.preview]: 'standard' });
    const addon = await real().addons.until(
      namespace,
      'growing',
      'a preview',
      (state) => (state.status?.preview as { readonly plan?: string } | undefined)?.plan === 'standard',
    );
    expect(addon.status?.preview).toMatchObject({ plan: 'standard', steps: growth, restart: true, diskKept: false });
    expect(addon.status).toMatchObject({ phase: 'running', plan: 'free' });
    const after = await client.get(clusterGvr, namespace, clusterName(namespace, 'growing'));
    expect([after?.metadata.generation, after?.spec]).toEqual([before?.metadata.generation, before?.spec]);
    await real().apply(namespace, 'growing', { plan: 'free' });
    await real().addons.until(namespace, 'growing', 'no preview', (state) => state.status?.preview === undefined);
  });
});

describe('a change of plan', () => {
  it('up to standard is carried out as the preview said, and shown while it happens', async () => {
    const { ready_at: readyAt } = (await real().running(namespace, 'growing')).status ?? {};
    const { addon, meanwhile } = await change(namespace, 'growing', { plan: 'standard' });
    const shown = meanwhile.map(({ status }) => status?.planChange).filter((value) => value !== undefined);
    expect(shown[0]).toMatchObject({ from: 'free', to: 'standard', restart: true, diskKept: false, state: 'Applying' });
    for (const value of shown) expect(stepsOf(value)).toEqual(growth);
    expect(addon.status?.planChange).toMatchObject({ state: 'Applied' });
    expect(meanwhile.map(({ status }) => status?.phase)).toContain('provisioning');
    expect(addon.status).toMatchObject({ ready_at: readyAt, resources: { storage: '10Gi', memory: '1Gi' } });
    await eventually('the facts of standard', async () =>
      expect(await factsOf(namespace, 'growing')).toEqual({ database: '42|256MB|100', ready: 1, disks: ['10Gi'] }),
    );
  });

  it('down keeps the disk and says so', async () => {
    const { addon } = await change(namespace, 'growing', { plan: 'free' });
    expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'DiskNotShrunk' });
    expect(addon.status?.planChange).toMatchObject({ from: 'standard', to: 'free', diskKept: true, state: 'Applied' });
    expect(addon.status?.resources).toMatchObject({ storage: '10Gi', memory: '256Mi' });
    expect(await factsOf(namespace, 'growing')).toEqual({ database: '42|64MB|25', ready: 1, disks: ['10Gi'] });
  });

  it('on a StorageClass that cannot grow is applied except for the disk, which is reported; CNPG still reconciles the Cluster', async () => {
    const { addon } = await change(rigid, 'bound', { plan: 'standard' });
    expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'False', reason: 'StorageNotExpandable' });
    const message = conditionOf(addon, 'PlanApplied')?.message ?? '';
    for (const word of ['1Gi', '10Gi', `"${fixedClass}"`, `${clusterName(rigid, 'bound')}-1`])
      expect(message).toContain(word);
    expect(addon.status?.planChange).toMatchObject({ state: 'Partial' });
    expect(addon.status?.resources).toMatchObject({ storage: '1Gi', memory: '1Gi' });
    expect(await factsOf(rigid, 'bound')).toEqual({ database: '42|256MB|100', ready: 1, disks: ['1Gi'] });
    expect(await real().event(rigid, 'bound', 'StorageNotExpandable')).toMatchObject({ type: 'Warning' });

    // CNPG still follows: a lost pod comes back.
    const pod = `${clusterName(rigid, 'bound')}-1`;
    await real().kubectl(['delete', 'pod', pod, '--namespace', rigid, '--grace-period=0', '--force']);
    await real().addons.until(rigid, 'bound', 'not running', (state) => !isRunning(state));
    await real().running(rigid, 'bound');
    expect(await real().sql(rigid, 'bound', 'SELECT answer FROM kept')).toBe('42');
  });
});

describe('a suspended addon', () => {
  it('says so and lets a change wait; then it is carried out', async () => {
    const before = await real().client.get(clusterGvr, namespace, clusterName(namespace, 'resting'));
    await real().apply(namespace, 'resting', { plan: 'standard', suspend: true });
    const addon = await real().reason(namespace, 'resting', 'Suspended', 'Suspended');
    expect(conditionOf(addon, 'Suspended')?.status).toBe('True');
    // The database is unchanged, and status still reports that.
    expect(addon.status?.phase).toBe('running');
    const after = await real().client.get(clusterGvr, namespace, clusterName(namespace, 'resting'));
    expect(after?.metadata.generation).toBe(before?.metadata.generation);
    expect(await real().sql(namespace, 'resting', 'SELECT answer FROM kept')).toBe('42');

    const { addon: resumed } = await change(namespace, 'resting', { plan: 'standard' });
    expect(conditionOf(resumed, 'Suspended')).toBeUndefined();
    expect(await factsOf(namespace, 'resting')).toMatchObject({ database: '42|256MB|100' });
  });
});

describe('a change of version', () => {
  const versionOf = (name: string): Promise<string> => real().sql(namespace, name, 'SHOW server_version');

  it('to a minor restarts with the new image and keeps the data', async () => {
    const { addon } = await change(namespace, 'rising', { plan: 'free', version: minor });
    expect(addon.status).toMatchObject({ version: minor, planChange: { state: 'Applied' } });
    expect(stepsOf(addon.status?.planChange)).toEqual([{ what: 'version', from: '17', to: minor }]);
    expect(String(addon.status?.image)).toMatch(new RegExp(`:${minor}-`));
    expect(await versionOf('rising')).toContain(minor);
    expect(await real().sql(namespace, 'rising', 'SELECT answer FROM kept')).toBe('42');
  });

  it('to a later major upgrades in place, with the data', async () => {
    const { ready_at: readyAt } = (await real().running(namespace, 'older')).status ?? {};
    expect(await versionOf('older')).toMatch(new RegExp(`^${upgrade.from}`));
    const { addon, meanwhile } = await change(namespace, 'older', { plan: 'free', version: upgrade.to });
    expect(meanwhile.map(({ status }) => status?.phase)).toContain('provisioning');
    expect(addon.status).toMatchObject({ version: upgrade.to, ready_at: readyAt, planChange: { state: 'Applied' } });
    expect(await versionOf('older')).toMatch(new RegExp(`^${upgrade.to}`));
    expect(await real().sql(namespace, 'older', 'SELECT answer FROM kept')).toBe('42');
  });

  it('to a later major that fails is tried again without its Job, reverted by spec.version, and succeeds without the cause', async () => {
    const name = clusterName(namespace, 'failing');
    const image = async (): Promise<unknown> => (await real().client.get(clusterGvr, namespace, name))?.spec?.imageName;
    const inside = ['--namespace', namespace, `${name}-1`, '--container', 'postgres'];
    const psql = (sql: string): Promise<string> => real().kubectl(['exec', ...inside, '--', 'psql', '--command', sql]);
    await psql('CREATE DATABASE closed ALLOW_CONNECTIONS false');
    await real().apply(namespace, 'failing', { plan: 'free', version: upgrade.to });
    const failed = await real().reason(namespace, 'failing', 'Ready', 'UpgradeFailed');
    expect(await image()).toMatch(new RegExp(`:${upgrade.to}-`));

    // The log says why, and CNPG makes another Job, which fails as well: the cause is in the data.
    const [, command = ''] = /kubectl (logs .*?);/.exec(conditionOf(failed, 'Ready')?.message ?? '') ?? [];
    expect(await real().kubectl(command.split(' '))).toContain('datallowconn');
    const job = ['job', `${name}-1-major-upgrade`, '--namespace', namespace];
    const uid = (): Promise<string> => real().kubectl(['get', ...job, '--output', 'jsonpath={.metadata.uid}']);
    const first = await uid();
    await real().kubectl(['delete', ...job]);
    await eventually('another Job', async () => expect(await uid()).not.toBe(first));
    await real().kubectl(['wait', ...job, '--for=condition=Failed', '--timeout=10m']);

    await real().reason(namespace, 'failing', 'Ready', 'UpgradeFailed');
    await real().apply(namespace, 'failing', { plan: 'free', version: upgrade.from });
    await eventually('the image of the data', async () =>
      expect(await image()).toMatch(new RegExp(`:${upgrade.from}-`)),
    );
    const addon = await real().running(namespace, 'failing');
    expect(addon.status).toMatchObject({ version: upgrade.from, running: { version: upgrade.from } });
    expect(await real().sql(namespace, 'failing', 'SELECT answer FROM kept')).toBe('42');

    await psql('ALTER DATABASE closed ALLOW_CONNECTIONS true');
    await change(namespace, 'failing', { plan: 'free', version: upgrade.to });
    expect(await versionOf('failing')).toMatch(new RegExp(`^${upgrade.to}`));
    expect(await real().sql(namespace, 'failing', 'SELECT answer FROM kept')).toBe('42');
  });

  it('to one that has never run is left by the way that docs/versions.md says, and to a lower one is refused', async () => {
    const name = clusterName(namespace, 'rising');
    await real().apply(namespace, 'rising', { plan: 'free', version: '17.99' });
    await real().reason(namespace, 'rising', 'Ready', 'ImagePullFailed');
    await real().apply(namespace, 'rising', { plan: 'free', version: minor });
    await eventually('the image that runs', async () =>
      expect((await real().client.get(clusterGvr, namespace, name))?.spec?.imageName).toMatch(new RegExp(`:${minor}-`)),
    );
    await real().kubectl(['delete', 'pod', `${name}-1`, '--namespace', namespace]);
    await real().running(namespace, 'rising');
    await real().apply(namespace, 'rising', { plan: 'free', version: '17.1' });
    await real().reason(namespace, 'rising', 'PlanApplied', 'DowngradeRefused');
    expect(await versionOf('rising')).toContain(minor);
    expect(await real().sql(namespace, 'rising', 'SELECT answer FROM kept')).toBe('42');
  });
});
