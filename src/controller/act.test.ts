import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import type { Action } from '../domain/decision.ts';
import { ApiError } from '../kube/errors.ts';
import { act } from './act.ts';
import type { World } from './world.ts';

const manifest = (kind: string): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: kind.toLowerCase(), namespace: 'a' },
});
const create = (child: 'Cluster' | 'ScheduledBackup' | 'Secret'): Action => ({
  verb: 'create',
  child,
  manifest: manifest(child),
});
const three = [create('Cluster'), create('ScheduledBackup'), create('Secret')];

/** Only what act() touches. `answers` are taken one by one: an error is thrown, anything else is success. */
function aWorld(answers: readonly (ApiError | undefined)[] = [], mayWrite: () => boolean = () => true) {
  const written: string[] = [];
  const recorded: string[] = [];
  const left = [...answers];
  const client = (kind: string) => ({
    create: async (_: Manifest, manager: string): Promise<KubeObject> => {
      const error = left.shift();
      written.push(`${kind} as ${manager}`);
      if (error !== undefined) throw error;
      return { ...manifest(kind), metadata: { name: kind, namespace: 'a', uid: `${kind}-uid`, resourceVersion: '1' } };
    },
  });
  const cache = (kind: string) => ({ record: () => recorded.push(kind) });
  const world = {
    mayWrite,
    api: { clusters: client('Cluster'), scheduledBackups: client('ScheduledBackup'), secrets: client('Secret') },
    caches: { clusters: cache('Cluster'), scheduledBackups: cache('ScheduledBackup') },
  } as unknown as World;
  return { world, written, recorded };
}

const failed = (code: number, reason: string, message = ''): ApiError => new ApiError({ code, reason, message });

describe('act', () => {
  it('writes in order, each as its manager, makes it visible, and tells the uid of the Secret', async () => {
    const { world, written, recorded } = aWorld();
    expect(await act(three, 'a', world)).toEqual({ outcome: { secretUID: 'Secret-uid' } });
    expect(written).toEqual([
      'Cluster as postgres-addon-operator',
      'ScheduledBackup as postgres-addon-operator',
      'Secret as paas-control-plane',
    ]);
    expect(recorded).toEqual(['Cluster', 'ScheduledBackup']);
  });

  it('tells the version of the addon after its finalizers were written', async () => {
    const { world } = aWorld();
    const setFinalizers = async (written: Manifest): Promise<KubeObject> => ({
      ...written,
      metadata: { name: 'shop', namespace: 'a', uid: 'u', resourceVersion: '8' },
    });
    const addons = { client: { setFinalizers }, cache: { record: () => {} } };
    const withAddons = {
      ...world,
      api: { ...world.api, addons: addons.client },
      caches: { ...world.caches, addons: addons.cache },
    } as unknown as World;
    const { metadata, ...rest } = manifest('PostgresAddon');
    const pinned = { ...rest, metadata: { ...metadata, uid: 'u', resourceVersion: '7' } };
    const guard: Action = { verb: 'apply', child: 'PostgresAddon', manifest: pinned };
    expect(await act([guard], 'a', withAddons)).toEqual({ outcome: {}, resourceVersion: '8' });
  });

  it('stops at the first refusal', async () => {
    const { world, written } = aWorld([undefined, failed(422, 'Invalid', 'no')]);
    const { outcome } = await act(three, 'a', world);
    expect(outcome.refusal).toMatchObject({ reason: 'Refused', child: 'ScheduledBackup' });
    expect(written).toHaveLength(2);
  });

  it.each([
    ['a conflict', failed(409, 'Conflict'), 'Cluster'],
    ['an outage', failed(503, 'ServiceUnavailable'), undefined],
  ])('stops at %s and tries nothing twice', async (_, error, stale) => {
    const { world, written } = aWorld([error]);
    expect(await act(three, 'a', world)).toEqual({ outcome: {}, interrupted: { error, stale } });
    expect(written).toHaveLength(1);
  });

  it('writes nothing once another replica may lead', async () => {
    let leads = 2;
    const { world, written } = aWorld([], () => leads-- > 0);
    expect(await act(three, 'a', world)).toMatchObject({ interrupted: { error: undefined } });
    expect(written).toHaveLength(2);
  });

  it('lets a defect through', async () => {
    const { world } = aWorld();
    const broken = {
      ...world,
      api: { ...world.api, clusters: { create: () => Promise.reject(new TypeError('bug')) } },
    } as unknown as World;
    await expect(act(three, 'a', broken)).rejects.toThrow('bug');
  });
});
