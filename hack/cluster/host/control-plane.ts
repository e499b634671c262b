// The three programs that make a Kubernetes API with its built-in controllers: how they are called, in which order they start,
// and when they are usable. It must never assume where they run: on loopback or in the cluster's own network namespace.
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '../../../src/kube/errors.ts';
import type { BinaryName } from '../../toolchain/binaries.ts';
import { auditPolicy } from '../audit-policy.ts';
import type { KubeClient } from '../client.ts';
import { configMaps, serviceAccounts } from '../kinds.ts';
import { eventually, isUnexpected, NotYet } from '../wait.ts';
import { assertRunning, type Component, ensureRunning, findComponent, isListening, untilItWorks } from './processes.ts';

/** Where and with what the control plane of one cluster runs. */
export interface ControlPlane {
  readonly stateDirectory: string;
  readonly programs: ReadonlyMap<BinaryName, string>;
  /** The address that clients use and certificates name. */
  readonly address: string;
  readonly ports: { readonly etcd: number; readonly etcdPeer: number; readonly apiServer: number };
  /** Prefix that puts a command into the cluster's namespaces; empty for none. */
  readonly enter: readonly string[];
  /** Whether there is a node: it needs other admission, and volumes. */
  readonly hasNode: boolean;
}

/** What the harness is called by the API server: its user, its user agent, and the manager of what it applies. */
export const harnessName = 'cluster-harness';

/** Files that more than one room of the harness has to know. */
export const paths = (stateDirectory: string) => ({
  pki: join(stateDirectory, 'pki'),
  config: join(stateDirectory, 'config'),
  log: (component: string) => join(stateDirectory, 'log', `${component}.log`),
  podLogs: join(stateDirectory, 'log', 'pods'),
  auditLog: join(stateDirectory, 'log', 'audit.jsonl'),
  /** The administrator's. */
  kubeconfig: join(stateDirectory, 'kubeconfig'),
  /** What the harness itself uses. */
  harnessKubeconfig: join(stateDirectory, 'config', 'harness.kubeconfig'),
});

export const serviceRange = '10.96.0.0/16';
/** The `kubernetes` Service: the first address of the range. */
export const serviceAddress = '10.96.0.1';
/**
 * The controller manager creates the directories of volumes 0750 as itself, and Postgres, uid 26 in its image, has to write to
 * them. So it runs as that user, with the only capability of root that it needs: to read its keys.
 */
const asPostgres = [
  ...['setpriv', '--reuid=26', '--regid=26', '--clear-groups'],
  ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', '--'],
] as const;

/** etcd; nothing is synced to disk, for the cluster's data need not survive the machine. */
export function etcd(plane: ControlPlane): Component {
  const client = `http://127.0.0.1:${plane.ports.etcd}`;
  const peer = `http://127.0.0.1:${plane.ports.etcdPeer}`;
  return component(plane, 'etcd', [
    `--data-dir=${join(plane.stateDirectory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    // The only member waits for nobody: short times only shorten its start.
    '--heartbeat-interval=10',
    '--election-timeout=100',
    '--quota-backend-bytes=8589934592',
    '--log-level=warn',
  ]);
}

export function apiServer(plane: ControlPlane): Component {
  const { pki, config, auditLog } = paths(plane.stateDirectory);
  return component(plane, 'kube-apiserver', [
    `--etcd-servers=http://127.0.0.1:${plane.ports.etcd}`,
    `--secure-port=${plane.ports.apiServer}`,
    `--cert-dir=${pki}`,
    `--tls-cert-file=${join(pki, 'kube-apiserver.crt')}`,
    `--tls-private-key-file=${join(pki, 'kube-apiserver.key')}`,
    `--client-ca-file=${join(pki, 'ca.crt')}`,
    `--service-cluster-ip-range=${serviceRange}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(pki, 'service-account.pub')}`,
    `--service-account-signing-key-file=${join(pki, 'service-account.key')}`,
    `--audit-policy-file=${join(config, 'audit-policy.json')}`,
    `--audit-log-path=${auditLog}`,
    // Zero turns rotation off: who counts requests must find all of them in one file.
    '--audit-log-maxsize=0',
    `--advertise-address=${plane.address}`,
    ...(plane.hasNode
      ? [
          '--bind-address=0.0.0.0',
          '--authorization-mode=Node,RBAC',
          '--enable-admission-plugins=NodeRestriction',
          '--allow-privileged=true',
          `--kubelet-client-certificate=${join(pki, 'admin.crt')}`,
          `--kubelet-client-key=${join(pki, 'admin.key')}`,
          '--kubelet-preferred-address-types=InternalIP',
        ]
      : [
          '--bind-address=127.0.0.1',
          '--authorization-mode=RBAC',
          // Kubernetes refuses loopback addresses in the endpoints of the `kubernetes` Service.
          '--endpoint-reconciler-type=none',
        ]),
  ]);
}

