// The control groups below which a cluster's pods run: a root of its own, for two kubelets that share one would remove each other's pods.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from '../names.ts';
import { eventually, isUnexpected, NotYet } from '../wait.ts';

interface Hierarchy {
  readonly mountPoint: string;
  readonly version: 1 | 2;
}

/** What the kubelet insists on in a unified hierarchy. */
const controllers = ['cpu', 'cpuset', 'memory', 'pids'];

/** The group as the kubelet names it: relative to each hierarchy. */
export function controlGroup(identity: Identity): string {
  return `/${identity.realName}`;
}

/** Makes the cluster's group in every hierarchy. */
export async function ensureControlGroups(identity: Identity): Promise<void> {
  for (const { mountPoint, version } of await hierarchies()) {
    const group = join(mountPoint, identity.realName);
    // In a hybrid layout the unified hierarchy has no controllers to hand on.
    if (version === 2 && (await readText(join(mountPoint, 'cgroup.controllers'))).includes('memory')) {
      const wanted = controllers.map((controller) => `+${controller}`).join(' ');
      await writeFile(join(mountPoint, 'cgroup.subtree_control'), wanted);
    }
    await mkdir(group, { recursive: true });
    // A new group of version 1 has no processors and no memory, and admits no process until it has.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (version === 1 && existsSync(join(group, file))) {
        await writeFile(join(group, file), await readText(join(mountPoint, file)));
      }
    }
  }
}

/** Removes the cluster's groups; their processes have ended. @returns whether there were any */
export async function removeControlGroups(identity: Identity): Promise<boolean> {
  const groups = (await hierarchies())
    .map(({ mountPoint }) => join(mountPoint, identity.realName))
    .filter((group) => existsSync(group));
  const remove = async (): Promise<void> => {
    for (const group of groups) await removeTree(group);
    const left = groups.filter((group) => existsSync(group));
    if (left.length > 0) throw new NotYet(`${left.join(', ')} still there`);
  };
  const options = { timeoutMilliseconds: 10_000, everyMilliseconds: 50, isFinal: isUnexpected };
  await eventually('the end of the control groups', remove, options);
  return groups.length > 0;
}

/** Groups are removed one by one, the innermost first: their files are not real. A group that is still busy stays. */
async function removeTree(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(group, entry.name));
  await rmdir(group).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EBUSY' && error.code !== 'ENOENT') throw error;
  });
}

async function hierarchies(): Promise<readonly Hierarchy[]> {
  return parseMounts(await readFile('/proc/self/mounts', 'utf8').catch(() => ''));
}

/** @param mounts the content of /proc/self/mounts */
export function parseMounts(mounts: string): readonly Hierarchy[] {
  return mounts.split('\n').flatMap((line) => {
    const [, mountPoint, type] = line.split(' ');
    if (mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return [{ mountPoint, version: type === 'cgroup' ? 1 : 2 }];
  });
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
