// The clients by which reconciles reach the API server: one for each resource that they read or write.
import { type ReconciledResource, reconciledResources, resources } from '../api/resources.ts';
import { resources as clientOf, type ResourceClient } from '../kube/resources.ts';
import type { Transport } from '../kube/transport.ts';

export type Clients = Readonly<Record<ReconciledResource, ResourceClient>>;

/** A client for each row of the table that reconciles read or write. */
export function clientsOf(transport: Transport): Clients {
  const clients = reconciledResources.map((name) => [name, clientOf(transport, resources[name].gvr)]);
  return Object.fromEntries(clients) as Clients;
}
