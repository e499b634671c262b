// Protection against mistakes: every way to delete an addon, in either mode, on the real CNPG and with an application that stays
// connected.
//
// covers: protected mode and re-adoption. S0: "mode: protected" of an addon that is deleted and applied again; S2 item 2 (an addon
// removed from git), S2 item 4 (no DATABASE_URL that leads to a deleted database: URL and database go, or stay, together).
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { namespaces } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { type AddonSpec, annotations, labels, protectionFinalizer } from '../../../src/api/addon.ts';
import { isWrite, tally } from '../../harness/audit.ts';
import { childrenIn, everyChildOf } from '../../harness/database.ts';
import { at, conditionOf } from '../../harness/views.ts';
import { belongingsOf, clusterName, identityOf, untilNothingIsLeft } from '../belongings.ts';
import { operatorUser, useReal } from '../real.ts';
import type { Session } from '../session.ts';

const real = useReal();
let namespace = '';
let doomed = '';

/** All databases of this file come up side by side. */
const specs: Readonly<Record<string, AddonSpec>> = {
  // With backups, so that there is a ScheduledBackup to keep.
  guarded: { plan: 'standard', mode: 'protected' },
  switched: { plan: 'standard' },
  released: { plan: 'free', mode: 'protected' },
  orphaned: { plan: 'free' },
  misfit: { plan: 'free', mode: 'protected' },
  plain: { plan: 'free' },
};
const specOf = (name: string): AddonSpec => {
  const spec = specs[name];
  if (spec === undefined) throw new Error(`no such addon: ${name}`);
  return spec;
};

type Propagation = 'background' | 'foreground' | 'orphan';
const remove = (name: string, cascade: Propagation): Promise<string> =>
  real().kubectl(['delete', 'pga', name, '--namespace', namespace, `--cascade=${cascade}`, '--wait', '--timeout=10m']);
const readyAt = (addon: LiveObject): unknown => addon.status?.ready_at;

beforeAll(async () => {
  namespace = await real().namespace('keep');
  doomed = await real().namespace('end');
  await Promise.all(Object.entries(specs).map(([name, spec]) => real().apply(namespace, name, spec)));
  await real().apply(doomed, 'guarded', { plan: 'free', mode: 'protected' });
  await Promise.all([
    ...Object.keys(specs).map(async (name) => {
      await real().running(namespace, name);
      await real().startApp(namespace, name);
      await real().sql(namespace, name, `CREATE TABLE kept AS SELECT '${name}'::text AS of`);
    }),
    real().running(doomed, 'guarded'),
  ]);
});

/** Applies the same addon again and checks that it got back exactly what it had. */
async function isTakenBack(name: string, before: object, firstReadyAt: unknown, session?: Session): Promise<void> {
  await real().apply(namespace, name, specOf(name));
  const addon = await real().running(namespace, name);
  expect(await identityOf(real(), namespace, name)).toEqual(before);
  expect(readyAt(addon)).toBe(firstReadyAt);
  expect(conditionOf(addon, 'Adopted')).toMatchObject({ status: 'True', reason: 'Adopted' });
  expect(await real().event(namespace, name, 'Adopted')).toMatchObject({ type: 'Normal' });
  expect(await real().sql(namespace, name, 'SELECT of FROM kept')).toBe(name);
  for (const child of everyChildOf(await belongingsOf(real(), namespace, name))) {
    expect(child.metadata.labels).toMatchObject({ [labels.uid]: addon.metadata.uid });
    expect(child.metadata.labels).not.toHaveProperty([labels.orphaned]);
  }
  if (session !== undefined) expect(await session.ask('SELECT of FROM kept')).toBe(name);
}

/** Whether the children live without an addon, and say so. */
async function isLeftInService(name: string, uid: string, firstReadyAt: unknown): Promise<void> {
  const children = await belongingsOf(real(), namespace, name);
  expect(childrenIn(children)).toHaveLength(specOf(name).plan === 'free' ? 2 : 3);
  for (const child of everyChildOf(children)) {
    expect(child.metadata.ownerReferences ?? []).toEqual([]);
    expect(child.metadata.deletionTimestamp).toBeUndefined();
    expect(child.metadata.labels).toMatchObject({ [labels.orphaned]: 'true', [labels.uid]: uid });
  }
  expect(children.cluster?.metadata.annotations).toMatchObject({
    [annotations.formerUid]: uid,
    [annotations.readyAt]: firstReadyAt,
  });
}

