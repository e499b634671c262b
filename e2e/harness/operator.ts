// Runs the operator as a real process with its own permissions. It must never be configured differently from a pod.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from '../../hack/cluster/client.ts';
import { type Cluster, issueKubeconfig } from '../../hack/cluster/cluster.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import { chartPermissions, grant, type Permissions } from './permissions.ts';

const serviceNames = join(import.meta.dirname, 'service-names.mjs');

export interface OperatorOptions {
  readonly cluster: Cluster;
  /** Its user name at the API server, valid as a label; a unique one distinguishes two operators in the audit log. */
  readonly user: string;
  /** Namespace of its Lease; it has to exist. */
  readonly namespace: string;
  /** Default: what the chart grants. */
  readonly permissions?: Permissions;
  readonly podName?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Address of a server that answers the logins; without it, none is attempted, since a login could only fail. */
  readonly databases?: string;
  /** Of Node, before the program. */
  readonly flags?: readonly string[];
  /** Path of what Node runs; default: the sources of this checkout. */
  readonly program?: string;
  /** Of the program. */
  readonly args?: readonly string[];
}

/** One line of its log. */
export interface LogLine {
  readonly level?: string | number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Operator {
  readonly pid: number;
  readonly user: string;
  /** When the process was started, by performance.now(). */
  readonly startedAt: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<Exit>;
  readonly #lines: LogLine[] = [];
  #text = '';
  #exit: Exit | undefined;

  constructor(child: ChildProcess, user: string, startedAt: number) {
    this.#child = child;
    this.startedAt = startedAt;
    this.user = user;
    this.pid = child.pid ?? 0;
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      this.#exit = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      return this.#exit;
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
  }

  /** What it logged: each line that is JSON. */
  get log(): readonly LogLine[] {
    return this.#lines;
  }

  /** Everything it wrote to stdout and stderr. */
  get output(): string {
    return this.#text;
  }

  /** Port of /livez, /readyz and /metrics. @throws Error while it has not said it */
  get port(): number {
    const line = this.#lines.find(({ port }) => typeof port === 'number');
    if (line === undefined) throw new Error(`the operator has not started; it said:\n${this.#text.slice(-2000)}`);
    return line.port as number;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Resolves with the first log line whose message holds the text. */
  async said(text: string): Promise<LogLine> {
    return await eventually(`the operator to log "${text}"`, () => {
      const line = this.#lines.find(({ msg }) => msg?.includes(text));
      if (line === undefined) throw new Error(this.#text.slice(-2000));
      return line;
    });
  }

  /** @returns status and body of a page of its health server */
  async page(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async untilReady(): Promise<void> {
    await eventually('/readyz of the operator', async () => {
      if (this.#exit !== undefined)
        throw new Error(`it ended with ${JSON.stringify(this.#exit)}:\n${this.#text.slice(-2000)}`);
      const { status, body } = await this.page('/readyz?verbose');
      if (status !== 200) throw new Error(`${status}: ${body}`);
    });
  }

  /** Resolves when the process has ended by itself. */
  ended(): Promise<Exit> {
    return this.#exited;
  }

  /** SIGTERM, as a pod is stopped. */
  stop(): Promise<Exit> {
    this.#child.kill('SIGTERM');
    return this.#exited;
  }

  /** SIGKILL, as a node dies. */
  kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.#exited;
  }

  #take(line: string): void {
    this.#text += `${line}\n`;
    try {
      this.#lines.push(JSON.parse(line) as LogLine);
    } catch {
      // Not everything a process says is a log line; output holds it.
    }
  }
}

/** What it takes to log in at a simulated database. The check itself is on by default. */
function loginOf(databases: string | undefined) {
  return databases === undefined
    ? { flags: [], environment: { READINESS_CONNECTION_CHECK: 'Off' } }
    : { flags: ['--import', serviceNames], environment: { TEST_DATABASE_ADDRESS: databases } };
}

/** Starts the operator; it may still be reading when this resolves. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { cluster, user, namespace, flags = [], args = [], program = join(repositoryRoot, 'src/main.ts') } = options;
  const admin = connect(cluster.kubeconfig, 'e2e-harness');
  try {
    await grant(admin, user, options.permissions ?? (await chartPermissions(cluster, namespace)));
  } finally {
    await admin.close();
  }
  const kubeconfig = await issueKubeconfig(cluster, { user });
  const startedAt = performance.now();
  const login = loginOf(options.databases);
  const all = ['--disable-warning=ExperimentalWarning', ...flags, ...login.flags, program, ...args];
  const child = spawn(process.execPath, all, {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      KUBECONFIG: kubeconfig,
      POD_NAME: options.podName ?? user,
      POD_NAMESPACE: namespace,
      PORT: '0',
      ...login.environment,
      ...options.environment,
    },
  });
  // An operator that outlives its test would go on reconciling the next one's addons.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  return new Operator(child, user, startedAt);
}
