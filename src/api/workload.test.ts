// The projection of pods, claims and events, for any content.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { changedAt, projectClaim, projectPod, projectWarning } from './workload.ts';

const pod = {
  metadata: {
    name: 'db-1',
    uid: 'u',
    creationTimestamp: '2026-01-02T03:04:05Z',
    ownerReferences: [{ kind: 'Other' }, { kind: 'Cluster', name: 'db', uid: 'c', controller: true }],
    annotations: { 'cnpg.io/podSpec': 'secret' },
  },
  spec: {
    nodeName: 'node-1',
    initContainers: [{ name: 'init', image: 'a:1', env: [{ name: 'KEY', value: 'secret' }] }],
    containers: [{ name: 'postgres', image: 'b:2', args: ['secret'] }],
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'm' }],
    initContainerStatuses: [{ name: 'init', ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    containerStatuses: [
      {
        name: 'postgres',
        image: 'sha256:abc',
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'secret', startedAt: 's', finishedAt: 'f' } },
      },
    ],
  },
};

describe('projectPod', () => {
  it('keeps what the rules need, the containers that initialize first, and the image as asked for', () => {
    expect(projectPod(pod)).toEqual({
      name: 'db-1',
      uid: 'u',
      createdAt: '2026-01-02T03:04:05Z',
      isBeingDeleted: false,
      owner: { kind: 'Cluster', name: 'db', uid: 'c' },
      node: 'node-1',
      phase: 'Running',
      reason: '',
      message: '',
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'm' }],
      containers: [
        {
          name: 'init',
          image: 'a:1',
          ready: true,
          restarts: 0,
          waiting: { reason: '', message: '' },
          ended: { reason: 'Completed', exitCode: 0, startedAt: '', finishedAt: '' },
          began: true,
        },
        {
          name: 'postgres',
          image: 'b:2',
          ready: false,
          restarts: 3,
          waiting: { reason: 'CrashLoopBackOff', message: 'back-off' },
          ended: { reason: 'Error', exitCode: 1, startedAt: 's', finishedAt: 'f' },
          began: true,
        },
      ],
    });
  });

  it('tells a container that runs from one that never began, also where only the status names them', () => {
    const containerStatuses = [
      { name: 'a', image: 'a:1', ready: true, state: { running: {} } },
      { name: 'b', image: 'b:1', state: { waiting: { reason: 'PodInitializing' } } },
    ];
    const none = { ready: false, restarts: 0, waiting: { reason: '', message: '' }, ended: undefined };
    expect(projectPod({ status: { containerStatuses } }).containers).toStrictEqual([
      { ...none, name: 'a', image: 'a:1', ready: true, began: true },
      { ...none, name: 'b', image: 'b:1', waiting: { reason: 'PodInitializing', message: '' }, began: false },
    ]);
  });

  it('keeps no environment, argument, annotation, or last words of a container', () => {
    expect(JSON.stringify(projectPod(pod))).not.toContain('secret');
  });
});

describe('projectClaim', () => {
  it('keeps phase, class and sizes', () => {
    const claim = {
      metadata: { name: 'db-1', uid: 'u', creationTimestamp: 't' },
      spec: { storageClassName: 'fast', volumeName: 'pv', resources: { requests: { storage: '2Gi' } } },
      status: { phase: 'Bound', capacity: { storage: '1Gi' } },
    };
    expect(projectClaim(claim)).toEqual({
      name: 'db-1',
      uid: 'u',
      createdAt: 't',
      phase: 'Bound',
      storageClass: 'fast',
      volume: 'pv',
      requested: '2Gi',
      capacity: '1Gi',
    });
  });
});

describe('projectWarning', () => {
  it.each([
    [{ series: { lastObservedTime: 'd' }, lastTimestamp: 'c', eventTime: 'b', firstTimestamp: 'a' }, 'd'],
    [{ series: null, lastTimestamp: 'c', eventTime: null, firstTimestamp: 'a' }, 'c'],
    [{ lastTimestamp: null, eventTime: 'b' }, 'b'],
    [{}, ''],
  ])('knows when it happened last: %j', (times, at) => {
    const involvedObject = { kind: 'Job', name: 'j', uid: 'u' };
    const warning = projectWarning({ involvedObject, reason: 'FailedCreate', message: 'm', ...times });
    expect(warning).toEqual({ ...involvedObject, reason: 'FailedCreate', message: 'm', at });
  });
});

it('an object was changed when any client changed it last', () => {
  const changed = (...times: readonly (string | undefined)[]) =>
    changedAt({ metadata: { managedFields: times.map((time) => ({ time })) } });
  expect(changed('2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z', '2026-01-01T00:00:00Z')).toBe('2026-01-03T00:00:00Z');
  expect(changed('2026-01-02T00:00:00Z', undefined)).toBe('2026-01-02T00:00:00Z');
  expect(changed(undefined)).toBeUndefined();
  expect(changedAt({})).toBeUndefined();
});

it('makes something of anything', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (metadata, spec, status) => {
      for (const raw of [metadata, { metadata, spec, status }, { metadata: { ownerReferences: spec }, status }]) {
        expect(typeof projectPod(raw).name).toBe('string');
        expect(typeof projectClaim(raw).phase).toBe('string');
        expect(typeof projectWarning(raw).at).toBe('string');
      }
    }),
  );
});
