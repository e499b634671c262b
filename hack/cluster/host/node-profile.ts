// A whole cluster with one node in namespaces of its own: control plane, node, CloudNativePG, its Barman Cloud plugin and an S3
// server. This file is the order of things: what starts when, side by side where nothing depends on the other.
import { dirname } from 'node:path';
import { type BinaryName, ensureBinaries } from '../../toolchain/binaries.ts';
import { cacheRoot } from '../../toolchain/cache.ts';
import { ensureImages, type ImageName, imageReferences } from '../../toolchain/images.ts';
import { cnpgReleaseManifest, pluginManifest } from '../../toolchain/manifests.ts';
import { ensureDebianPackages } from '../../toolchain/packages.ts';
import { ensureKubectlAndHelm } from '../../toolchain/programs.ts';
import type { Report } from '../../toolchain/report.ts';
import { connect, type KubeClient } from '../client.ts';
import type { Cluster, UpRequest } from '../driver.ts';
import { expander } from '../expander-process.ts';
import { storageClasses } from '../manifests.ts';
import { clustersDirectory, type Identity } from '../names.ts';
import type { Progress } from '../progress.ts';
import { runTogether } from '../run-together.ts';
import { readState, type State, writeState } from '../state.ts';
import { issueCertificates } from './certificates.ts';
import { controlGroup, ensureControlGroups } from './control-groups.ts';
import {
  type ControlPlane,
  harnessName,
  paths,
  startApiServer,
  startControllerManager,
  waitForRoles,
  writeControlPlaneConfig,
} from './control-plane.ts';
import { asDefinitions, installDefinitions, readDefinitions } from './crds.ts';
import { ensureImported, importArchive } from './images.ts';
import { ensureMachine, enterMachine, enterNetwork, findMachine } from './machine.ts';
import { ensureNetwork, subnetAt } from './network.ts';
import {
  coredns,
  kubelet,
  kubeProxy,
  nodeName,
  objectStore,
  resolverFile,
  scheduler,
  servicePorts,
  versitygw,
  writeNodeConfig,
} from './node.ts';
import { startContainerd, startServer, waitForNode, waitForServiceRules } from './node-start.ts';
import { installOperators, readOperators, waitForCnpg, waitForPlugin } from './operators.ts';
import { type Component, ensureRunning } from './processes.ts';
import { requireFreeSpace, requireRoot } from './surroundings.ts';

/** What has to run. */
export const nodeComponents = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'containerd',
  'kubelet',
  'kube-proxy',
  'coredns',
  'versitygw',
  'expander',
] as const;

const binaries: readonly BinaryName[] = [
  ...nodeComponents.filter((name) => name !== 'expander'),
  'containerd-shim-runc-v2',
  'ctr',
];
const packages = ['runc', 'containernetworking-plugins', 'iptables', 'iproute2', 'openssl', 'util-linux'];
/** What the node's first pods need, and what only a Cluster asks for. */
const images = { first: ['pause', 'cnpg', 'barman-plugin'], later: ['postgres', 'barman-sidecar'] } as const;
/** Unpacked images, volumes and logs. */
const megabytes = 4_000;
/** In a namespace of its own every cluster has the same ports. */
const ports = { etcd: 2379, etcdPeer: 2380, apiServer: 6443 } as const;

/** The steps, as people see them. */
const titles = {
  programs: 'programs',
  network: 'network and certificates',
  apiServer: 'etcd and kube-apiserver',
  images: 'images',
  containerd: 'containerd',
  firstImages: `importing ${images.first.join(', ')}`,
  definitions: 'custom resources',
  services: 'DNS, S3 and storage',
  node: 'node',
  controllers: 'kube-controller-manager',
  laterImages: `importing ${images.later.join(', ')}`,
  cnpg: 'CloudNativePG',
  plugin: 'Barman Cloud plugin',
} as const;

/** Makes what is missing. @returns the cluster, and the state to remember once it is complete */
export async function upNode(
  request: UpRequest,
  before: State,
  progress: Progress,
): Promise<{ readonly cluster: Cluster; readonly state: State }> {
  const { identity } = request;
  requireRoot();
  await requireFreeSpace(clustersDirectory(), megabytes);
  const programs = await progress.step(titles.programs, findPrograms);
  const { plane, state } = await progress.step(titles.network, () => prepareMachine(identity, programs, before));
  const client = connect(paths(identity.stateDirectory).harnessKubeconfig, harnessName);
  try {
    await runTogether((signal) => startEverything({ request, plane, client, progress, signal }));
  } finally {
    await client.close();
  }
  return { cluster: await describe(identity, state), state };
}

async function findPrograms(report: Report): Promise<ReadonlyMap<BinaryName, string>> {
  await ensureDebianPackages(packages, report);
  await ensureKubectlAndHelm(report);
  return await ensureBinaries(binaries, report);
}

