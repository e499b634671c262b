// Chooses TCP ports on loopback that nothing uses: not now, and not by another cluster that is only down for a moment. It must never choose from the range the kernel hands out to clients.
import { createServer } from 'node:net';
import { SetupError } from '../../toolchain/errors.ts';
import { allStates, type State } from '../state.ts';

type Ports = NonNullable<State['ports']>;

const roles = ['etcd', 'etcdPeer', 'apiServer'] as const;
/** Below 32768, where Linux starts to take ports for outgoing connections. */
const range = { first: 21_000, count: 10_000 };

/**
 * Chooses ports for a new cluster. The caller holds the lock that keeps others from choosing at the same time until the state is written.
 * @param seed 0..1, where to begin to look
 * @throws SetupError when no port is free
 */
export async function choosePorts(seed: number): Promise<Ports> {
  const reserved = new Set((await allStates()).flatMap((state) => Object.values(state.ports ?? {})));
  const chosen: number[] = [];
  for (const port of candidates(seed)) {
    if (!reserved.has(port) && (await isFree(port))) chosen.push(port);
    const [etcd, etcdPeer, apiServer] = chosen;
    if (etcd !== undefined && etcdPeer !== undefined && apiServer !== undefined) return { etcd, etcdPeer, apiServer };
  }
  throw new SetupError(
    `Of the ports ${range.first} to ${range.first + range.count - 1} on 127.0.0.1 no ${roles.length} are free.`,
  );
}

/** All ports of the range, each once, starting at a place that the seed determines. */
export function* candidates(seed: number): Generator<number> {
  const start = Math.floor(seed * range.count);
  for (let step = 0; step < range.count; step++) yield range.first + ((start + step) % range.count);
}

/** Whether a server could listen on the port of 127.0.0.1 now. */
export async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
