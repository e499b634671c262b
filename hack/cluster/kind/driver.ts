// The driver that wraps kind and kubectl: a node in a Docker container, with released images from their registries. It must never do by itself what one of the two programs does.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../../toolchain/errors.ts';
import { imageReferences } from '../../toolchain/images.ts';
import { cnpgCrds, cnpgReleaseManifest, pluginCrds, pluginManifest } from '../../toolchain/manifests.ts';
import { ensureKubectlAndHelm } from '../../toolchain/programs.ts';
import type { Cluster, Driver, Status, UpRequest } from '../driver.ts';
import { expander } from '../expander-process.ts';
import { ensureSelfSigned, readPair } from '../host/pki.ts';
import { ensureRunning, findComponent, kill } from '../host/processes.ts';
import { requireProgram } from '../host/surroundings.ts';
import type { Manifest } from '../kube-api.ts';
import { adaptCnpg, adaptPlugin, cnpgNamespace, readManifests, smallestCluster, storageClasses } from '../manifests.ts';
import { type Identity, identify } from '../names.ts';
import { type Progress, removalTitle } from '../progress.ts';
import { type Profile, readState, type State, writeState } from '../state.ts';
import { NotYet, waitFor } from '../wait.ts';
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

export function kindDriver(): Driver {
  return {
    titles: (profile) => titlesOf(profile),
    up,
    down: (identity, progress) => progress.step(removalTitle, () => down(identity)),
    status,
    loadImage: async (cluster, archive) => {
      await run('kind', ['load', 'image-archive', archive, '--name', identify(cluster.name).realName]);
    },
  };
}

function titlesOf(profile: Profile): readonly string[] {
  const { cluster, definitions, ...others } = titles;
  return profile === 'node' ? [cluster, definitions, ...Object.values(others)] : [cluster, definitions];
}

async function up(request: UpRequest, progress: Progress): Promise<Cluster> {
  const { identity, profile } = request;
  const before = await readState(identity);
  if (before !== undefined && before.profile !== profile) {
    throw new SetupError(
      `The cluster ${identity.name} runs with the profile ${before.profile}. Take it down first, or choose another --name.`,
    );
  }
  const state: State = before ?? { name: identity.name, profile, driver: 'kind' };
  await writeState(identity, state);
  const kubectl = kubectlFor(identity);
  await progress.step(titles.cluster, (report) => ensureCluster(identity, report));
  await progress.step(titles.definitions, async (report) => {
    const files = [...(await cnpgCrds(report)), ...(await pluginCrds(report)), ...request.crds];
    await kubectl(['apply', '--server-side', '--force-conflicts', ...files.flatMap((file) => ['--filename', file])]);
    await kubectl(['wait', '--for=condition=Established', 'customresourcedefinitions', '--all', '--timeout=60s']);
  });
  if (profile === 'node') await installNode(identity, kubectl, progress);
  await writeState(identity, { ...state, completedAt: state.completedAt ?? new Date().toISOString() });
  return await describe(identity, state);
}

async function ensureCluster(identity: Identity, report: (line: string) => void): Promise<void> {
  const { realName, stateDirectory } = identity;
  const kubeconfig = kubeconfigOf(identity);
  const config = join(stateDirectory, 'config');
  await mkdir(config, { recursive: true });
  await mkdir(join(stateDirectory, 'log'), { recursive: true });
  for (const [name, text] of Object.entries(configFiles())) await writeFile(join(config, name), text);
  const existing = (await run('kind', ['get', 'clusters'])).split('\n');
  const healthy = existing.includes(realName) && (await answers(identity));
  if (!healthy) {
    if (existing.includes(realName)) {
      report('it does not answer: making it again');
      await run('kind', ['delete', 'cluster', '--name', realName]);
    }
    // kind names a pod's failure to start better than any wait of ours would.
    const args = [
      'create',
      'cluster',
      '--name',
      realName,
      '--kubeconfig',
      kubeconfig,
      '--config',
      '-',
      '--wait',
      '180s',
    ];
    await run('kind', args, kindConfig(stateDirectory));
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

async function installNode(identity: Identity, kubectl: Kubectl, progress: Progress): Promise<void> {
  const rollout = (namespace: string, deployment: string) =>
    kubectl(['rollout', 'status', `deployment/${deployment}`, '--namespace', namespace, '--timeout=300s']);
  await progress.step(titles.cnpg, async (report) => {
    await applyAll(kubectl, adaptCnpg(await readManifests(await cnpgReleaseManifest(report))));
    await rollout(cnpgNamespace, 'cnpg-controller-manager');
    await waitFor({ what: 'CloudNativePG', timeoutMilliseconds: 60_000, everyMilliseconds: 500 }, async () => {
      try {
        return await kubectl(['create', '--dry-run=server', '--filename', '-'], JSON.stringify(smallestCluster));
      } catch (error) {
        throw error instanceof SetupError ? new NotYet(error.message) : error;
      }
    });
  });
  await progress.step(titles.plugin, async (report) => {
    await requireProgram('openssl', 'openssl', report);
    const pki = join(identity.stateDirectory, 'pki');
    const tls = await readPair(await ensureSelfSigned(pki, 'barman-cloud', 'barman-cloud'));
    const manifests = adaptPlugin(await readManifests(await pluginManifest(report)), {
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

function kubectlFor(identity: Identity): Kubectl {
  return (args, input) => run('kubectl', ['--kubeconfig', kubeconfigOf(identity), ...args], input);
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

async function status(identity: Identity, state: State): Promise<Status> {
  const nodes = (await run('kind', ['get', 'nodes', '--name', identity.realName])).split('\n').filter(Boolean);
  const whole = state.completedAt !== undefined && nodes.length > 0 && (await answers(identity));
  return {
    name: identity.name,
    state: whole ? 'running' : 'partial',
    components: nodes.map((name) => ({ name })),
    cluster: await describe(identity, state),
  };
}

async function answers(identity: Identity): Promise<boolean> {
  const ready = kubectlFor(identity)(['get', '--raw', '/readyz', '--request-timeout=5s']);
  return await ready.then(
    () => true,
    () => false,
  );
}

async function describe(identity: Identity, { profile }: State): Promise<Cluster> {
  const node = nodeOf(identity.realName);
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const network = ['unshare', '--mount', '--', 'sh', '-c', script, `${inNode.config}/resolv.conf`];
  const nodeIp = await run('docker', ['inspect', '--format', '{{.NetworkSettings.Networks.kind.IPAddress}}', node]);
  return {
    name: identity.name,
    profile,
    driver: 'kind',
    stateDirectory: identity.stateDirectory,
    kubeconfig: kubeconfigOf(identity),
    auditLog: join(identity.stateDirectory, 'log', 'audit.jsonl'),
    bin: (await ensureKubectlAndHelm(() => undefined)).directory,
    // A command of the node's image, for this machine may not reach a container's network.
    nsenter: profile === 'node' ? ['docker', 'exec', '--interactive', node, ...network] : [],
    ...(profile === 'node' ? { nodeIp, objectStore } : {}),
  };
}

function kubeconfigOf(identity: Identity): string {
  return join(identity.stateDirectory, 'kubeconfig');
}

/** kind's own name for the container of a cluster's first node. */
function nodeOf(realName: string): string {
  return `${realName}-control-plane`;
}
