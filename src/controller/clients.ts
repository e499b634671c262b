// The API clients of a reconcile: one for each resource that it reads or writes.
import { type ReconciledResource, reconciledResources, resources } from '../api/resources.ts';
import { resources as clientOf, type ResourceClient } from '../kube/resources.ts';
import type { Transport } from '../kube/transport.ts';

export type Clients = Readonly<Record<ReconciledResource, ResourceClient>>;

/** A client for each resource in the table that a reconcile reads or writes. */
export function clientsOf(transport: Transport): Clients {
  const clients = reconciledResources.map((name) => [name, clientOf(transport, resources[name].gvr)]);
  return Object.fromEntries(clients) as Clients;
}
