// The driver that wraps kind and kubectl: a node in a Docker container, with released images from their registries. It must never do by itself what one of the two programs does.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../../toolchain/errors.ts';
import { imageReferences } from '../../toolchain/images.ts';
import { cnpgCrds, cnpgReleaseManifest, pluginCrds, pluginManifest } from '../../toolchain/manifests.ts';
import { ensureKubectlAndHelm } from '../../toolchain/programs.ts';
import type { Report } from '../../toolchain/report.ts';
import type { Manifest } from '../client.ts';
import type { Cluster, Driver, Status, UpRequest } from '../driver.ts';
import { expander } from '../expander-process.ts';
import { ensureSelfSigned, readPair } from '../host/pki.ts';
import { ensureRunning, findComponent, kill } from '../host/processes.ts';
import { requireProgram } from '../host/surroundings.ts';
import { adaptCnpg, adaptPlugin, cnpgNamespace, readManifests, smallestCluster, storageClasses } from '../manifests.ts';
import { type Identity, identify } from '../names.ts';
import { type Progress, removalTitle } from '../progress.ts';
import { readState, type State, writeState } from '../state.ts';
import { eventually } from '../wait.ts';
import { configFiles, inNode, kindConfig } from './config.ts';
import { objectStore, objectStoreManifests } from './object-store.ts';
import { run } from './programs.ts';

const titles = {
  cluster: 'kind cluster',
  definitions: 'custom resources',
  cnpg: 'CloudNativePG',
  plugin: 'Barman Cloud plugin',
  services: 'S3 and storage',
} as const;

/** Where the driver takes what is not made by a program it wraps. */
export interface Sources {
  /** Paths of files with the definitions of CloudNativePG's and the plugin's kinds. */
  readonly crds: (report: Report) => Promise<readonly string[]>;
  readonly cnpgManifest: (report: Report) => Promise<string>;
  readonly pluginManifest: (report: Report) => Promise<string>;
  /** A folder with kubectl and helm. */
  readonly bin: () => Promise<string>;
}

const pinned: Sources = {
  crds: async (report) => [...(await cnpgCrds(report)), ...(await pluginCrds(report))],
  cnpgManifest: cnpgReleaseManifest,
  pluginManifest,
  bin: async () => (await ensureKubectlAndHelm(() => undefined)).directory,
};

export function kindDriver(sources: Sources = pinned): Driver {
  return {
    up: (request, progress) => up(request, sources, progress),
    down: (identity, progress) => progress.step(removalTitle, () => down(identity)),
    status: (identity, state) => status(identity, state, sources),
    loadImage: async (cluster, archive) => {
      await run('kind', ['load', 'image-archive', archive, '--name', identify(cluster.name).realName]);
    },
  };
}

async function up(request: UpRequest, sources: Sources, progress: Progress): Promise<Cluster> {
  const { identity, profile } = request;
  const before = await readState(identity);
  if (before !== undefined && before.profile !== profile) {
    throw new SetupError(
      `The cluster ${identity.name} runs with the profile ${before.profile}. Take it down first, or choose another --name.`,
    );
  }
  const state: State = before ?? { name: identity.name, profile, driver: 'kind' };
  // Before anything is remembered: without kind and Docker there is nothing to take down.
  await run('kind', ['get', 'clusters']);
  await run('docker', ['version']);
  await writeState(identity, state);
  const kubectl = kubectlFor(identity, sources);
  await progress.step(titles.cluster, (report) => ensureCluster(identity, sources, report));
  await progress.step(titles.definitions, async (report) => {
    const files = [...(await sources.crds(report)), ...request.crds];
    await kubectl(['apply', '--server-side', '--force-conflicts', ...files.flatMap((file) => ['--filename', file])]);
    await kubectl(['wait', '--for=condition=Established', 'customresourcedefinitions', '--all', '--timeout=60s']);
  });
  if (profile === 'node') await installNode(identity, kubectl, sources, progress);
  await writeState(identity, { ...state, completedAt: state.completedAt ?? new Date().toISOString() });
  return await describe(identity, state, sources);
}

async function ensureCluster(identity: Identity, sources: Sources, report: Report): Promise<void> {
  const { realName, stateDirectory } = identity;
  const kubeconfig = kubeconfigOf(identity);
  const config = join(stateDirectory, 'config');
  await mkdir(config, { recursive: true });
  await mkdir(join(stateDirectory, 'log'), { recursive: true });
  for (const [name, text] of Object.entries(configFiles())) await writeFile(join(config, name), text);
  const existing = (await run('kind', ['get', 'clusters'])).split('\n');
  const healthy = existing.includes(realName) && (await answers(identity, sources));
  if (!healthy) {
    if (existing.includes(realName)) {
      report('it does not answer: making it again');
      await run('kind', ['delete', 'cluster', '--name', realName]);
    }
    // Certificates of an authority that is no more.
    for (const folder of ['pki', 'clients']) await rm(join(stateDirectory, folder), { recursive: true, force: true });
    const args = [
      ...['create', 'cluster', '--name', realName, '--kubeconfig', kubeconfig],
      ...['--config', '-', '--wait', '180s'],
    ];
    await run('kind', args, { input: kindConfig(stateDirectory) });
  }
  await copyAuthority(identity);
}

