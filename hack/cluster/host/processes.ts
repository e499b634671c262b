// Starts the programs of a cluster so that they outlive this process, and finds them again. It reads /proc instead of pid files: a pid
// file is wrong after a SIGKILL, a reboot or a reused pid, while a command line that contains the cluster's state directory is unique.
import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { SetupError } from '../../toolchain/errors.ts';
import { eventually, isUnexpected, NotYet, type WaitOptions } from '../wait.ts';

export interface Component {
  /** What people call it. */
  readonly name: string;
  /** The command line as /proc shows it. It has to name the state directory, which makes it unique on the machine. */
  readonly argv: readonly string[];
  /** Programs that run the command line in another place: nsenter, setpriv. */
  readonly enter?: readonly string[];
  /** What to start, when it only becomes the command line above once it is ready. */
  readonly launch?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Absolute path of the file that standard output and error are appended to. */
  readonly log: string;
}

/** How processes of this machine are waited for: they come and go quickly. */
const often = { timeoutMilliseconds: 30_000, everyMilliseconds: 20, isFinal: isUnexpected };

export interface Process {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** All processes that this user is permitted to read and whose command line matches. */
export async function findProcesses(matches: (argv: readonly string[]) => boolean): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end between the two looks; then it is not there.
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const argv = commandLine.split('\0').slice(0, -1);
      return argv.length > 0 && matches(argv) ? { pid: Number(pid), argv } : undefined;
    }),
  );
  return found.filter((process) => process !== undefined);
}

/** @returns the pid of the running component, or undefined */
export async function findComponent(component: Pick<Component, 'argv'>): Promise<number | undefined> {
  const wanted = component.argv.join('\0');
  const [found] = await findProcesses((argv) => argv.join('\0') === wanted);
  return found?.pid;
}

/**
 * Starts a component unless it already runs with this very command line; a process of the same program for the same state
 * directory with another command line is an older version of it, and is replaced.
 * @returns its pid on this machine
 * @throws SetupError with its last words when it ends at once
 */
export async function ensureRunning(component: Component, stateDirectory: string): Promise<number> {
  const running = await findComponent(component);
  if (running !== undefined) return running;
  const program = programName(component.argv);
  await kill(await findProcesses((argv) => programName(argv) === program && names(argv, stateDirectory)));
  return await start(component);
}

async function start(component: Component): Promise<number> {
  const [program, ...args] = component.launch ?? [...(component.enter ?? []), ...component.argv];
  await mkdir(dirname(component.log), { recursive: true });
  const log = await open(component.log, 'a');
  try {
    const child = spawn(program ?? '', args, {
      // A session of its own: Ctrl-C in the terminal of `up` must not reach it.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      // Not this shell's environment: with a proxy in it, components would not find each other. Root by `su` lacks the sbins.
      env: { PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`, ...component.environment },
      cwd: '/',
    });
    child.unref();
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    const look = async (): Promise<number> => {
      const pid = await findComponent(component);
      if (pid !== undefined) return pid;
      if (failure) throw new SetupError(`${component.name} cannot be started: ${failure.message}`);
      if (child.exitCode !== null || child.signalCode !== null) throw await lastWords(component);
      throw new NotYet(`no process has the command line ${component.argv.join(' ')}`);
    };
    return await eventually(`the process of ${component.name}`, look, often);
  } finally {
    await log.close();
  }
}

/**
 * Waits for what a component does once it works.
 * @param works looks; what it throws ends the wait
 * @throws SetupError with the component's last words when it ends, or when it does not work in time
 */
export async function untilItWorks(
  component: Component,
  what: string,
  works: () => Promise<boolean>,
  options: WaitOptions,
): Promise<void> {
  const look = async (): Promise<void> => {
    // First: what an earlier process left behind must not speak for one that has ended.
    await assertRunning(component);
    if (!(await works())) throw new NotYet(`${component.name} runs, but that is not there yet`);
  };
  const hint = `The log of ${component.name}: ${component.log}`;
  await eventually(what, look, { everyMilliseconds: 50, hint, ...options, isFinal: isUnexpected });
}

/** @throws SetupError with the last output of a component that is no longer running */
export async function assertRunning(component: Component): Promise<void> {
  if ((await findComponent(component)) === undefined) throw await lastWords(component);
}

/** Whether the process's network namespace has a server on the TCP port; works for a namespace other than this one. */
export async function isListening(pid: number, port: number): Promise<boolean> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  );
  return tables.some((table) => listensOn(table, port));
}

/** @param table the content of /proc/net/tcp or tcp6: the second field is address:port, the fourth the state, 0A for LISTEN */
export function listensOn(table: string, port: number): boolean {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').some((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return state === '0A' && local?.endsWith(`:${hexadecimal}`) === true;
  });
}

async function lastWords(component: Component): Promise<SetupError> {
  const text = await readFile(component.log, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-8);
  return new SetupError(
    `${component.name} ended while it was starting. The end of its log ${component.log}:\n${lines.join('\n')}`,
  );
}

/** What a command line runs: the program's file name, or the script's when Node runs it. */
export function programName([program = '', script = '']: readonly string[]): string {
  const name = basename(program);
  return name === 'node' ? basename(script, '.ts') : name;
}

/** Whether any argument is a path below the directory, or an option with such a path. */
export function names(argv: readonly string[], directory: string): boolean {
  return argv.some((argument) => argument.includes(`${directory}/`) || argument.endsWith(directory));
}

/** Ends processes with SIGKILL and waits until they are gone. Processes that are already gone are no error. */
export async function kill(processes: readonly Process[]): Promise<void> {
  const alive = new Set(processes.map((process) => process.pid).filter((pid) => signal(pid, 'SIGKILL')));
  const look = async (): Promise<void> => {
    for (const pid of alive) if (!(await isAlive(pid))) alive.delete(pid);
    if (alive.size > 0) throw new NotYet(`${[...alive].join(', ')} alive`);
  };
  await eventually(`the end of the processes ${[...alive].join(', ')}`, look, often);
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The state follows the command in parentheses, which may itself hold spaces and parentheses. A zombie has ended; who
  // collects it is its parent's business.
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
