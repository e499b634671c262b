import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import { type Action, create } from '../domain/decision.ts';
import { ApiError } from '../kube/errors.ts';
import { act } from './act.ts';
import type { Dependencies } from './dependencies.ts';

const manifest = (kind: string): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: kind.toLowerCase(), namespace: 'a' },
});
const three = [
  create('cluster', manifest('Cluster')),
  create('scheduledBackup', manifest('ScheduledBackup')),
  create('urlSecret', manifest('Secret')),
];

/** Only what act() uses. `answers` are consumed in order: an error is thrown, anything else is a success. */
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
  const deps = {
    mayWrite,
    api: { clusters: client('Cluster'), scheduledBackups: client('ScheduledBackup'), secrets: client('Secret') },
    caches: { clusters: cache('Cluster'), scheduledBackups: cache('ScheduledBackup') },
  } as unknown as Dependencies;
  return { deps, written, recorded };
}

const failed = (code: number, reason: string, message = ''): ApiError => new ApiError({ code, reason, message });

describe('act', () => {
  it('writes in order, each with its field manager, records the writes in the cache, and returns the uids', async () => {
    const { deps, written, recorded } = aWorld();
    expect(await act(three, 'a', deps)).toEqual({
      result: { created: { cluster: 'Cluster-uid', scheduledBackup: 'ScheduledBackup-uid', urlSecret: 'Secret-uid' } },
    });
    expect(written).toEqual([
      'Cluster as postgres-addon-operator',
      'ScheduledBackup as postgres-addon-operator',
      'Secret as paas-control-plane',
    ]);
    expect(recorded).toEqual(['Cluster', 'ScheduledBackup']);
  });

  it('returns the version of the addon after its finalizers were written', async () => {
    const { deps } = aWorld();
    const merge = async (written: Manifest): Promise<KubeObject> => ({
      ...written,
      metadata: { name: 'shop', namespace: 'a', uid: 'u', resourceVersion: '8' },
    });
    const addons = { client: { merge }, cache: { record: () => {} } };
    const withAddons = {
      ...deps,
      api: { ...deps.api, addons: addons.client },
      caches: { ...deps.caches, addons: addons.cache },
    } as unknown as Dependencies;
    const { metadata, ...rest } = manifest('PostgresAddon');
    const pinned = { ...rest, metadata: { ...metadata, uid: 'u', resourceVersion: '7' } };
    const guard: Action = { verb: 'apply', child: 'addon', concern: 'ownership', manifest: pinned };
    expect(await act([guard], 'a', withAddons)).toEqual({ result: {}, resourceVersion: '8' });
  });

  it('stops at the refusal of an essential write, and returns what was not attempted', async () => {
    const { deps, written } = aWorld([failed(422, 'Invalid', 'no')]);
    const { result } = await act(three, 'a', deps);
    expect(result.refusals).toMatchObject([{ reason: 'Refused', child: 'cluster', verb: 'create' }]);
    expect(result.untried).toEqual(['backup', 'credentials']);
    expect(written).toHaveLength(1);
  });

  it('continues after another refusal, but not with writes of the same concern', async () => {
    const { deps, written } = aWorld([undefined, failed(422, 'Invalid', 'no')]);
    const [cluster, backup, secret] = three as [Action, Action, Action];
    const { result } = await act([cluster, backup, backup, secret], 'a', deps);
    expect(result.refusals).toMatchObject([{ reason: 'Refused', child: 'scheduledBackup', concern: 'backup' }]);
    expect(result.created).toHaveProperty('urlSecret');
    expect(written).toEqual([
      'Cluster as postgres-addon-operator',
      'ScheduledBackup as postgres-addon-operator',
      'Secret as paas-control-plane',
    ]);
  });

  it.each([
    ['a conflict', failed(409, 'Conflict'), 'cluster'],
    ['an outage', failed(503, 'ServiceUnavailable'), undefined],
  ])('stops at %s and attempts nothing twice', async (_, error, stale) => {
    const { deps, written } = aWorld([error]);
    expect(await act(three, 'a', deps)).toEqual({ result: {}, interrupted: { error, stale } });
    expect(written).toHaveLength(1);
  });

  it('writes nothing once another replica may lead', async () => {
    let leads = 2;
    const { deps, written } = aWorld([], () => leads-- > 0);
    expect(await act(three, 'a', deps)).toMatchObject({ interrupted: { error: undefined } });
    expect(written).toHaveLength(2);
  });

  it('rethrows an unexpected error', async () => {
    const { deps } = aWorld();
    const broken = {
      ...deps,
      api: { ...deps.api, clusters: { create: () => Promise.reject(new TypeError('bug')) } },
    } as unknown as Dependencies;
    await expect(act(three, 'a', broken)).rejects.toThrow('bug');
  });
});
