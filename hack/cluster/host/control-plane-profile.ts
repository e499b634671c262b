// A Kubernetes API on loopback: etcd, API server, controllers and the custom resources, for any user and without namespaces. It must never start a node.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBinaries } from '../../toolchain/binaries.ts';
import { cacheRoot } from '../../toolchain/cache.ts';
import { SetupError } from '../../toolchain/errors.ts';
import { withLock } from '../../toolchain/lock.ts';
import { cnpgCrds, pluginCrds } from '../../toolchain/manifests.ts';
import { ensureKubectlAndHelm } from '../../toolchain/programs.ts';
import type { Report } from '../../toolchain/report.ts';
import { connect } from '../client.ts';
import type { Cluster, UpRequest } from '../driver.ts';
import { clustersDirectory, type Identity } from '../names.ts';
import type { Progress } from '../progress.ts';
import { runTogether } from '../run-together.ts';
import { type State, writeState } from '../state.ts';
import { issueCertificates } from './certificates.ts';
import {
  apiServer,
  type ControlPlane,
  etcd,
  harnessName,
  paths,
  startApiServer,
  startControllerManager,
  waitForRoles,
  writeControlPlaneConfig,
} from './control-plane.ts';
import { installDefinitions, readDefinitions } from './crds.ts';
import { choosePorts, isFree } from './ports.ts';
import { findComponent } from './processes.ts';
import { requireFreeSpace, requireProgram } from './surroundings.ts';

/** What has to run. */
export const controlPlaneComponents = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;

const address = '127.0.0.1';
/** What etcd and the logs of a large test write. */
const megabytes = 1_000;

/** The steps, as people see them. */
const titles = {
  programs: 'programs',
  certificates: 'certificates',
  apiServer: 'etcd and kube-apiserver',
  definitions: 'custom resources',
  controllers: 'kube-controller-manager',
} as const;

/** Makes what is missing. @returns the cluster, and the state to remember once it is complete */
export async function upControlPlane(
  request: UpRequest,
  before: State,
  progress: Progress,
): Promise<{ readonly cluster: Cluster; readonly state: State }> {
  const { identity } = request;
  const { programs, crds } = await progress.step(titles.programs, (report) => findPrograms(request, report));
  const { state, ports } = await withPorts(identity, before, progress.report);
  const plane: ControlPlane = {
    stateDirectory: identity.stateDirectory,
    programs,
    address,
    ports,
    enter: [],
    hasNode: false,
  };
  await requirePorts(plane, identity);
  await progress.step(titles.certificates, async () => {
    await writeControlPlaneConfig(identity.stateDirectory);
    await issueCertificates(identity, { address, apiServerPort: ports.apiServer });
  });
  const client = connect(paths(identity.stateDirectory).harnessKubeconfig, harnessName);
  try {
    const definitions = readDefinitions(crds);
    await runTogether((signal) => {
      const served = progress.step(titles.apiServer, () => startApiServer(plane, client, signal));
      const known = Promise.all([definitions, served]).then(([files]) =>
        progress.step(titles.definitions, () => installDefinitions(files, client, signal)),
      );
      const roles = served.then(() => waitForRoles(plane, client, signal));
      const controlled = Promise.all([known, roles]).then(() =>
        progress.step(titles.controllers, () => startControllerManager(plane, client, signal)),
      );
      return [served, known, roles, controlled];
    });
  } finally {
    await client.close();
  }
  return { cluster: await describeControlPlane(identity), state };
}

/** The cluster as its users see it, whether it runs or not. */
export async function describeControlPlane(identity: Identity): Promise<Cluster> {
  const { kubeconfig, auditLog } = paths(identity.stateDirectory);
  return {
    name: identity.name,
    profile: 'control-plane',
    driver: 'host',
    stateDirectory: identity.stateDirectory,
    kubeconfig,
    auditLog,
    bin: (await ensureKubectlAndHelm(() => undefined)).directory,
    nsenter: [],
  };
}

async function findPrograms(request: UpRequest, report: Report) {
  await requireFreeSpace(clustersDirectory(), megabytes);
  await requireProgram('openssl', 'openssl', report);
  await ensureKubectlAndHelm(report);
  const programs = await ensureBinaries(controlPlaneComponents, report);
  const crds = [...(await cnpgCrds(report)), ...(await pluginCrds(report)), ...request.crds];
  return { programs, crds };
}

/** A cluster keeps its ports while it is down in part; another program may have taken one of them. */
async function requirePorts(plane: ControlPlane, { name }: Identity): Promise<void> {
  for (const [component, port] of [
    [etcd(plane), plane.ports.etcd],
    [apiServer(plane), plane.ports.apiServer],
  ] as const) {
    if ((await findComponent(component)) !== undefined || (await isFree(port))) continue;
    throw new SetupError(
      `Port ${port} on 127.0.0.1, where clients of the cluster ${name} look for ${component.name}, is taken by another program. ` +
        `End that program, or let the cluster choose other ports: npm run cluster -- down --name ${name}, then up again.`,
    );
  }
}

async function withPorts(identity: Identity, state: State, report: Report) {
  if (state.ports) return { state, ports: state.ports };
  const directory = join(cacheRoot(), 'locks');
  await mkdir(directory, { recursive: true });
  return await withLock(
    join(directory, 'cluster-ports'),
    (elapsed) => report(`ports: another cluster is choosing, waiting for ${elapsed}`),
    async () => {
      const ports = await choosePorts(Math.random());
      const chosen: State = { ...state, ports };
      await writeState(identity, chosen);
      return { state: chosen, ports };
    },
  );
}
