// Answers logins for every simulated Cluster, as its Service and primary do: with TLS, with the password that CNPG's Secret holds now, or
// that CNPG gave a role, and only while the Cluster has a primary that is ready. It speaks no SQL but the statements of the operator's login.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { connect, type KubeClient } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { testCertificate } from '../../src/kube/testing-certificate.ts';
import { asksForPassword, errorResponse, letsIn, message, selectsOne } from '../../src/postgres/testing.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { RolesOf } from './roles.ts';
import type { Wal } from './wal.ts';

/** The port in every DATABASE_URL. */
const port = 5432;

/** Of an error response that a client gets in place of a session. */
type Refusal = '28P01' | '3D000' | '57P03';

/** What the simulator knows of a Cluster. */
interface Simulated {
  walOf(namespace: string, cluster: string): Wal | undefined;
  readonly roles: { of(uid: string): RolesOf };
}

/** What becomes of a login after its password: no answer, or the end of the connection without a word. */
type Trouble = 'silence' | 'reset';
/** The role that every database has besides its owner. */
export const otherRole = 'report';

export class DatabaseServer {
  /** The address of the Services of all databases: one of its own on loopback, since the port is always the same. */
  readonly address: string;
  readonly #client: KubeClient;
  readonly #simulated: Simulated;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #contexts = new Map<string, SecureContext>();
  readonly #logins = new Map<string, number>();
  readonly #troubles = new Map<string, Trouble>();

  private constructor(client: KubeClient, simulated: Simulated, server: Server, address: string) {
    this.#client = client;
    this.#simulated = simulated;
    this.#server = server;
    this.address = address;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
      // A client that leaves in the middle of it has been tested as much as it wanted.
      this.#meet(socket).catch(() => socket.destroy());
    });
  }

  /** @param kubeconfig path of one that may read Clusters and Secrets */
  static async start(kubeconfig: string, simulated: Simulated): Promise<DatabaseServer> {
    const server = createServer();
    const address = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
    await once(server.listen(port, address), 'listening');
    return new DatabaseServer(connect(kubeconfig, 'cnpg-simulator'), simulated, server, address);
  }

  /** How many logins to a Cluster have succeeded. */
  loginsTo(namespace: string, cluster: string): number {
    return this.#logins.get(`${namespace}/${cluster}`) ?? 0;
  }

  /** Every login to a Cluster ends like this, until relieve(). */
  trouble(namespace: string, cluster: string, trouble: Trouble): void {
    this.#troubles.set(`${namespace}/${cluster}`, trouble);
  }

  relieve(namespace: string, cluster: string): void {
    this.#troubles.delete(`${namespace}/${cluster}`);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#client.close();
  }

  async #meet(socket: Socket): Promise<void> {
    await once(socket, 'data');
    socket.write('S');
    let host = '';
    const client = new TLSSocket(socket, {
      isServer: true,
      SNICallback: (name, done) => {
        host = name;
        done(null, this.#contextOf(name));
      },
    }).on('error', () => {});
    const [startup] = (await once(client, 'data')) as [Buffer];
    client.write(asksForPassword);
    const [answer] = (await once(client, 'data')) as [Buffer];
    const [service = '', namespace = ''] = host.split('.');
    const cluster = service.replace(/-rw$/, '');
    const trouble = this.#troubles.get(`${namespace}/${cluster}`);
    if (trouble === 'silence') return;
    if (trouble === 'reset') return void socket.resetAndDestroy();
    const refusal = await this.#judge(namespace, cluster, startup, answer.toString('utf8', 5).replace(/\0$/, ''));
    if (refusal !== undefined) return void client.end(errorResponse(refusal));
    client.write(letsIn);
    let prepared = '';
    let bound = '';
    for await (const [type, body] of messagesFrom(client)) {
      const statement = body.replace(/\0$/, '');
      // A statement is prepared without a name, bound, and executed at the Sync.
      if (type === 'P') [, prepared = ''] = body.split('\0');
      else if (type === 'B') bound = body;
      else if (type === 'S') client.write(prepared.includes('pg_roles') ? existing(bound) : declared);
      else if (type === 'X') return void client.end();
      else if (type !== 'Q') continue;
      else if (statement === 'SELECT 1') {
        this.#logins.set(`${namespace}/${cluster}`, this.loginsTo(namespace, cluster) + 1);
        client.write(selectsOne);
      } else if (statement.startsWith('FETCH')) client.write(rowOf({ value: String(prepared.includes('true')) }));
      else client.write(this.#answer(statement, this.#simulated.walOf(namespace, cluster)));
    }
  }

  /** What PostgreSQL answers to a statement about its archiver or its roles. */
  #answer(statement: string, wal: Wal | undefined): Buffer {
    if (wal !== undefined && statement.includes('pg_stat_archiver')) {
      const { archivedAt, archived, current } = wal.view;
      const at = archivedAt === undefined ? undefined : `${(archivedAt / 1000).toFixed(6)}`;
      return rowOf({ at, archived, current, size: '16777216', wal: archived });
    }
    if (wal !== undefined && statement.includes('pg_current_wal_insert_lsn')) {
      if (statement.includes('pg_walfile_name')) return rowOf({ wal: wal.complete(systemClock.now()) });
      return rowOf({ lsn: '0/5000028', at: (systemClock.now() / 1000).toFixed(6), xid: '742' });
    }
    // Whatever it grants succeeds.
    if (/^(BEGIN|ROLLBACK|COMMIT|DO)\b/.test(statement))
      return Buffer.concat([message('C', 'BEGIN\0'), message('Z', 'T')]);
    if (/postgres_addon|set_config/.test(statement)) return rowOf({ rest: undefined });
    if (wal !== undefined && statement.includes('pg_current_xact_id')) {
      // The commit record fills a file at the next archive_timeout.
      wal.complete(systemClock.now());
      return rowOf({ pg_current_xact_id: '742' });
    }
    if (statement.includes('pg_roles')) return rowOf({ rolname: otherRole });
    if (statement.includes('pg_database_size')) return rowOf({ bytes: '7864320' });
    return Buffer.concat([errorResponse('42601'), message('Z', 'I')]);
  }

  #contextOf(host: string): SecureContext {
    let context = this.#contexts.get(host);
    if (context === undefined) {
      const { certificate, key } = testCertificate(host);
      context = createSecureContext({ cert: certificate, key });
      this.#contexts.set(host, context);
    }
    return context;
  }

  /** @param startup names and values, each with a zero byte, after the length and the version of the protocol */
  async #judge(namespace: string, cluster: string, startup: Buffer, password: string): Promise<Refusal | undefined> {
    const words = startup.toString('utf8', 8).split('\0');
    const parameter = (name: string): string | undefined => words[words.indexOf(name) + 1];
    const { status = {}, metadata } = (await this.#client.get(clusterGvr, namespace, cluster)) ?? {};
    if (!(Number(status.readyInstances) > 0) || status.currentPrimary !== status.targetPrimary) return '57P03';
    const secret = await this.#client.get(secrets, namespace, `${cluster}-app`);
    const data = (secret?.data ?? {}) as Readonly<Record<string, string>>;
    const is = (key: string, value: string | undefined): boolean =>
      Buffer.from(data[key] ?? '', 'base64').toString() === value;
    const user = parameter('user') ?? '';
    const isOwner = is('username', user) && is('password', password);
    if (!isOwner && this.#simulated.roles.of(metadata?.uid ?? '').get(user) !== password) return '28P01';
    return is('dbname', parameter('database')) ? undefined : '3D000';
  }
}

