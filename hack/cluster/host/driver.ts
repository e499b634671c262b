// The driver that runs a cluster as processes of this machine: which state allows what, under a lock of the cluster. How the two profiles are made is in their own files.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../../toolchain/cache.ts';
import { SetupError } from '../../toolchain/errors.ts';
import { withLock } from '../../toolchain/lock.ts';
import type { Cluster, Driver, Status, UpRequest } from '../driver.ts';
import type { Identity } from '../names.ts';
import { type Progress, removalTitle } from '../progress.ts';
import { readState, type State, writeState } from '../state.ts';
import { controlPlaneComponents, describeControlPlane, upControlPlane } from './control-plane-profile.ts';
import { findMachine } from './machine.ts';
import { describeNode, loadIntoNode, nodeComponents, upNode } from './node-profile.ts';
import { programName } from './processes.ts';
import { processesOf, removeCluster } from './remains.ts';

export function hostDriver(): Driver {
  return {
    up: (request, progress) => locked(request.identity, progress, () => up(request, progress)),
    down: (identity, progress) =>
      locked(identity, progress, () => progress.step(removalTitle, () => removeCluster(identity))),
    status,
    loadImage: loadIntoNode,
  };
}

async function up(request: UpRequest, progress: Progress): Promise<Cluster> {
  const { identity, profile } = request;
  if (process.platform !== 'linux') {
    throw new SetupError(`The host driver needs Linux; this is ${process.platform}. Use --driver kind.`);
  }
  const before = await readState(identity);
  if (before !== undefined && (await isAlive(identity, before))) {
    if (before.profile !== profile) {
      throw new SetupError(
        `The cluster ${identity.name} runs with the profile ${before.profile}. Take it down first, or choose another --name.`,
      );
    }
    return await complete(request, before, progress);
  }
  // Also without state: the processes may have outlived it.
  if (await removeCluster(identity)) {
    progress.report(`Removed what a dead or unfinished cluster ${identity.name} had left behind.`);
  }
  const fresh: State = { name: identity.name, profile, driver: 'host' };
  return await complete(request, fresh, progress);
}

async function complete(request: UpRequest, state: State, progress: Progress): Promise<Cluster> {
  const make = request.profile === 'node' ? upNode : upControlPlane;
  const { cluster, state: made } = await make(request, state, progress);
  await writeState(request.identity, { ...made, completedAt: state.completedAt ?? new Date().toISOString() });
  return cluster;
}

/** A cluster without a single process, or a node without its namespaces, cannot be resumed: memory and mounts are gone. */
async function isAlive(identity: Identity, state: State): Promise<boolean> {
  if (state.profile === 'node') return (await findMachine(identity)) !== undefined;
  return (await processesOf(identity)).length > 0;
}

async function status(identity: Identity, state: State): Promise<Status> {
  const [expected, cluster] =
    state.profile === 'node'
      ? [nodeComponents, await describeNode(identity)]
      : [controlPlaneComponents, await describeControlPlane(identity)];
  const running = await processesOf(identity);
  const components = expected.map((name) => {
    const found = running.find((process) => programName(process.argv) === name);
    return { name, ...(found ? { pid: found.pid } : {}) };
  });
  const whole = state.completedAt !== undefined && components.every(({ pid }) => pid !== undefined);
  return { name: identity.name, state: whole ? 'running' : 'partial', components, ...(cluster ? { cluster } : {}) };
}

async function locked<T>(identity: Identity, progress: Progress, work: () => Promise<T>): Promise<T> {
  const directory = join(cacheRoot(), 'locks');
  if (!existsSync(directory)) await mkdir(directory, { recursive: true });
  const waiting = (elapsed: string) =>
    progress.report(`Another command is at work on the cluster ${identity.name}, waiting for ${elapsed}`);
  return await withLock(join(directory, `cluster-${identity.realName}`), waiting, work);
}
