// The API clients of a reconcile: one for each resource that it reads or writes.
import { type ReconciledResource, reconciledResources, resources } from '../api/resources.ts';
import { believing, type Refusals } from '../kube/passing.ts';
import { resources as clientOf, type ResourceClient } from '../kube/resources.ts';
import type { Transport } from '../kube/transport.ts';

export type Clients = Readonly<Record<ReconciledResource, ResourceClient>>;

/**
 * A client for each resource in the table that a reconcile reads or writes.
 * @param refusals undefined: each is believed at once
 */
export function clientsOf(transport: Transport, refusals?: Refusals): Clients {
  const clients = reconciledResources.map((name) => {
    const { gvr } = resources[name];
    const client = clientOf(transport, gvr);
    return [name, refusals === undefined ? client : believing(client, `${gvr.plural}.${gvr.group}`, refusals)];
  });
  return Object.fromEntries(clients) as Clients;
}
