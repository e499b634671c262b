// One login, from resolving the host to the result of `SELECT 1`. It releases everything it opened when it ends.
import type { Socket } from 'node:net';
import { dial, silent } from './dial.ts';
import { type LoginError, loginErrorOf } from './failure.ts';
import { orLate } from './late.ts';
import type { Names } from './resolve.ts';
import type { Server } from './server.ts';
import { Wire } from './wire.ts';

type Pg = typeof import('pg');

/** A login that succeeded. */
export interface LoggedIn {
  /** As "17.4" or "17": nothing else that a server says leaves this folder. */
  readonly version?: string;
}

/**
 * Logs in once. With sslmode prefer, it continues without TLS if TLS fails, as applications do.
 * @returns on success, the version that the server reported
 */
export async function attempt(server: Server, names: Names, signal: AbortSignal): Promise<LoginError | LoggedIn> {
  try {
    // Imported at the first login, to keep it out of the startup of the operator.
    const { Client } = await import('pg');
    const address = await names.addressOf(server.host, signal);
    const socket = await dial(server, address, true, signal).catch((error: unknown) => {
      if (server.sslMode !== 'prefer' || loginErrorOf(error).why !== 'tls') throw error;
      return dial(server, address, false, signal);
    });
    return await converse(Client, socket, server, signal);
  } catch (error) {
    return loginErrorOf(error);
  }
}

/** @throws LoginError, or the errors of pg */
async function converse(Client: Pg['Client'], socket: Socket, server: Server, signal: AbortSignal): Promise<LoggedIn> {
  const { host, port, user, password, database } = server;
  const wire = new Wire(socket);
  try {
    // Without host, port, ssl and sslnegotiation, pg would read them from the environment.
    const client = new Client({
      ...{ user, password, database, host, port, ssl: false, sslnegotiation: 'postgres' },
      stream: () => wire,
      application_name: 'postgres-addon-operator',
    });
    // connect() and query() report every error that matters.
    client.on('error', () => {});
    const select = client.connect().then(() => client.query('SELECT 1'));
    await orLate(select, signal, silent());
    // Without a Terminate message, PostgreSQL can log a broken connection. Whether it succeeds does not affect the login.
    await orLate(client.end(), signal, silent()).catch(() => {});
    return wire.version === undefined ? {} : { version: wire.version };
  } finally {
    wire.destroy();
  }
}
