// What has to be remembered about a cluster between commands: choices, never facts that can be read from the machine itself. A file that
// cannot be understood is treated as the remains of a dead cluster, never as an error.
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { clustersDirectory, type Identity } from './names.ts';

const stateSchema = z.object({
  name: z.string(),
  profile: z.enum(['control-plane', 'node']),
  driver: z.enum(['host', 'kind']),
  /** TCP ports on 127.0.0.1, of the control-plane profile of the host driver. */
  ports: z.object({ etcd: z.number(), etcdPeer: z.number(), apiServer: z.number() }).optional(),
  /** Which /30 of the range the node profile of the host driver uses. */
  subnetIndex: z.number().optional(),
  /** Set once `up` came to its end: without it, files and processes are those of an unfinished `up`. */
  completedAt: z.string().optional(),
});

export type State = Readonly<z.infer<typeof stateSchema>>;
export type Profile = State['profile'];
export type DriverName = State['driver'];

const fileName = 'state.json';

/** @returns undefined when there is no state, or none that can be understood */
export async function readState(identity: Pick<Identity, 'stateDirectory'>): Promise<State | undefined> {
  try {
    return parseState(await readFile(join(identity.stateDirectory, fileName), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @returns undefined for anything that is not a complete state of this version of the harness */
export function parseState(text: string): State | undefined {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Replaces the state in one step: a reader sees the old or the new one. */
export async function writeState(identity: Identity, state: State): Promise<void> {
  await mkdir(identity.stateDirectory, { recursive: true });
  const path = join(identity.stateDirectory, fileName);
  await writeFile(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** The states of all clusters of this user, whatever checkout they belong to. */
export async function allStates(): Promise<readonly State[]> {
  const names = await readdir(clustersDirectory()).catch(() => []);
  const states = await Promise.all(
    names.map((name) => readState({ stateDirectory: join(clustersDirectory(), name) }).catch(() => undefined)),
  );
  return states.filter((state) => state !== undefined);
}