/** With the authority's key, users of the cluster get certificates as they do from the host driver. */
async function copyAuthority({ realName, stateDirectory }: Identity): Promise<void> {
  const pki = join(stateDirectory, 'pki');
  await mkdir(pki, { recursive: true });
  for (const file of ['ca.key', 'ca.crt']) {
    const text = await run('docker', ['exec', nodeOf(realName), 'cat', `/etc/kubernetes/pki/${file}`]);
    await writeFile(join(pki, file), `${text}\n`, { mode: 0o600 });
  }
}

async function installNode(identity: Identity, kubectl: Kubectl, sources: Sources, progress: Progress): Promise<void> {
  const rollout = (namespace: string, deployment: string) =>
    kubectl(['rollout', 'status', `deployment/${deployment}`, '--namespace', namespace, '--timeout=300s']);
  await progress.step(titles.cnpg, async (report) => {
    await applyAll(kubectl, adaptCnpg(await readManifests(await sources.cnpgManifest(report))));
    await rollout(cnpgNamespace, 'cnpg-controller-manager');
    const look = () => kubectl(['create', '--dry-run=server', '--filename', '-'], JSON.stringify(smallestCluster));
    const isFinal = (error: unknown): boolean => !(error instanceof SetupError);
    await eventually('CloudNativePG', look, { timeoutMilliseconds: 60_000, everyMilliseconds: 500, isFinal });
  });
  await progress.step(titles.plugin, async (report) => {
    await requireProgram('openssl', 'openssl', report);
    const pki = join(identity.stateDirectory, 'pki');
    const tls = await readPair(await ensureSelfSigned(pki, 'barman-cloud', 'barman-cloud'));
    const manifests = adaptPlugin(await readManifests(await sources.pluginManifest(report)), {
      image: imageReferences['barman-plugin'],
      sidecarImage: imageReferences['barman-sidecar'],
      tls,
    });
    await applyAll(kubectl, manifests);
    await rollout(cnpgNamespace, 'barman-cloud');
  });
  await progress.step(titles.services, async (report) => {
    await applyAll(kubectl, [
      ...objectStoreManifests(),
      ...storageClasses({ provisioner: 'rancher.io/local-path', volumeBindingMode: 'WaitForFirstConsumer' }),
    ]);
    await rollout('object-store', 'object-store');
    if (process.platform === 'linux') {
      await ensureRunning(expander(identity.stateDirectory, kubeconfigOf(identity)), identity.stateDirectory);
    } else {
      report(`volumes do not grow: the expander finds its process only on Linux, and this is ${process.platform}`);
    }
  });
}

type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

function kubectlFor(identity: Identity, sources: Sources): Kubectl {
  return async (args, input) =>
    run('kubectl', ['--kubeconfig', kubeconfigOf(identity), ...args], { input, fallback: await sources.bin() });
}

async function applyAll(kubectl: Kubectl, manifests: readonly Manifest[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: manifests };
  await kubectl(['apply', '--server-side', '--force-conflicts', '--filename', '-'], JSON.stringify(list));
}

async function down(identity: Identity): Promise<boolean> {
  const existing = (await run('kind', ['get', 'clusters'])).split('\n').includes(identity.realName);
  const known = (await readState(identity)) !== undefined;
  if (existing) await run('kind', ['delete', 'cluster', '--name', identity.realName]);
  const helper = expander(identity.stateDirectory, kubeconfigOf(identity));
  const pid = process.platform === 'linux' ? await findComponent(helper) : undefined;
  if (pid !== undefined) await kill([{ pid, argv: helper.argv }]);
  await rm(identity.stateDirectory, { recursive: true, force: true });
  return existing || known;
}

async function status(identity: Identity, state: State, sources: Sources): Promise<Status> {
  const { name, realName } = identity;
  const nodes = (await run('kind', ['get', 'nodes', '--name', realName])).split('\n').filter(Boolean);
  const components = nodes.map((node) => ({ name: node }));
  if (nodes.length === 0) return { name, state: 'partial', components };
  const whole = state.completedAt !== undefined && (await answers(identity, sources));
  const cluster = await describe(identity, state, sources);
  return { name, state: whole ? 'running' : 'partial', components, cluster };
}

async function answers(identity: Identity, sources: Sources): Promise<boolean> {
  const ready = kubectlFor(identity, sources)(['get', '--raw', '/readyz', '--request-timeout=5s']);
  return await ready.then(
    () => true,
    () => false,
  );
}

async function describe(identity: Identity, { profile }: State, sources: Sources): Promise<Cluster> {
  return {
    name: identity.name,
    profile,
    driver: 'kind',
    stateDirectory: identity.stateDirectory,
    kubeconfig: kubeconfigOf(identity),
    auditLog: join(identity.stateDirectory, 'log', 'audit.jsonl'),
    bin: await sources.bin(),
    ...(profile === 'node' ? await describeNode(nodeOf(identity.realName)) : { nsenter: [] }),
  };
}

async function describeNode(node: string) {
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const network = ['unshare', '--mount', '--', 'sh', '-c', script, `${inNode.config}/resolv.conf`];
  return {
    // A command of the node's image, for this machine may not reach a container's network.
    nsenter: ['docker', 'exec', '--interactive', node, ...network],
    nodeIp: await run('docker', ['inspect', '--format', '{{.NetworkSettings.Networks.kind.IPAddress}}', node]),
    objectStore,
  };
}

function kubeconfigOf(identity: Identity): string {
  return join(identity.stateDirectory, 'kubeconfig');
}

/** kind's own name for the container of a cluster's first node. */
function nodeOf(realName: string): string {
  return `${realName}-control-plane`;
}