export function controllerManager(plane: ControlPlane): Component {
  const { pki, config } = paths(plane.stateDirectory);
  const kubeconfig = join(config, 'kube-controller-manager.kubeconfig');
  const manager = component(plane, 'kube-controller-manager', [
    `--kubeconfig=${kubeconfig}`,
    '--secure-port=0',
    `--root-ca-file=${join(pki, 'ca.crt')}`,
    `--service-account-private-key-file=${join(pki, 'service-account.key')}`,
    `--cluster-signing-cert-file=${join(pki, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(pki, 'ca.key')}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    // The default of 20 requests per second takes seconds to issue the controllers' own tokens.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    ...(plane.hasNode ? ['--enable-hostpath-provisioner=true'] : []),
  ]);
  if (!plane.hasNode) return manager;
  return { ...manager, enter: [...plane.enter, ...asPostgres] };
}

/** A component of any kind: its program, its place, its log. */
export function component(plane: ControlPlane, name: BinaryName, args: readonly string[]): Component {
  const program = plane.programs.get(name);
  if (program === undefined) throw new Error(`${name} was not among the programs asked for`);
  return { name, argv: [program, ...args], enter: plane.enter, log: paths(plane.stateDirectory).log(name) };
}

/** Writes the files that the components read; the same content each time. */
export async function writeControlPlaneConfig(stateDirectory: string): Promise<void> {
  const { config } = paths(stateDirectory);
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'audit-policy.json'), JSON.stringify(auditPolicy));
}

/** What the API server waits seconds for, by fixed intervals, while it already serves administrators. */
const slowHooks = ['rbac/bootstrap-roles', 'scheduling/bootstrap-system-priority-classes'];

/**
 * Starts etcd, then the API server.
 * @returns when the API server serves administrators; nobody else has permissions before waitForRoles
 * @throws SetupError when one of them ends, or does not serve after a minute
 */
export async function startApiServer(plane: ControlPlane, client: KubeClient, signal: AbortSignal): Promise<void> {
  const store = etcd(plane);
  const pid = await ensureRunning(store, plane.stateDirectory);
  // The API server's client would try again only after a second.
  const options = { timeoutMilliseconds: 30_000, everyMilliseconds: 20, signal };
  await untilItWorks(store, 'etcd', () => isListening(pid, plane.ports.etcd), options);
  await ensureRunning(apiServer(plane), plane.stateDirectory);
  const excluded = slowHooks.map((hook) => `exclude=poststarthook/${hook}`).join('&');
  await waitForHealth(`/readyz?${excluded}`, plane, client, signal);
}

/** @returns when the API server has granted the Kubernetes components their permissions, and is ready for everybody */
export async function waitForRoles(plane: ControlPlane, client: KubeClient, signal: AbortSignal): Promise<void> {
  await waitForHealth('/readyz', plane, client, signal);
}

async function waitForHealth(
  path: string,
  plane: ControlPlane,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const components = [etcd(plane), apiServer(plane)];
  const log = paths(plane.stateDirectory).log('kube-apiserver');
  const look = async (): Promise<void> => {
    try {
      await client.probe(path);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      for (const component of components) await assertRunning(component);
      throw new NotYet(error.message);
    }
  };
  const options = { timeoutMilliseconds: 60_000, everyMilliseconds: 50, hint: `Its log: ${log}`, signal };
  await eventually('kube-apiserver', look, { ...options, isFinal: isUnexpected });
}

/**
 * Starts the controller manager. Custom resources that are to be known to the garbage collector at once have to be there before:
 * it looks for new ones every 30 s.
 * @returns when service accounts are made and garbage is collected
 * @throws SetupError when it ends, or does not work after a minute
 */
export async function startControllerManager(
  plane: ControlPlane,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const manager = controllerManager(plane);
  const started = (await findComponent(manager)) === undefined;
  await ensureRunning(manager, plane.stateDirectory);
  const options = { timeoutMilliseconds: 60_000, signal };
  const makesAccounts = async () => (await client.get(serviceAccounts, 'default', 'default')) !== undefined;
  await untilItWorks(manager, 'the service account default', makesAccounts, options);
  if (!started) return;
  const garbage = await createGarbage(client);
  const collects = async () => (await client.get(configMaps, 'default', garbage)) === undefined;
  await untilItWorks(manager, 'the garbage collector', collects, options);
}

/** An object whose owner never was: it goes as soon as the collector has seen all kinds and works. @returns its name */
async function createGarbage(client: KubeClient): Promise<string> {
  const name = `garbage-${randomUUID()}`;
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'never-was', uid: randomUUID() };
  await client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ownerReferences: [owner] },
  });
  return name;
}
