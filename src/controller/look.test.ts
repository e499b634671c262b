// The look for a cause: three requests, and what comes of a missing right.
import { describe, expect, it } from '@jest/globals';
import { eventGvr, podGvr, volumeClaimGvr } from '../api/workload.ts';
import { ApiError } from '../kube/errors.ts';
import { resources } from '../kube/resources.ts';
import { HandTransport, page, thing } from '../kube/testing.ts';
import { lookForCause } from './look.ts';

function look() {
  const transport = new HandTransport();
  const found = lookForCause(
    {
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
  it('lists at the same time the pods and claims of the Cluster, and some of the Warning events of the namespace', async () => {
    const { transport, found } = look();
    const pods = await transport.call();
    const claims = await transport.call();
    const events = await transport.call();
    expect([pods.request, claims.request, events.request]).toEqual([
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
    ]);
    pods.answer(page([thing('db-shop-1', 1)], 9));
    claims.answer(page([thing('db-shop-1', 2)], 9));
    // There are more: they are not asked for.
    events.answer(page([thing('event', 3)], 9, 'more'));
    expect(await found).toMatchObject({
      kind: 'found',
      object: { pods: [{ name: 'db-shop-1' }], claims: [{ name: 'db-shop-1' }], warnings: [{}], unseen: [] },
    });
    expect(transport.waiting).toBe(0);
  });

  it('does without what it may not list', async () => {
    const { transport, found } = look();
    (await transport.call()).fail(forbidden);
    (await transport.call()).answer(page([thing('db-shop-1', 2)], 9));
    (await transport.call()).fail(forbidden);
    expect(await found).toMatchObject({
      kind: 'found',
      object: { pods: [], claims: [{ name: 'db-shop-1' }], warnings: [], unseen: ['pods', 'events'] },
    });
  });

  it('fails when the API server does not answer', async () => {
    const { transport, found } = look();
    const calls = [await transport.call(), await transport.call(), await transport.call()];
    const failing = expect(found).rejects.toMatchObject({ code: 503 });
    calls[0]?.fail(new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'away' }));
    calls[1]?.answer(page([], 9));
    calls[2]?.answer(page([], 9));
    await failing;
  });
});
