// A pod that inserts increasing numbers through DATABASE_URL, whatever happens to the database, and keeps its own record of those
// that PostgreSQL acknowledged. It must never write a number twice, nor record one before it is acknowledged.
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { postgresImage, type Real } from './real.ts';

export interface Acknowledged {
  readonly number: number;
  /** Seconds since the epoch, by the pod's clock. */
  readonly at: number;
}

/**
 * One psql after the other: without a terminal psql ends when it loses the server, and the next one logs in again. An answer that
 * does not come in time counts as a lost server, since a connection to a deleted pod may never be reset.
 *
 * A psql that could not log in may have ended before bash writes to it; without the trap, bash would end with SIGPIPE.
 */
const program = `
trap '' PIPE
number=0
while :; do
  coproc PSQL { exec psql "$DATABASE_URL" --no-align --tuples-only --quiet --no-psqlrc --set ON_ERROR_STOP=1 2>>/tmp/complaints; }
  pid=$PSQL_PID
  exec {answers}<&"\${PSQL[0]}" {statements}>&"\${PSQL[1]}"
  while :; do
    number=$((number + 1))
    echo "INSERT INTO written VALUES ($number) RETURNING number;" >&"$statements" || break
    IFS= read -r -t 5 answer <&"$answers" || break
    [ "$answer" = "$number" ] || break
    echo "$number $EPOCHREALTIME" >>/tmp/acknowledged
  done
  exec {answers}<&- {statements}>&-
  kill -9 "$pid"; wait "$pid"
  echo "$EPOCHREALTIME" >>/tmp/reconnects
  sleep 0.1
done
`;

export class Writer {
  readonly #real: Real;
  readonly #namespace: string;
  readonly #app: string;

  constructor(real: Real, namespace: string, app: string) {
    this.#real = real;
    this.#namespace = namespace;
    this.#app = app;
  }

  /** Makes the table and starts the pod; `startApp` has to have been called for the app. */
  async start(): Promise<void> {
    await this.#real.sql(this.#namespace, this.#app, 'CREATE TABLE written (number integer PRIMARY KEY)');
    await this.#real.kubectl(
      ['apply', '--namespace', this.#namespace, '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: this.#pod },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          // Started again it would begin at 1, and its record would be gone.
          restartPolicy: 'Never',
          containers: [
            {
              name: 'writer',
              image: postgresImage,
              command: ['bash', '-c', program],
              envFrom: [{ secretRef: { name: `app-${this.#app}-database-url` } }],
              env: [{ name: 'PGCONNECT_TIMEOUT', value: '3' }],
            },
          ],
        },
      }),
    );
    await this.untilMore(20);
  }

  /** The writer's own record, in the order of the answers. */
  async acknowledged(): Promise<readonly Acknowledged[]> {
    const record = await this.#read('/tmp/acknowledged');
    return record.map((line) => {
      const [number, at] = line.split(' ').map(Number);
      return { number: number ?? Number.NaN, at: at ?? Number.NaN };
    });
  }

  /** How often it had to reconnect. */
  async reconnects(): Promise<number> {
    return (await this.#read('/tmp/reconnects')).length;
  }

  /** Waits until it has been answered so many times more. */
  async untilMore(count: number): Promise<void> {
    const before = (await this.acknowledged().catch(() => [])).length;
    await eventually(
      `${count} more answers to the writer`,
      async () => {
        const { length } = await this.acknowledged();
        if (length < before + count) throw new Error(`${length - before} of them; ${await this.#complaints()}`);
      },
      { everyMilliseconds: 500 },
    );
  }

  /** The acknowledged numbers that the database does not have. */
  async lost(): Promise<readonly number[]> {
    const record = await this.acknowledged();
    const rows = await this.#real.sql(this.#namespace, this.#app, 'SELECT number FROM written ORDER BY number');
    const kept = new Set(rows.split('\n').map(Number));
    return record.map(({ number }) => number).filter((number) => !kept.has(number));
  }

  /** The longest time without an answer, in seconds. */
  async longestPause(): Promise<number> {
    const times = (await this.acknowledged()).map(({ at }) => at);
    return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
  }

  /** The pod as the API server knows it. */
  async pod(): Promise<LiveObject> {
    const text = await this.#real.kubectl([
      'get',
      'pod',
      this.#pod,
      '--namespace',
      this.#namespace,
      '--output',
      'json',
    ]);
    return JSON.parse(text) as LiveObject;
  }

  get #pod(): string {
    return `writer-${this.#app}`;
  }

  async #read(path: string): Promise<readonly string[]> {
    const script = `[ ! -e ${path} ] || cat ${path}`;
    const text = await this.#real.script({ namespace: this.#namespace, pod: this.#pod }, script);
    return text.split('\n').filter((line) => line !== '');
  }

  async #complaints(): Promise<string> {
    return (await this.#read('/tmp/complaints')).slice(-3).join(' ');
  }
}