describe('a protected addon', () => {
  it('shows that it is protected: no owner references, a finalizer, a condition', async () => {
    const addon = await real().running(namespace, 'guarded');
    expect(conditionOf(addon, 'Protected')).toMatchObject({ status: 'True', reason: 'Protected' });
    expect(addon.metadata.finalizers).toContain(protectionFinalizer);
    for (const child of everyChildOf(await belongingsOf(real(), namespace, 'guarded')))
      expect(child.metadata.ownerReferences ?? []).toEqual([]);
    const unprotected = await real().running(namespace, 'plain');
    expect(conditionOf(unprotected, 'Protected')).toBeUndefined();
    expect(unprotected.metadata.finalizers ?? []).toEqual([]);
  });

  it('deleted in any way leaves all in service under an open session, and applied again adopts everything', async () => {
    const session = await real().session(namespace, 'guarded');
    const backend = await session.ask('SELECT pg_backend_pid()');
    const before = await identityOf(real(), namespace, 'guarded');
    for (const cascade of ['background', 'foreground', 'orphan'] as const) {
      const addon = await real().running(namespace, 'guarded');
      await remove('guarded', cascade);
      await isLeftInService('guarded', addon.metadata.uid, readyAt(addon));
      expect(await identityOf(real(), namespace, 'guarded')).toEqual(before);
      // While no addon manages it: the old session, and a new login.
      expect(await session.ask('SELECT pg_backend_pid()')).toBe(backend);
      expect(await real().sql(namespace, 'guarded', 'SELECT of FROM kept')).toBe('guarded');
      await isTakenBack('guarded', before, readyAt(addon), session);
      expect(await session.ask('SELECT pg_backend_pid()')).toBe(backend);
    }
    expect(session.end).toBeUndefined();
  });

  it('is adopted with the minimum of requests', async () => {
    await remove('guarded', 'background');
    const mark = await real().audit.mark();
    await real().apply(namespace, 'guarded', specOf('guarded'));
    await real().running(namespace, 'guarded');
    const asked = (await real().audit.since(mark)).filter(
      (request) =>
        request.user === operatorUser &&
        request.namespace === namespace &&
        request.name.includes('guarded') &&
        request.resource !== 'events',
    );
    expect(tally(asked.filter(isWrite))).toEqual(takingBack);
  });

  it('says what the deletion did, when nothing but Events is left of the addon', async () => {
    const released = await real().event(namespace, 'guarded', 'Released');
    for (const word of [clusterName(namespace, 'guarded'), 'stay in service', 'apply this PostgresAddon again'])
      expect(released.note).toContain(word);
  });
});

/** Each child once, the finalizer, and the status of both rounds. */
const takingBack = {
  'patch clusters': 1,
  'patch postgresaddons': 1,
  'patch postgresaddons/status': 2,
  'patch scheduledbackups': 1,
  'patch secrets': 1,
};

describe('a change of mode', () => {
  it('to protected works at once: a deletion keeps all; back to standard a foreground deletion removes all', async () => {
    const session = await real().session(namespace, 'switched');
    const backend = await session.ask('SELECT pg_backend_pid()');
    const before = await identityOf(real(), namespace, 'switched');
    await real().apply(namespace, 'switched', { plan: 'standard', mode: 'protected' });
    const addon = await real().reason(namespace, 'switched', 'Protected', 'Protected');
    await remove('switched', 'foreground');
    await isLeftInService('switched', addon.metadata.uid, readyAt(addon));
    expect(await session.ask('SELECT pg_backend_pid()')).toBe(backend);

    // It comes back as a standard addon: owned again.
    await isTakenBack('switched', before, readyAt(addon), session);
    const again = await real().addons.until(
      namespace,
      'switched',
      'no finalizer',
      (state) => (state.metadata.finalizers ?? []).length === 0,
    );
    for (const child of everyChildOf(await belongingsOf(real(), namespace, 'switched')))
      expect(child.metadata.ownerReferences).toMatchObject([{ uid: again.metadata.uid, controller: true }]);
    expect(await session.ask('SELECT pg_backend_pid()')).toBe(backend);
    // CloudNativePG lets open sessions end by themselves for three minutes before it stops an instance.
    await session.close();
    await remove('switched', 'foreground');
    await untilNothingIsLeft(real(), namespace, 'switched');
  });

  it('to standard immediately before the deletion applies: everything is deleted', async () => {
    const mode = JSON.stringify({ spec: { mode: 'standard' } });
    await real().kubectl(['patch', 'pga', 'released', '--namespace', namespace, '--type=merge', '--patch', mode]);
    await remove('released', 'background');
    await untilNothingIsLeft(real(), namespace, 'released');
  });
});

