// The namespaces of a cluster with a node: how they are made, entered and removed. One process holds them; when it ends, the kernel
// ends every other process, mount and link in them. It must never leave that to bookkeeping.
import { readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Identity } from '../names.ts';
import { removeControlGroups } from './control-groups.ts';
import { removeLinks } from './network.ts';
import { type Component, ensureRunning, findComponent, findProcesses, kill, names, type Process } from './processes.ts';

/** @param folders absolute paths that the components find at the same place as outside */
function machine(identity: Identity, folders: readonly string[]): Component {
  const { stateDirectory } = identity;
  const script = join(dirname(fileURLToPath(import.meta.url)), 'machine.sh');
  return {
    name: 'the namespaces',
    argv: ['bash', '-c', 'while :; do sleep infinity & wait $!; done', 'cluster-machine', stateDirectory],
    launch: [
      ...['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--'],
      ...['bash', script, stateDirectory, ...folders],
    ],
    log: join(stateDirectory, 'log', 'namespaces.log'),
  };
}

/** @returns the pid of the process that holds the namespaces, or undefined when they are not there or not complete */
export async function findMachine(identity: Identity): Promise<number | undefined> {
  return await findComponent(machine(identity, []));
}

/** Makes the namespaces when they are not there. @returns the pid of the process that holds them */
export async function ensureMachine(identity: Identity, folders: readonly string[]): Promise<number> {
  return await ensureRunning(machine(identity, folders), identity.stateDirectory);
}

/** The prefix that runs a command as a component does: in the mounts, the network and among the processes of the machine. */
export function enterMachine(pid: number): readonly string[] {
  // Containers run as other users than root: with a stricter mask they could not enter their own root.
  const withUmask = ['sh', '-c', 'umask 022 && exec "$@"', 'component'];
  return ['nsenter', `--target=${pid}`, '--mount', '--net', '--pid', '--', ...withUmask];
}

/**
 * The prefix that runs a command of this machine in the cluster's network, with the cluster's DNS.
 * @param resolverFile path of the resolv.conf to use
 */
export function enterNetwork(pid: number, resolverFile: string): readonly string[] {
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return ['nsenter', `--target=${pid}`, '--net', '--', 'unshare', '--mount', '--', 'sh', '-c', script, resolverFile];
}

/**
 * Ends the machine and all that runs in it or in its network, and removes what the kernel does not remove by itself.
 * @returns whether there was anything
 */
export async function removeMachine(identity: Identity): Promise<boolean> {
  const holders = await findProcesses(
    ([program = '', ...rest]) =>
      ['bash', 'unshare'].includes(program) &&
      names(rest, identity.stateDirectory) &&
      (rest.includes('cluster-machine') || rest.some((argument) => argument.endsWith('/machine.sh'))),
  );
  const network = await networkNamespaceOf(holders);
  // All at once: the first process of the machine ends only after those whose parent outside of it has taken note, and a parent may be stopped.
  await kill([...holders, ...(network === undefined ? [] : await processesIn(network))]);
  const links = await removeLinks(identity);
  const groups = await removeControlGroups(identity);
  return holders.length > 0 || links || groups;
}

async function networkNamespaceOf(holders: readonly Process[]): Promise<string | undefined> {
  const own = await readlink('/proc/self/ns/net');
  for (const { pid } of holders) {
    const network = await readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
    // A holder that has only just been started is still in the namespace of this process.
    if (network !== undefined && network !== own) return network;
  }
  return undefined;
}

async function processesIn(network: string): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const members = await Promise.all(
    pids.map(async (pid) => {
      const theirs = await readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
      return theirs === network ? { pid: Number(pid), argv: [] } : undefined;
    }),
  );
  return members.filter((member) => member !== undefined);
}
