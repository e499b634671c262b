// One login, from the name of the host to the answer of `SELECT 1`; when it ends, nothing of it is left.
import type { Socket } from 'node:net';
import { dial, silent } from './dial.ts';
import { type LoginError, loginErrorOf } from './failure.ts';
import { orLate } from './late.ts';
import type { Names } from './resolve.ts';
import type { Server } from './server.ts';
import { Wire } from './wire.ts';

type Pg = typeof import('pg');

/**
 * Logs in once. With sslmode prefer it goes on without TLS where TLS fails, as applications do.
 * @returns undefined when it succeeded
 */
export async function attempt(server: Server, names: Names, signal: AbortSignal): Promise<LoginError | undefined> {
  try {
    // Not before the first login: the operator's start can do without.
    const { Client } = await import('pg');
    const address = await names.addressOf(server.host, signal);
    const socket = await dial(server, address, true, signal).catch((error: unknown) => {
      if (server.sslMode !== 'prefer' || loginErrorOf(error).why !== 'tls') throw error;
      return dial(server, address, false, signal);
    });
    await converse(Client, socket, server, signal);
    return undefined;
  } catch (error) {
    return loginErrorOf(error);
  }
}

/** @throws LoginError, or the errors of pg */
async function converse(Client: Pg['Client'], socket: Socket, server: Server, signal: AbortSignal): Promise<void> {
  const { host, port, user, password, database } = server;
  const wire = new Wire(socket);
  try {
    // host, port, ssl and sslnegotiation: what is not given, pg takes from the environment.
    const client = new Client({
      ...{ user, password, database, host, port, ssl: false, sslnegotiation: 'postgres' },
      stream: () => wire,
      application_name: 'postgres-addon-operator',
    });
    // What matters of it is what connect() and query() say.
    client.on('error', () => {});
    const select = client.connect().then(() => client.query('SELECT 1'));
    await orLate(select, signal, silent());
    // Without a goodbye PostgreSQL may log a broken connection. Its success is none of the login's.
    await orLate(client.end(), signal, silent()).catch(() => {});
  } finally {
    wire.destroy();
  }
}
