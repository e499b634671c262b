// Finds and removes all that a cluster left on this machine, alive or dead, without trusting any record of it. It must never touch what belongs to another cluster or to nobody.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Identity } from '../names.ts';
import { controlPlaneComponents } from './control-plane-profile.ts';
import { removeMachine } from './machine.ts';
import { nodeComponents } from './node-profile.ts';
import { findProcesses, kill, names, type Process, programName } from './processes.ts';

/** The programs the host driver starts. Others that name the state directory, such as a pager on a log, are people's own. */
const programs: ReadonlySet<string> = new Set([...controlPlaneComponents, ...nodeComponents]);

/** Programs of the cluster that run, outside of namespaces of its own. */
export async function processesOf(identity: Identity): Promise<readonly Process[]> {
  return await findProcesses((argv) => programs.has(programName(argv)) && names(argv, identity.stateDirectory));
}

/**
 * Ends every process, then removes namespaces, links, control groups and files.
 * @returns whether there was anything
 */
export async function removeCluster(identity: Identity): Promise<boolean> {
  const machine = await removeMachine(identity);
  const processes = await processesOf(identity);
  await kill(processes);
  const files = existsSync(identity.stateDirectory);
  await rm(identity.stateDirectory, { recursive: true, force: true });
  return machine || processes.length > 0 || files;
}
