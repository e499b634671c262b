// The programs that make a node, and those beside it: how they are called and what they read. In which order they start is in node-profile.ts.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { imageReferences } from '../../toolchain/images.ts';
import { type ObjectStore, usersFile } from '../driver.ts';
import { type ControlPlane, component, paths } from './control-plane.ts';
import type { Component } from './processes.ts';

export const nodeName = 'node-1';
const podRange = '10.244.0.0/16';
/** There is one node, so it takes a fixed part of the range. */
const nodePodRange = '10.244.0.0/24';
const dnsPort = 53;
const objectStorePort = 7070;
const bucket = 'backups';

/** Unix socket of the container runtime. */
export function containerdSocket(stateDirectory: string): string {
  return join(stateDirectory, 'containerd.sock');
}

/** The resolv.conf that lets a command of this machine resolve Services. */
export function resolverFile(stateDirectory: string): string {
  return join(paths(stateDirectory).config, 'resolv.conf');
}

export function containerd(plane: ControlPlane): Component {
  const shim = plane.programs.get('containerd-shim-runc-v2');
  if (shim === undefined) throw new Error('containerd-shim-runc-v2 was not among the programs asked for');
  return {
    ...component(plane, 'containerd', ['--config', join(paths(plane.stateDirectory).config, 'containerd.toml')]),
    // It finds its shim on PATH.
    environment: { PATH: `${dirname(shim)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
  };
}

export function kubelet(plane: ControlPlane): Component {
  const { config } = paths(plane.stateDirectory);
  return component(plane, 'kubelet', [
    `--config=${join(config, 'kubelet.yaml')}`,
    `--kubeconfig=${join(config, 'kubelet.kubeconfig')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${plane.address}`,
    `--root-dir=${join(plane.stateDirectory, 'kubelet')}`,
  ]);
}

export function kubeProxy(plane: ControlPlane): Component {
  return component(plane, 'kube-proxy', [`--config=${join(paths(plane.stateDirectory).config, 'kube-proxy.yaml')}`]);
}

export function scheduler(plane: ControlPlane): Component {
  const kubeconfig = join(paths(plane.stateDirectory).config, 'kube-scheduler.kubeconfig');
  return component(plane, 'kube-scheduler', [`--kubeconfig=${kubeconfig}`, '--secure-port=0', '--leader-elect=false']);
}

export function coredns(plane: ControlPlane): Component {
  return component(plane, 'coredns', ['-conf', join(paths(plane.stateDirectory).config, 'Corefile')]);
}

/** The S3 server. Its keys are no secret: nothing but this machine and the cluster's pods reaches it. */
export function versitygw(plane: ControlPlane): Component {
  const store = objectStore(plane.address);
  return {
    ...component(plane, 'versitygw', [
      ...['--port', `${plane.address}:${objectStorePort}`, '--region', store.region],
      ...['--iam-dir', usersDirectory(plane), 'posix', join(plane.stateDirectory, 'object-store')],
    ]),
    environment: { ROOT_ACCESS_KEY: store.accessKeyId, ROOT_SECRET_KEY: store.secretAccessKey },
  };
}

export function objectStore(nodeAddress: string): ObjectStore {
  return {
    endpoint: `http://${nodeAddress}:${objectStorePort}`,
    bucket,
    region: 'us-east-1',
    accessKeyId: 'backups',
    secretAccessKey: 'backups-secret',
    guest: { accessKeyId: 'guest', secretAccessKey: 'guest-secret' },
  };
}

function usersDirectory({ stateDirectory }: ControlPlane): string {
  return join(stateDirectory, 'object-store-users');
}

/** The TCP port by which a component shows that it serves, where it has one. */
export const servicePorts = { coredns: dnsPort, versitygw: objectStorePort } as const;

/** Writes the files that the node's programs read, and makes their folders. */
export async function writeNodeConfig(plane: ControlPlane, controlGroup: string): Promise<void> {
  const { config } = paths(plane.stateDirectory);
  const network = join(config, 'cni');
  await mkdir(network, { recursive: true });
  await mkdir(join(plane.stateDirectory, 'object-store', bucket), { recursive: true });
  await mkdir(usersDirectory(plane), { recursive: true });
  const [usersName, users] = usersFile(objectStore(plane.address));
  await writeIfDifferent(join(usersDirectory(plane), usersName), users);
  const files: Readonly<Record<string, string>> = {
    'containerd.toml': containerdConfig(plane.stateDirectory, network),
    'cni/10-ptp.conflist': networkConfig(plane.stateDirectory),
    'kubelet.yaml': kubeletConfig(plane, controlGroup),
    'kube-proxy.yaml': stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clientConnection: { kubeconfig: join(config, 'kube-proxy.kubeconfig') },
      mode: 'iptables',
      clusterCIDR: podRange,
      hostnameOverride: nodeName,
      conntrack: { maxPerCore: 0 },
    }),
    Corefile: corefile(plane),
    'resolv.conf': `nameserver ${plane.address}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n`,
    'no-resolv.conf': '',
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeIfDifferent(join(config, name), text)));
}

/** kube-proxy ends itself when its file is written to, whatever is written. */
async function writeIfDifferent(path: string, text: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) return;
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

function containerdConfig(stateDirectory: string, networkDirectory: string): string {
  return `version = 3
root = "${join(stateDirectory, 'containerd')}"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket(stateDirectory)}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${imageReferences.pause}"
[plugins."io.containerd.cri.v1.runtime"]
  # Not every machine lets a process lower its score; without this no sandbox starts there.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${networkDirectory}"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** ptp, not bridge: between pods on one bridge the answers of a Service would bypass its address translation. */
function networkConfig(stateDirectory: string): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: join(stateDirectory, 'ipam'),
          ranges: [[{ subnet: nodePodRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

function kubeletConfig(plane: ControlPlane, controlGroup: string): string {
  const { pki, config } = paths(plane.stateDirectory);
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocket(plane.stateDirectory)}`,
    authentication: {
      x509: { clientCAFile: join(pki, 'ca.crt') },
      webhook: { enabled: true },
      anonymous: { enabled: false },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(pki, 'kubelet-server.crt'),
    tlsPrivateKeyFile: join(pki, 'kubelet-server.key'),
    clusterDNS: [plane.address],
    clusterDomain: 'cluster.local',
    resolvConf: join(config, 'no-resolv.conf'),
    cgroupDriver: 'cgroupfs',
    cgroupRoot: controlGroup,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // The disk and the memory are the developer's own, and may be as full as they like: nothing is evicted. Of the memory the kubelet also
    // counts as used what the machine keeps of files.
    evictionHard: { 'nodefs.available': '0%', 'imagefs.available': '0%', 'memory.available': '0%' },
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
  });
}

function corefile(plane: ControlPlane): string {
  return `.:${dnsPort} {
  bind ${plane.address}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${join(paths(plane.stateDirectory).config, 'coredns.kubeconfig')}
    pods insecure
  }
  cache 5
}
`;
}
