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
    expect([pods.request, claims.request, events.request, cluster.request]).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces/team-a/pods',
        query: { labelSelector: 'cnpg.io/cluster=db-shop,cnpg.io/podRole!=pooler', limit: '500' },
      },
      {
        method: 'GET',
        path: '/api/v1/namespaces/team-a/persistentvolumeclaims',
        query: { labelSelector: 'cnpg.io/cluster=db-shop', limit: '500' },
      },
      {
        method: 'GET',
        path: '/api/v1/namespaces/team-a/events',
        query: { fieldSelector: 'type=Warning', limit: '500' },
      },
      { method: 'GET', path: '/apis/postgresql.cnpg.io/v1/namespaces/team-a/clusters/db-shop' },
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
      object: { pods: [], claims: [{ name: 'db-shop-1' }], warnings: [], unseen: ['pods', 'events'] },
    });
  });

  it('fails when the API server does not respond', async () => {
    const { transport, found } = look();
    const calls = [await transport.call(), await transport.call(), await transport.call(), await transport.call()];
    const failing = expect(found).rejects.toMatchObject({ code: 503 });
    calls[0]?.fail(new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'away' }));
    calls[1]?.answer(page([], 9));
    calls[2]?.answer(page([], 9));
    calls[3]?.answer(thing('db-shop', 4));
    await failing;
  });
});
