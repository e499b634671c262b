// Images in the node's container runtime, put there from archives. It must never pull one.
import { basename } from 'node:path';
import { execa } from 'execa';
import type { ControlPlane } from './control-plane.ts';
import { containerdSocket } from './node.ts';

type Runtime = Pick<ControlPlane, 'stateDirectory' | 'programs'>;

/** Marks an image with the archive it is from, once all of it is there. */
const label = 'postgres-addon-operator/archive';

/** Whether the container runtime answers. */
export async function answers(runtime: Runtime): Promise<boolean> {
  return !(await execa(...ctr(runtime, ['version']), { reject: false })).failed;
}

/**
 * Imports an archive of the cache, unless it was.
 * @param reference the image's name
 * @param archive path in the cache; its name identifies the contents
 */
export async function ensureImported(runtime: Runtime, reference: string, archive: string): Promise<void> {
  const mark = `${label}=${basename(archive)}`;
  const { stdout } = await execa(...ctr(runtime, ['images', 'list', `name==${reference}`]));
  if (stdout.includes(mark)) return;
  await importArchive(runtime, archive);
  await execa(...ctr(runtime, ['images', 'label', reference, mark]));
}

/** Imports an archive under the name it gives itself. @param archive path of an OCI archive */
export async function importArchive(runtime: Runtime, archive: string): Promise<void> {
  await execa(...ctr(runtime, ['images', 'import', archive]));
}

function ctr({ programs, stateDirectory }: Runtime, args: readonly string[]): [string, string[]] {
  return [programs.get('ctr') ?? '', ['--address', containerdSocket(stateDirectory), '--namespace', 'k8s.io', ...args]];
}
