import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import { type Action, applyTo, create, remove, setFinalizers } from '../domain/decision.ts';
import { anAddon } from '../domain/testing.ts';
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

/** An object as the API server has it. */
const stored = (kind: string, resourceVersion = '1', more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  ...manifest(kind),
  metadata: { name: kind.toLowerCase(), namespace: 'a', uid: `${kind}-uid`, resourceVersion, ...more },
});

/**
 * Only what act() uses.
 * @param answers consumed in order: an error is thrown, an object is returned, and undefined is a success
 */
function aWorld(answers: readonly (ApiError | KubeObject | undefined)[] = [], mayWrite: () => boolean = () => true) {
  const written: string[] = [];
  const cached: string[] = [];
  const left = [...answers];
  const client = (kind: string) => {
    const write = (verb: string) => async (_: Manifest, manager: string) => {
      const answer = left.shift();
      written.push(`${verb} ${kind} as ${manager}`);
      if (answer instanceof ApiError) throw answer;
      return answer ?? stored(kind);
    };
    const deletion = async (...what: readonly unknown[]): Promise<void> => {
      const answer = left.shift();
      written.push(`delete ${kind} ${JSON.stringify(what)}`);
      if (answer instanceof ApiError) throw answer;
    };
    return { create: write('create'), apply: write('apply'), merge: write('merge'), delete: deletion };
  };
  const cache = {
    record: ({ kind, metadata }: KubeObject) => cached.push(`${kind} at ${metadata.resourceVersion}`),
    forget: (...what: readonly string[]) => cached.push(`without ${what.join(' ')}`),
  };
  const deps = {
    mayWrite,
    api: {
      addons: client('PostgresAddon'),
      clusters: client('Cluster'),
      objectStores: client('ObjectStore'),
      scheduledBackups: client('ScheduledBackup'),
      secrets: client('Secret'),
    },
    caches: { addons: cache, clusters: cache, scheduledBackups: cache },
  } as unknown as Dependencies;
  return { deps, written, cached };
}

const failed = (code: number, reason: string, message = ''): ApiError => new ApiError({ code, reason, message });

