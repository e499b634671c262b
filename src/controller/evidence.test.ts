// The search for a cause: four requests, and the effect of a missing permission.
import { describe, expect, it } from '@jest/globals';
import { clusterGvr } from '../api/cnpg.ts';
import { eventGvr, podGvr, volumeClaimGvr } from '../api/workload.ts';
import { ApiError } from '../kube/errors.ts';
import { resources } from '../kube/resources.ts';
import { HandTransport, page, thing } from '../kube/testing.ts';
import { lookForCause } from './evidence.ts';

function look() {
  const transport = new HandTransport();
  const found = lookForCause(
    {
      clusters: resources(transport, clusterGvr),
      pods: resources(transport, podGvr),
      volumeClaims: resources(transport, volumeClaimGvr),
      events: resources(transport, eventGvr),
    },
    'team-a',
    'db-shop',
  );
  return { transport, found };
}

const forbidden = new ApiError({ code: 403, reason: 'Forbidden', message: 'events is forbidden' });

describe('lookForCause', () => {
  it('concurrently reads the Cluster, its pods and claims, and some of the Warning events of the namespace', async () => {
    const { transport, found } = look();
    const pods = await transport.call();
    const claims = await transport.call();
    const events = await transport.call();
    const cluster = await transport.call();
    const brief = { timeoutMilliseconds: 10_000 };
    const part = { ...brief, mostBytes: 1024 * 1024 };
    expect([pods.request, claims.request, events.request, cluster.request]).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces/team-a/pods',
        query: { labelSelector: 'cnpg.io/cluster=db-shop,cnpg.io/podRole!=pooler', limit: '100' },
        ...part,
      },
      {
        method: 'GET',
        path: '/api/v1/namespaces/team-a/persistentvolumeclaims',
        query: { labelSelector: 'cnpg.io/cluster=db-shop', limit: '100' },
        ...part,
      },
      {
        method: 'GET',
        path: '/api/v1/namespaces/team-a/events',
        query: { fieldSelector: 'type=Warning', limit: '500' },
        ...part,
      },
      { method: 'GET', path: '/apis/postgresql.cnpg.io/v1/namespaces/team-a/clusters/db-shop', ...brief },
    ]);
    pods.answer(page([thing('db-shop-1', 1)], 9));
    claims.answer(page([thing('db-shop-1', 2)], 9));
    // There are more: they are not asked for.
    events.answer(page([thing('event', 3)], 9, 'more'));
    const managedFields = ['10:00:01', '10:00:03', '10:00:02'].map((at) => ({ time: `2026-01-01T${at}Z` }));
    const { metadata, ...rest } = thing('db-shop', 4);
    cluster.answer({ ...rest, metadata: { ...metadata, managedFields: [...managedFields, {}] } });
    expect(await found).toMatchObject({
      kind: 'found',
      object: {
        pods: [{ name: 'db-shop-1' }],
        claims: [{ name: 'db-shop-1' }],
        warnings: [{}],
        changedAt: '2026-01-01T10:00:03Z',
        unseen: [],
        failed: [],
      },
    });
    expect(transport.waiting).toBe(0);
  });

  it('continues without what it is not permitted to list', async () => {
    const { transport, found } = look();
    (await transport.call()).fail(forbidden);
    (await transport.call()).answer(page([thing('db-shop-1', 2)], 9));
    (await transport.call()).fail(forbidden);
    (await transport.call()).answer(thing('db-shop', 4));
    expect(await found).toMatchObject({
      kind: 'found',
      object: { pods: [], claims: [{ name: 'db-shop-1' }], warnings: [], unseen: ['pods', 'events'], failed: [] },
    });
  });

  it.each([
    [503, 'ServiceUnavailable'],
    [500, 'InternalError'],
    [429, 'TooManyRequests'],
    [404, 'NotServed'],
    [0, 'Timeout'],
  ])('continues without what is answered with %s', async (code, reason) => {
    const { transport, found } = look();
    const calls = [await transport.call(), await transport.call(), await transport.call(), await transport.call()];
    for (const call of calls) call.fail(new ApiError({ code, reason, message: 'away' }));
    const failed = ['pods', 'persistentvolumeclaims', 'events'];
    const object = { pods: [], claims: [], warnings: [], changedAt: undefined, unseen: [], failed };
    expect(await found).toEqual({ kind: 'found', object });
  });

  it.each([0, 1, 2, 3])('says how long the answer to read %s asks to wait', async (index) => {
    const { transport, found } = look();
    const calls = [await transport.call(), await transport.call(), await transport.call(), await transport.call()];
    for (const [at, call] of calls.entries()) {
      const retryAfterSeconds = at === index ? 1200 : 5;
      call.fail(new ApiError({ code: 429, reason: 'TooManyRequests', message: 'busy', retryAfterSeconds }));
    }
    expect(await found).toMatchObject({ object: { retryAfterSeconds: 1200 } });
  });

  it('takes part of the pods or claims for no evidence of what is missing', async () => {
    const { transport, found } = look();
    (await transport.call()).answer(page([thing('db-shop-1', 1)], 9, 'more'));
    (await transport.call()).answer(page([thing('db-shop-1', 2)], 9, 'more'));
    (await transport.call()).answer(page([thing('event', 3)], 9, 'more'));
    (await transport.call()).answer(thing('db-shop', 4));
    expect(await found).toMatchObject({
      object: { pods: [{}], claims: [{}], warnings: [{}], unseen: [], failed: ['pods', 'persistentvolumeclaims'] },
    });
  });

  it('does not hide a defect', async () => {
    const { transport, found } = look();
    const failing = expect(found).rejects.toThrow(TypeError);
    for (let calls = 0; calls < 4; calls += 1) (await transport.call()).fail(new TypeError('defect'));
    await failing;
  });
});