describe('a standard addon', () => {
  it('deleted with --cascade=orphan leaves its children, and applied again adopts them', async () => {
    const session = await real().session(namespace, 'orphaned');
    const backend = await session.ask('SELECT pg_backend_pid()');
    const before = await identityOf(real(), namespace, 'orphaned');
    const addon = await real().running(namespace, 'orphaned');
    await remove('orphaned', 'orphan');
    for (const child of everyChildOf(await belongingsOf(real(), namespace, 'orphaned')))
      expect(child.metadata.ownerReferences ?? []).toEqual([]);
    expect(await session.ask('SELECT pg_backend_pid()')).toBe(backend);
    await isTakenBack('orphaned', before, readyAt(addon), session);
    expect(await session.ask('SELECT pg_backend_pid()')).toBe(backend);
    await session.close();
  });

  it.each(['plain', 'orphaned'] as const)('deleted otherwise takes everything with it (%s)', async (name) => {
    await remove(name, name === 'plain' ? 'background' : 'foreground');
    await untilNothingIsLeft(real(), namespace, name);
  });
});

describe('a database that was left behind', () => {
  const untouched = async (): Promise<readonly (string | undefined)[]> =>
    childrenIn(await belongingsOf(real(), namespace, 'misfit')).map(({ metadata, spec, data }) =>
      JSON.stringify({ uid: metadata.uid, labels: metadata.labels, annotations: metadata.annotations, spec, data }),
    );

  it('is refused to an addon that it does not fit, and to one of another name; nothing of it is touched', async () => {
    const addon = await real().running(namespace, 'misfit');
    await remove('misfit', 'background');
    const before = await untouched();
    const identity = await identityOf(real(), namespace, 'misfit');

    await real().apply(namespace, 'misfit', { ...specOf('misfit'), database: { name: 'other' } });
    const refused = await real().reason(namespace, 'misfit', 'Ready', 'AdoptionRefused');
    expect(conditionOf(refused, 'Stalled')).toMatchObject({ status: 'True', reason: 'AdoptionRefused' });
    for (const word of [clusterName(namespace, 'misfit'), '"app"', '"other"', 'spec.database.name'])
      expect(conditionOf(refused, 'Ready')?.message).toContain(word);
    expect(await real().event(namespace, 'misfit', 'AdoptionRefused')).toMatchObject({ type: 'Warning' });
    expect(await untouched()).toEqual(before);
    await remove('misfit', 'background');

    await real().apply(namespace, 'claimant', { ...specOf('misfit'), appId: 'misfit' });
    const claimed = await real().reason(namespace, 'claimant', 'Ready', 'AdoptionRefused');
    expect(conditionOf(claimed, 'Ready')?.message).toContain('misfit');
    expect(await untouched()).toEqual(before);
    await remove('claimant', 'background');

    expect(await untouched()).toEqual(before);
    await isTakenBack('misfit', identity, readyAt(addon));
  });

  it('stays with the addon that lives: a second claimant of the same appId gets a NameConflict', async () => {
    const before = await untouched();
    await real().apply(namespace, 'claimant', { ...specOf('misfit'), appId: 'misfit' });
    const claimed = await real().reason(namespace, 'claimant', 'Ready', 'NameConflict');
    expect(conditionOf(claimed, 'Stalled')?.status).toBe('True');
    expect(await untouched()).toEqual(before);
    await remove('claimant', 'background');
    expect(await untouched()).toEqual(before);
  });
});

describe('a deletion of the namespace', () => {
  it('ends protection: everything goes and the deletion completes', async () => {
    await real().kubectl(['delete', 'namespace', doomed, '--wait=false']);
    await eventually(
      'the end of the namespace',
      async () => {
        if ((await real().client.get(namespaces, undefined, doomed)) === undefined) return;
        // Kubernetes looks again after half of the time that a pod may take, which is 15 min with CNPG's, or when the namespace changes.
        const again = `${Date.now()}`;
        await real().client.patch(namespaces, undefined, doomed, { metadata: { annotations: { again } } });
        throw new Error('it is there');
      },
      { everyMilliseconds: 1000 },
    );
    await untilNothingIsLeft(real(), doomed, 'guarded');
    const last = real().addons.of(doomed, 'guarded').at(-1);
    expect(at(last, 'metadata', 'deletionTimestamp')).toBeDefined();
  });
});