/** The namespaces, the link into them, and all files that name its address. */
async function prepareMachine(
  identity: Identity,
  programs: ReadonlyMap<BinaryName, string>,
  before: State,
): Promise<{ readonly plane: ControlPlane; readonly state: State }> {
  await writeState(identity, before);
  // Programs may lie outside the caches, in $KUBEBUILDER_ASSETS.
  const folders = new Set([cacheRoot(), ...[...programs.values()].map((path) => dirname(path))]);
  const outside = [...folders].filter((folder) => folder === cacheRoot() || !folder.startsWith(`${cacheRoot()}/`));
  const pid = await ensureMachine(identity, outside);
  await ensureControlGroups(identity);
  const subnet = await ensureNetwork(identity, pid, before.subnetIndex);
  const state: State = { ...before, subnetIndex: subnet.index };
  await writeState(identity, state);
  const plane: ControlPlane = {
    stateDirectory: identity.stateDirectory,
    programs,
    address: subnet.nodeAddress,
    ports,
    enter: enterMachine(pid),
    hasNode: true,
  };
  await writeControlPlaneConfig(identity.stateDirectory);
  await issueCertificates(identity, { address: plane.address, apiServerPort: ports.apiServer, nodeName });
  await writeNodeConfig(plane, controlGroup(identity));
  return { plane, state };
}

interface Work {
  readonly request: UpRequest;
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Every branch as a promise of its own; where one needs another, it waits for it by name. */
function startEverything({ request, plane, client, progress, signal }: Work): readonly Promise<unknown>[] {
  const { identity } = request;
  const start = (component: Component) => ensureRunning(component, identity.stateDirectory);
  const podLogs = `The logs of its pods: ${paths(identity.stateDirectory).podLogs}`;

  const apiServer = progress.step(titles.apiServer, () => startApiServer(plane, client, signal));
  const roles = apiServer.then(() => waitForRoles(plane, client, signal));
  const archives = progress.step(titles.images, (report) => ensureImages([...images.first, ...images.later], report));
  const operators = findOperators(identity);

  const runtime = progress.step(titles.containerd, () => startContainerd(plane, signal));
  const importOf = async (names: readonly ImageName[]) => {
    const found = await archives;
    for (const name of names) await ensureImported(plane, imageReferences[name], found.get(name) ?? '');
  };
  const firstImages = Promise.all([archives, runtime]).then(() =>
    progress.step(titles.firstImages, () => importOf(images.first)),
  );
  const laterImages = firstImages.then(() => progress.step(titles.laterImages, () => importOf(images.later)));

  const definitions = Promise.all([apiServer, operators]).then(([, { cnpg, plugin }]) =>
    progress.step(titles.definitions, async () => {
      const further = await readDefinitions(request.crds);
      await installDefinitions([...asDefinitions(cnpg), ...asDefinitions(plugin), ...further], client, signal);
    }),
  );
  const controllers = Promise.all([definitions, roles]).then(() =>
    progress.step(titles.controllers, () => startControllerManager(plane, client, signal)),
  );
  const node = Promise.all([roles, runtime, firstImages]).then(() =>
    progress.step(titles.node, async () => {
      await Promise.all([kubelet(plane), kubeProxy(plane)].map(start));
      await Promise.all([waitForNode(plane, client, signal), waitForServiceRules(plane, signal)]);
      // Last: a pod that starts before its Services are reachable loses seconds, some of them by ending itself.
      await start(scheduler(plane));
    }),
  );
  const services = apiServer.then(() =>
    progress.step(titles.services, async () => {
      await Promise.all([
        startServer(coredns(plane), servicePorts.coredns, plane, signal),
        startServer(versitygw(plane), servicePorts.versitygw, plane, signal),
        ...storageClasses({ provisioner: 'kubernetes.io/host-path', volumeBindingMode: 'Immediate' }).map((manifest) =>
          client.apply(manifest),
        ),
      ]);
      await start(expander(identity.stateDirectory, paths(identity.stateDirectory).harnessKubeconfig));
    }),
  );
  const installed = Promise.all([operators, definitions]).then(([manifests]) => installOperators(manifests, client));
  const cnpg = Promise.all([installed, node, controllers]).then(() =>
    progress.step(titles.cnpg, () => waitForCnpg(client, podLogs, signal)),
  );
  const plugin = Promise.all([installed, node, controllers]).then(() =>
    progress.step(titles.plugin, () => waitForPlugin(client, podLogs, signal)),
  );
  return [roles, firstImages, laterImages, services, cnpg, plugin];
}

async function findOperators(identity: Identity) {
  const silent = () => undefined;
  const [cnpg, plugin] = await Promise.all([cnpgReleaseManifest(silent), pluginManifest(silent)]);
  return await readOperators(identity, { cnpg, plugin });
}

/** @returns undefined while there is no address to reach the cluster at */
export async function describeNode(identity: Identity): Promise<Cluster | undefined> {
  const state = await readState(identity);
  return state?.subnetIndex === undefined ? undefined : await describe(identity, state);
}

async function describe(identity: Identity, state: State): Promise<Cluster> {
  const { kubeconfig, auditLog } = paths(identity.stateDirectory);
  const { nodeAddress } = subnetAt(state.subnetIndex ?? 0);
  const pid = await findMachine(identity);
  return {
    name: identity.name,
    profile: 'node',
    driver: 'host',
    stateDirectory: identity.stateDirectory,
    kubeconfig,
    auditLog,
    bin: (await ensureKubectlAndHelm(() => undefined)).directory,
    nsenter: pid === undefined ? [] : enterNetwork(pid, resolverFile(identity.stateDirectory)),
    nodeIp: nodeAddress,
    objectStore: objectStore(nodeAddress),
  };
}

/** Imports an image archive into a running node. */
export async function loadIntoNode(cluster: Cluster, archive: string, report: Report): Promise<void> {
  const programs = await ensureBinaries(['ctr'], report);
  await importArchive({ stateDirectory: cluster.stateDirectory, programs }, archive);
}
