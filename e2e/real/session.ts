// A database session that an application keeps open: psql in the application's pod, logged in with its DATABASE_URL. It must never
// reconnect: a response proves that the connection was never interrupted.
import { join } from 'node:path';
import { execa } from 'execa';
import type { Cluster } from '../../hack/cluster/cluster.ts';

export interface Session {
  /** Runs SQL in the session. @returns what it printed @throws Error with psql's last words once the session has ended */
  ask(sql: string): Promise<string>;
  /** How the session ended, in psql's words; undefined while it holds. */
  readonly end: string | undefined;
  close(): Promise<void>;
}

/**
 * Logs in from a pod that was started by `startApp`.
 * @returns once the session has answered for the first time
 */
export async function openSession(cluster: Cluster, namespace: string, app: string): Promise<Session> {
  // Without a terminal psql ends when it loses the server, instead of connecting again.
  const psql = 'exec psql "$DATABASE_URL" --no-align --tuples-only --quiet --no-psqlrc --set ON_ERROR_STOP=1';
  const process = execa(
    join(cluster.bin, 'kubectl'),
    ['exec', '--stdin', '--namespace', namespace, `app-${app}`, '--', 'bash', '-c', psql],
    { env: { KUBECONFIG: cluster.kubeconfig }, stdin: 'pipe', buffer: false, reject: false },
  );
  let printed = '';
  let complaints = '';
  let end: string | undefined;
  let wake = (): void => undefined;
  process.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    wake();
  });
  process.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = process.then(({ exitCode }) => {
    end = `psql ended with ${exitCode}: ${complaints.trim()}`;
    wake();
  });
  let asked = 0;
  const session: Session = {
    async ask(sql) {
      asked += 1;
      const marker = `answered ${asked}`;
      process.stdin.write(`${sql.replace(/;\s*$/, '')};\n\\echo ${marker}\n`);
      for (;;) {
        const [answer, rest] = printed.split(`${marker}\n`, 2);
        if (rest !== undefined) {
          printed = rest;
          return (answer ?? '').trim();
        }
        if (end !== undefined) throw new Error(`the session of ${namespace}/app-${app} is over: ${end}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    get end() {
      return end;
    },
    async close() {
      process.stdin.end();
      await ended;
    },
  };
  await session.ask('SELECT 1');
  return session;
}
