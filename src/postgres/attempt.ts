// One login, from resolving the host to the result of `SELECT 1`. It releases everything it opened when it ends.
import type { Socket } from 'node:net';
import type { Answer, Question, RoleAnswer, RolesQuestion } from '../api/login.ts';
import { archiverIn, archiverQuery, heartbeatQuery } from './archiver.ts';
import { dial, silent } from './dial.ts';
import { archivedIn, archivedQuery, checkAssertions, markIn, markQuery, walQuery } from './drill.ts';
import { LoginError, loginErrorOf } from './failure.ts';
import { grantRights } from './grants.ts';
import { orLate } from './late.ts';
import { actAsOwner } from './membership.ts';
import type { Names } from './resolve.ts';
import { otherRolesIn, rolesQuery } from './roles.ts';
import { type Server, serverOf } from './server.ts';
import { sizeIn, sizeQuery } from './size.ts';
import { Wire } from './wire.ts';

type Pg = typeof import('pg');

/** A login that succeeded. */
export interface LoggedIn extends Answer {
  /** As "17.4" or "17". Of what else a server says, only the answers leave this folder. */
  readonly version?: string;
}

/** What else a login is for. */
interface Errand extends Question {
  /** The role that the user is to act as from then on. If this fails, the login fails. */
  readonly actsAs?: string;
}

/**
 * Logs in once. With sslmode prefer, it continues without TLS if TLS fails, as applications do.
 * @param question what else is asked; a question that fails is no failure of the login
 * @returns on success, what the server reported
 */
export async function attempt(
  server: Server,
  names: Names,
  signal: AbortSignal,
  question: Errand,
): Promise<LoginError | LoggedIn> {
  try {
    // Imported at the first login, to keep it out of the startup of the operator.
    const { Client } = await import('pg');
    const address = await names.addressOf(server.host, signal);
    const socket = await dial(server, address, true, signal).catch((error: unknown) => {
      if (server.sslMode !== 'prefer' || loginErrorOf(error).why !== 'tls') throw error;
      return dial(server, address, false, signal);
    });
    const { roles, ...told } = await converse(Client, socket, server, signal, question);
    if (question.roles === undefined || roles === undefined) return told;
    const proved = await proveRoles(question.roles, roles, names, signal);
    return proved === undefined ? told : { ...told, roles: proved };
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
  question: Errand,
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
    if (question.actsAs !== undefined) await orLate(actAsOwner(client, question.actsAs), signal, silent());
    const told = (answer: Promise<Answer>): Promise<Answer> => orLate(answer, signal, silent()).catch(() => ({}));
    const granted = await told(grantRoles(client, question));
    const archiver = await told(askArchiver(client, question));
    const roles = await told(askRoles(client, question, server));
    const drill = await told(askForDrill(client, question));
    // Last, since the server looks at every file.
    const size = await told(askSize(client, question));
    const checked: (string | undefined)[] = [];
    await orLate(checkAssertions(client, question.assertions ?? [], checked), signal, silent()).catch(() => {});
    // What still runs goes on adding to the list until the connection is gone.
    const overdue = `takes longer than the ${assertionsDeadline / 1000} s that all of them together have`;
    const assertions = signal.aborted ? [...checked, overdue] : [...checked];
    // Without a Terminate message, PostgreSQL can log a broken connection. Whether it succeeds does not affect the login.
    await orLate(client.end(), signal, silent()).catch(() => {});
    return {
      ...(wire.version !== undefined && { version: wire.version }),
      ...granted,
      ...archiver,
      ...roles,
      ...drill,
      ...size,
      ...(question.assertions && { assertions }),
    };
  } finally {
    wire.destroy();
  }
}

/**
 * Logs in with each role that has its rights.
 * @param granted what came of each role so far
 * @returns undefined if the signal aborts first
 */
async function proveRoles(
  { owner, roles }: RolesQuestion,
  granted: readonly RoleAnswer[],
  names: Names,
  signal: AbortSignal,
): Promise<readonly RoleAnswer[] | undefined> {
  const proved: RoleAnswer[] = [];
  for (const [index, answer] of granted.entries()) {
    const server = serverOf(roles[index]?.url ?? '');
    const { level } = answer;
    if (answer.failure !== undefined) proved.push(answer);
    else if (server === undefined) proved.push({ level, failure: 'its URL has an unexpected format' });
    else {
      const result = await attempt(server, names, signal, level === 'admin' ? { actsAs: owner } : {});
      if (signal.aborted) return undefined;
      proved.push(result instanceof LoginError ? { level, failure: `the login fails (${result.detail})` } : { level });
    }
  }
  return proved;
}

/** @throws the errors of pg */
async function grantRoles(client: InstanceType<Pg['Client']>, { roles }: Question): Promise<Answer> {
  return roles === undefined ? {} : { roles: await grantRights(client, roles) };
}

/** @throws the errors of pg */
async function askArchiver(client: InstanceType<Pg['Client']>, { archiver }: Question): Promise<Answer> {
  if (archiver === undefined) return {};
  const { rows } = await client.query(archiverQuery);
  if (archiver === 'heartbeat') await client.query(heartbeatQuery);
  const told = archiverIn(rows[0]);
  return told === undefined ? {} : { archiver: told };
}

/** @throws the errors of pg */
async function askForDrill(client: InstanceType<Pg['Client']>, { drill }: Question): Promise<Answer> {
  if (drill === undefined) return {};
  const askFor = async (query: string): Promise<unknown> => (await client.query(query)).rows[0];
  if (drill === 'mark') {
    const mark = markIn(await askFor(markQuery), await askFor(walQuery));
    return mark === undefined ? {} : { mark };
  }
  const archivedWal = archivedIn(await askFor(archivedQuery));
  return archivedWal === undefined ? {} : { archivedWal };
}

/** How long all assertions of a restore drill may take, with the login. Milliseconds. */
export const assertionsDeadline = 60_000;

/** @throws the errors of pg */
async function askRoles(client: InstanceType<Pg['Client']>, { otherRoles }: Question, server: Server): Promise<Answer> {
  return otherRoles === true ? { otherRoles: otherRolesIn((await client.query(rolesQuery)).rows, server) } : {};
}

/** @throws the errors of pg */
async function askSize(client: InstanceType<Pg['Client']>, { otherRoles }: Question): Promise<Answer> {
  if (otherRoles !== true) return {};
  const bytes = sizeIn((await client.query(sizeQuery)).rows[0]);
  return bytes === undefined ? {} : { bytes };
}