/** The messages of a client, however they are cut on the way: each type with its text. */
async function* messagesFrom(client: TLSSocket): AsyncGenerator<readonly [string, string]> {
  let rest = Buffer.alloc(0);
  for await (const chunk of client) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const end = 1 + rest.readUInt32BE(1);
      yield [rest.toString('latin1', 0, 1), rest.toString('utf8', 5, end)];
      rest = rest.subarray(end);
    }
  }
}

/** ParseComplete, BindComplete, NoData, CommandComplete and ReadyForQuery. */
const declared = Buffer.concat([
  ...['1', '2', 'n'].map((type) => message(type)),
  message('C', 'DECLARE CURSOR\0'),
  message('Z', 'T'),
]);

/** Each role that was asked for exists. @param bound the message that binds an array of names */
function existing(bound: string): Buffer {
  const names = /\{.*\}/.exec(bound)?.[0].match(/[^{}",]+/g) ?? [];
  const rows = rowsOf(
    ['name'],
    names.map((name) => ({ name })),
  );
  return Buffer.concat([message('1'), message('2'), rows]);
}

/** The result of a query with one row of texts; undefined is null. */
function rowOf(row: Row): Buffer {
  return rowsOf(Object.keys(row), [row]);
}

type Row = Readonly<Record<string, string | undefined>>;

function rowsOf(columns: readonly string[], rows: readonly Row[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(columns.length);
  const fields = columns.map((name) => {
    // Of no table, type text.
    const field = Buffer.alloc(18);
    field.writeUInt32BE(25, 6);
    field.writeInt16BE(-1, 10);
    field.writeInt32BE(-1, 12);
    return Buffer.concat([Buffer.from(`${name}\0`), field]);
  });
  const encoded = (value: string | undefined): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === undefined ? -1 : Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value ?? '')]);
  };
  return Buffer.concat([
    message('T', Buffer.concat([count, ...fields])),
    ...rows.map((row) => message('D', Buffer.concat([count, ...columns.map((name) => encoded(row[name]))]))),
    message('C', `SELECT ${rows.length}\0`),
    message('Z', 'I'),
  ]);
}
