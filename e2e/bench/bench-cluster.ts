// The cluster of the benchmark: a new control plane, and the simulator in a separate process, without delays.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { parse } from 'yaml';
import { connect, type KubeClient } from '../../hack/cluster/client.ts';
import { type Cluster, down, issueKubeconfig, status, up } from '../../hack/cluster/cluster.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { bundleOperator } from '../../hack/image/bundle.ts';
import type { Report } from '../../hack/toolchain/report.ts';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { AuditLog } from '../harness/audit.ts';
import { makeNamespace } from '../harness/cluster.ts';
import { usageOf } from './process.ts';

type Simulation = ChildProcessByStdio<null, Readable, null>;

const clusterName = 'bench';
export const operatorNamespace = 'postgres-addon-system';

export interface BenchCluster {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly audit: AuditLog;
  /** Path of the operator, bundled into one file as in the image. */
  readonly program: string;
  /** NODE_OPTIONS as the chart sets it, so that memory is collected as in a pod. */
  readonly environment: Readonly<Record<string, string>>;
  /** CPU seconds used so far by each process of the control plane, the simulator and the benchmark. */
  cpuSeconds(): Promise<Readonly<Record<string, number>>>;
  makeNamespaces(prefix: string, count: number): Promise<readonly string[]>;
  /** Has the simulator carry out Backups too, and answer logins from now on. @returns the address where it does */
  startDatabases(): Promise<string>;
  stop(): Promise<void>;
}

/** @param clients the maximum number of concurrent requests of the benchmark */
export async function startBenchCluster(clients: number, report: Report): Promise<BenchCluster> {
  const root = repositoryRoot;
  // Otherwise what an earlier run left in etcd would be measured too.
  await down(clusterName, report);
  const crds = [join(root, 'crds/addons.paas.dev_postgresaddons.yaml')];
  const cluster = await up({ name: clusterName, profile: 'control-plane', crds, report });
  const client = connect(cluster.kubeconfig, 'bench', clients);
  const program = await bundleOperator(cluster.stateDirectory);
  let simulator = await startSimulator(cluster, ['--bare']);
  await untilItCreates(client);
  await makeNamespace(client, operatorNamespace);
  return {
    cluster,
    client,
    audit: new AuditLog(cluster.auditLog, client),
    program,
    environment: await nodeOptionsOfChart(cluster, root),
    async cpuSeconds() {
      const { components } = await status(clusterName);
      const processes = [
        ...components,
        { name: 'simulator', pid: simulator.pid },
        { name: 'benchmark', pid: process.pid },
      ];
      const used = processes.map(async ({ name, pid }) => [name, (await usageOf(pid ?? 0)).cpuSeconds] as const);
      return Object.fromEntries(await Promise.all(used));
    },
    async makeNamespaces(prefix, count) {
      const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
      await Promise.all(names.map((name) => makeNamespace(client, name)));
      return names;
    },
    async startDatabases() {
      await stopped(simulator);
      simulator = await startSimulator(cluster, ['--databases']);
      const [address] = (await once(createInterface({ input: simulator.stdout }), 'line')) as [string];
      return address;
    },
    async stop() {
      await stopped(simulator);
      await client.close();
      await down(clusterName, report);
    },
  };
}

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

async function nodeOptionsOfChart(cluster: Cluster, root: string): Promise<Readonly<Record<string, string>>> {
  const chart = join(root, 'charts/postgres-addon-operator');
  const args = ['template', 'bench', chart, '--show-only', 'templates/deployment.yaml'];
  const { stdout } = await execa(join(cluster.bin, 'helm'), args);
  const { spec } = parse(stdout) as Deployment;
  const options = spec.template.spec.containers[0]?.env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
  return options === undefined ? {} : { NODE_OPTIONS: options };
}

async function startSimulator(cluster: Cluster, options: readonly string[]): Promise<Simulation> {
  const kubeconfig = await issueKubeconfig(cluster, { user: 'cnpg-simulator', groups: ['system:masters'] });
  const args = ['--kubeconfig', kubeconfig, '--stale', '0', '--step', '0', ...options];
  const child = spawn(process.execPath, [join(repositoryRoot, 'e2e/simulator/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function stopped(simulator: Simulation): Promise<void> {
  simulator.kill('SIGTERM');
  if (simulator.exitCode === null) await once(simulator, 'exit');
}

async function untilItCreates(client: KubeClient): Promise<void> {
  const namespace = 'warm-up';
  await makeNamespace(client, namespace);
  const apiVersion = `${clusterGvr.group}/${clusterGvr.version}`;
  const spec = { instances: 1, storage: { size: '1Gi' } };
  await client.create(clusterGvr, { apiVersion, kind: clusterGvr.kind, metadata: { name: 'first', namespace }, spec });
  await eventually('the simulator to create a Cluster', async () => {
    const first = await client.get(clusterGvr, namespace, 'first');
    if (first?.status?.phase !== 'Cluster in healthy state') throw new Error('its first Cluster is not healthy');
  });
  await client.remove(clusterGvr, namespace, 'first');
}
