// The API clients of a reconcile: one for each resource that it reads or writes. Together they read few lists at once: each worker asks for
// several, whose objects anybody in the namespace may have made as large as the API server accepts.
import type { Clock } from '../api/clock.ts';
import { type ReconciledResource, reconciledResources, resources } from '../api/resources.ts';
import { Slots } from '../api/slots.ts';
import { ApiError } from '../kube/errors.ts';
import { briefMilliseconds } from '../kube/list.ts';
import { believing, type Refusals } from '../kube/passing.ts';
import { resources as clientOf, type ResourceClient } from '../kube/resources.ts';
import type { Transport } from '../kube/transport.ts';

export type Clients = Readonly<Record<ReconciledResource, ResourceClient>>;

/** How many lists are read at once, whatever the number of workers. */
const listsAtOnce = 4;

/**
 * A client for each resource in the table that a reconcile reads or writes. A `listFirst` waits for its turn, at most 10 s; it fails then
 * as one that the API server does not answer.
 * @param refusals undefined: each is believed at once
 */
export function clientsOf(transport: Transport, clock: Clock, refusals?: Refusals): Clients {
  const slots = new Slots(listsAtOnce);
  const clients = reconciledResources.map((name) => {
    const { gvr } = resources[name];
    const client = clientOf(transport, gvr);
    const listFirst: ResourceClient['listFirst'] = (...which) => inTurn(slots, clock, () => client.listFirst(...which));
    const bounded = { ...client, listFirst };
    return [name, refusals === undefined ? bounded : believing(bounded, `${gvr.plural}.${gvr.group}`, refusals)];
  });
  return Object.fromEntries(clients) as Clients;
}

async function inTurn<T>(slots: Slots, clock: Clock, read: () => Promise<T>): Promise<T> {
  const late = new AbortController();
  const cancel = clock.after(briefMilliseconds, () => late.abort());
  const release = await slots.take(late.signal);
  cancel();
  if (release === undefined) {
    const message = `the lists before it took more than ${briefMilliseconds} ms`;
    throw new ApiError({ code: 0, reason: 'Timeout', message });
  }
  try {
    return await read();
  } finally {
    release();
  }
}