describe('act', () => {
  it('writes in order, each with its field manager, records the writes in the cache, and returns the uids', async () => {
    const { deps, written, cached } = aWorld();
    expect(await act({ actions: three }, 'a', deps)).toEqual({
      result: { created: { cluster: 'Cluster-uid', scheduledBackup: 'ScheduledBackup-uid', urlSecret: 'Secret-uid' } },
    });
    expect(written).toEqual([
      'create Cluster as postgres-addon-operator',
      'create ScheduledBackup as postgres-addon-operator',
      'create Secret as paas-control-plane',
    ]);
    expect(cached).toEqual(['Cluster at 1', 'ScheduledBackup at 1']);
  });

  it('applies to an object that exists, and caches what the API server returned', async () => {
    const { deps, written, cached } = aWorld([stored('Cluster', '8'), stored('Secret', '9')]);
    const actions = [
      applyTo('cluster', manifest('Cluster'), stored('Cluster', '7')),
      applyTo('urlSecret', manifest('Secret'), stored('Secret', '7')),
    ];
    expect(await act({ actions: actions }, 'a', deps)).toEqual({ result: {} });
    expect(written).toEqual(['apply Cluster as postgres-addon-operator', 'apply Secret as paas-control-plane']);
    expect(cached).toEqual(['Cluster at 8']);
  });

  it('deletes only what was observed, in the namespace of the addon, and then takes it from the cache', async () => {
    const deletion = remove('scheduledBackup', stored('ScheduledBackup', '7'));
    const { deps, written, cached } = aWorld();
    expect(await act({ actions: [deletion] }, 'a', deps)).toEqual({ result: {} });
    const preconditions = { uid: 'ScheduledBackup-uid', resourceVersion: '7' };
    expect(written).toEqual([`delete ScheduledBackup ${JSON.stringify(['a', 'scheduledbackup', preconditions])}`]);
    expect(cached).toEqual(['without a scheduledbackup ScheduledBackup-uid']);
    // Somebody was faster, and the watch has not said so.
    const gone = aWorld([failed(404, 'NotFound')]);
    expect(await act({ actions: [deletion] }, 'a', gone.deps)).toEqual({ result: {} });
    expect(gone.cached).toEqual(cached);
    const conflict = failed(409, 'Conflict');
    const changed = aWorld([conflict]);
    expect(await act({ actions: [deletion] }, 'a', changed.deps)).toEqual({
      result: {},
      interrupted: { error: conflict, stale: 'scheduledBackup' },
    });
    expect(changed.cached).toEqual([]);
  });

  it('merges the finalizers of the addon, and returns its version after that', async () => {
    const { deps, written, cached } = aWorld([stored('PostgresAddon', '8')]);
    expect(await act({ actions: [setFinalizers(anAddon(), [])] }, 'a', deps)).toEqual({
      result: {},
      resourceVersion: '8',
    });
    expect(written).toEqual(['merge PostgresAddon as postgres-addon-operator']);
    expect(cached).toEqual(['PostgresAddon at 8']);
  });

  it('stops at the refusal of an essential write, and returns what was not attempted', async () => {
    const { deps, written } = aWorld([failed(422, 'Invalid', 'no')]);
    const { result } = await act({ actions: three }, 'a', deps);
    expect(result.refusals).toMatchObject([{ reason: 'Refused', child: 'cluster', verb: 'create' }]);
    expect(result.untried).toEqual(['backup', 'credentials']);
    expect(written).toHaveLength(1);
  });

  it('continues after another refusal, but not with writes of the same concern', async () => {
    const { deps, written } = aWorld([undefined, failed(422, 'Invalid', 'no')]);
    const [cluster, backup, secret] = three as [Action, Action, Action];
    const { result } = await act({ actions: [cluster, backup, backup, secret] }, 'a', deps);
    expect(result.refusals).toMatchObject([{ reason: 'Refused', child: 'scheduledBackup', concern: 'backup' }]);
    expect(result.created).toHaveProperty('urlSecret');
    expect(written).toEqual([
      'create Cluster as postgres-addon-operator',
      'create ScheduledBackup as postgres-addon-operator',
      'create Secret as paas-control-plane',
    ]);
  });

  it.each([
    ['a conflict', failed(409, 'Conflict'), 'cluster'],
    ['an outage', failed(503, 'ServiceUnavailable'), undefined],
  ])('stops at %s and attempts nothing twice', async (_, error, stale) => {
    const { deps, written } = aWorld([error]);
    expect(await act({ actions: three }, 'a', deps)).toEqual({ result: {}, interrupted: { error, stale } });
    expect(written).toHaveLength(1);
  });

  it('writes nothing once another replica may lead', async () => {
    let leads = 2;
    const { deps, written } = aWorld([], () => leads-- > 0);
    expect(await act({ actions: three }, 'a', deps)).toMatchObject({ interrupted: { error: undefined } });
    expect(written).toHaveLength(2);
  });

  describe('with a label that has to go, and that the apply leaves', () => {
    const labels = { 'example.org/mark': 'true' };
    const { metadata, ...rest } = manifest('ScheduledBackup');
    const without: Manifest = { ...rest, metadata: { ...metadata, labels: { 'example.org/mark': undefined } } };
    const action = applyTo('scheduledBackup', without, stored('ScheduledBackup', '7', { labels }));
    const marked = stored('ScheduledBackup', '8', { labels });
    const secret = create('urlSecret', manifest('Secret'));

    it('reports that it is still there, and continues with what is independent of it', async () => {
      const { deps, written, cached } = aWorld([marked, marked]);
      const { result, interrupted } = await act({ actions: [action, secret] }, 'a', deps);
      expect(result.refusals).toMatchObject([
        { reason: 'FieldNotRemoved', child: 'scheduledBackup', verb: 'apply', concern: 'backup' },
      ]);
      expect(result.created).toEqual({ urlSecret: 'Secret-uid' });
      expect(interrupted).toBeUndefined();
      expect(written).toEqual([
        'apply ScheduledBackup as postgres-addon-operator',
        'merge ScheduledBackup as postgres-addon-operator',
        'create Secret as paas-control-plane',
      ]);
      expect(cached).toEqual([]);
    });

    it('does not remove it once another replica may lead: the lease is asked before each request', async () => {
      let leads = 2;
      const { deps, written } = aWorld([marked], () => leads-- > 0);
      expect(await act({ actions: [action, secret] }, 'a', deps)).toMatchObject({
        result: {},
        interrupted: { error: { code: 0, reason: 'Aborted' }, stale: undefined },
      });
      expect(written).toEqual(['apply ScheduledBackup as postgres-addon-operator']);
    });
  });

  it('does not let the database and its Secret wait for a backup that the API server fails to store', async () => {
    const error = failed(500, 'InternalError', 'conversion webhook failed');
    const { deps, written } = aWorld([stored('Cluster', '1'), error]);
    expect(await act({ actions: three }, 'a', deps)).toMatchObject({
      result: { created: { cluster: 'Cluster-uid', urlSecret: 'Secret-uid' }, untried: ['backup'] },
      postponed: { error },
    });
    expect(written).toHaveLength(3);
    const failing = aWorld([failed(500, 'InternalError')]);
    expect(await act({ actions: three }, 'a', failing.deps)).toMatchObject({ interrupted: { stale: undefined } });
    expect(failing.written).toHaveLength(1);
  });

  it('goes on without an ObjectStore that the API server fails to store: no Cluster may name it', async () => {
    const error = failed(500, 'InternalError', 'conversion webhook failed');
    const { deps, written } = aWorld([error, stored('Cluster', '1')]);
    const store = create('objectStore', manifest('ObjectStore'));
    const named = create('cluster', manifest('Cluster'));
    const withoutStore = {
      actions: [store, ...three],
      ready: { reason: 'Creating', message: '' },
      conditions: {},
    } as const;
    expect(await act({ actions: [store, named], withoutStore }, 'a', deps)).toMatchObject({
      result: { created: { cluster: 'Cluster-uid', urlSecret: 'Secret-uid' }, withoutStore: true },
      postponed: { error },
    });
    expect(written.slice(0, 2)).toEqual([
      'create ObjectStore as postgres-addon-operator',
      'create Cluster as postgres-addon-operator',
    ]);
  });

  it('does not remove the finalizer after a child that could not be written', async () => {
    const { deps, written } = aWorld([failed(500, 'InternalError'), stored('PostgresAddon', '8')]);
    const [, backup] = three;
    if (backup === undefined) throw new Error('no backup');
    await act({ actions: [backup, setFinalizers(anAddon(), [])] }, 'a', deps);
    expect(written).toEqual(['create ScheduledBackup as postgres-addon-operator']);
  });

  it('rethrows an unexpected error', async () => {
    const { deps } = aWorld();
    const broken = {
      ...deps,
      api: { ...deps.api, clusters: { create: () => Promise.reject(new TypeError('bug')) } },
    } as unknown as Dependencies;
    await expect(act({ actions: three }, 'a', broken)).rejects.toThrow('bug');
  });
});
