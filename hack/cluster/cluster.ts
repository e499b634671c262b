// The API to clusters for tests, demo and benchmark. The differences between drivers are behind driver.ts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../toolchain/errors.ts';
import type { Report } from '../toolchain/report.ts';
import { type Cluster, chooseDriver, type Driver, type Status } from './driver.ts';
import { hostDriver } from './host/driver.ts';
import { ensureCertificate, readPair } from './host/pki.ts';
import { kindDriver } from './kind/driver.ts';
import { readKubeconfig, renderKubeconfig } from './kubeconfig.ts';
import { identify } from './names.ts';
import { lineProgress } from './progress.ts';
import { type DriverName, type Profile, readState } from './state.ts';

export type { Cluster, Status } from './driver.ts';

export interface UpOptions {
  readonly name: string;
  /** Default: `auto`. */
  readonly driver?: DriverName | 'auto';
  readonly profile: Profile;
  /**
   * Paths of YAML files with one custom resource definition each. They are there before the controllers start: of a kind that
   * comes later the garbage collector takes up to 30 s to learn.
   */
  readonly crds?: readonly string[];
  readonly report: Report;
}

/**
 * Makes the cluster of that name, or what is missing of it.
 * @returns when everything of the profile is usable
 * @throws SetupError when the surroundings do not allow it
 */
export async function up(options: UpOptions): Promise<Cluster> {
  const driver = await driverFor(options);
  const request = { identity: identify(options.name), profile: options.profile, crds: options.crds ?? [] };
  return await driver.up(request, lineProgress(options.report));
}

async function driverFor(options: UpOptions): Promise<Driver> {
  const state = await readState(identify(options.name));
  const wish = options.driver ?? 'auto';
  if (state !== undefined && wish !== 'auto' && wish !== state.driver) {
    throw new SetupError(
      `The cluster ${options.name} was made by the driver ${state.driver}. Take it down first: npm run cluster -- down --name ${options.name}`,
    );
  }
  return driverNamed(state?.driver ?? (await chooseDriver(wish, options.profile)));
}

/** Removes the cluster and all it left behind. @returns whether there was anything */
export async function down(name: string, report: Report): Promise<boolean> {
  const identity = identify(name);
  const state = await readState(identity);
  return await driverNamed(state?.driver ?? 'host').down(identity, lineProgress(report));
}

/** What is there of the cluster of that name. */
export async function status(name: string): Promise<Status> {
  const identity = identify(name);
  const state = await readState(identity);
  if (state === undefined) return { name, state: 'absent', components: [] };
  return await driverNamed(state.driver).status(identity, state);
}

/** Makes an image known to the node, under the name its archive gives it. @param archive path of an OCI archive */
export async function loadImage(cluster: Cluster, archive: string, report: Report = () => undefined): Promise<void> {
  if (cluster.profile !== 'node') {
    throw new SetupError(`The cluster ${cluster.name} has no node to load an image into.`);
  }
  await driverNamed(cluster.driver).loadImage(cluster, archive, report);
}

/**
 * Makes a kubeconfig for another user, by a certificate of the cluster's own authority. Asked twice, it returns the first one.
 * @returns its path, below the state directory
 */
export async function issueKubeconfig(
  cluster: Cluster,
  client: { readonly user: string; readonly groups?: readonly string[] },
): Promise<string> {
  const groups = client.groups ?? [];
  // encodeURIComponent: user names hold colons and slashes, file names must not.
  const file = encodeURIComponent([client.user, ...groups].join('+'));
  const directory = join(cluster.stateDirectory, 'clients');
  const path = join(directory, `${file}.kubeconfig`);
  const [admin, pair] = await Promise.all([
    readKubeconfig(cluster.kubeconfig),
    ensureCertificate(join(cluster.stateDirectory, 'pki'), `client-${file}`, {
      commonName: client.user,
      organizations: groups,
    }),
  ]);
  await mkdir(directory, { recursive: true });
  await writeFile(path, renderKubeconfig(cluster.name, { ...admin, ...(await readPair(pair)) }), { mode: 0o600 });
  return path;
}

function driverNamed(name: DriverName): Driver {
  return name === 'kind' ? kindDriver() : hostDriver();
}
