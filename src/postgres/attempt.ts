// One login, from resolving the host to the result of `SELECT 1`. It releases everything it opened when it ends.
import type { Socket } from 'node:net';
import type { Archiver, ArchiverQuestion } from '../api/login.ts';
import { archiverIn, archiverQuery, heartbeatQuery } from './archiver.ts';
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
  readonly archiver?: Archiver;
}

/**
 * Logs in once. With sslmode prefer, it continues without TLS if TLS fails, as applications do.
 * @param question what else is asked; an answer that fails is no failure of the login
 * @returns on success, what the server reported
 */
export async function attempt(
  server: Server,
  names: Names,
  signal: AbortSignal,
  question?: ArchiverQuestion,
): Promise<LoginError | LoggedIn> {
  try {
    // Imported at the first login, to keep it out of the startup of the operator.
    const { Client } = await import('pg');
    const address = await names.addressOf(server.host, signal);
    const socket = await dial(server, address, true, signal).catch((error: unknown) => {
      if (server.sslMode !== 'prefer' || loginErrorOf(error).why !== 'tls') throw error;
      return dial(server, address, false, signal);
    });
    return await converse(Client, socket, server, signal, question);
  } catch (error) {
    return loginErrorOf(error);
  }
}

/** @throws LoginError, or the errors of pg */
async function converse(
  Client: Pg['Client'],
  socket: Socket,
  server: Server,
  signal: AbortSignal,
  question: ArchiverQuestion | undefined,
): Promise<LoggedIn> {
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
    const archiver =
      question === undefined ? undefined : await orLate(ask(client, question), signal, silent()).catch(() => undefined);
    // Without a Terminate message, PostgreSQL can log a broken connection. Whether it succeeds does not affect the login.
    await orLate(client.end(), signal, silent()).catch(() => {});
    return {
      ...(wire.version !== undefined && { version: wire.version }),
      ...(archiver !== undefined && { archiver }),
    };
  } finally {
    wire.destroy();
  }
}

/** @throws the errors of pg */
async function ask(client: InstanceType<Pg['Client']>, question: ArchiverQuestion): Promise<Archiver | undefined> {
  const { rows } = await client.query(archiverQuery);
  if (question === 'heartbeat') await client.query(heartbeatQuery);
  return archiverIn(rows[0]);
}
