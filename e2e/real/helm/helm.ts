// Helm as a platform team uses it, and the absence of CloudNativePG.
import { join } from 'node:path';
import { execa } from 'execa';
import type { LiveObject, Manifest } from '../../../hack/cluster/client.ts';
import { customResourceDefinitions } from '../../../hack/cluster/kinds.ts';
import { cnpgNamespace } from '../../../hack/cluster/manifests.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { podGvr } from '../../../src/api/workload.ts';
import type { Real } from '../real.ts';
import type { Installable } from './revision.ts';

export interface HelmResult {
  readonly code: number;
  /** What it printed to standard output and standard error. */
  readonly output: string;
}

/** Runs Helm; it never throws for what Helm refuses. */
export async function helm({ cluster }: Real, args: readonly string[], input = ''): Promise<HelmResult> {
  const options = { env: { KUBECONFIG: cluster.kubeconfig }, reject: false, all: true, input } as const;
  const { exitCode, all } = await execa(join(cluster.bin, 'helm'), args, options);
  return { code: exitCode ?? -1, output: all };
}

/** @throws Error with what Helm printed if it fails */
export async function helmDone(real: Real, args: readonly string[], input = ''): Promise<string> {
  const { code, output } = await helm(real, args, input);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${output}`);
  return output;
}

/** Arguments of an installation or an upgrade that waits until the operator is available. Values come on standard input. */
export function chartArguments(
  verb: 'install' | 'upgrade',
  release: string,
  namespace: string,
  { chart, image }: Installable,
): readonly string[] {
  const colon = image.lastIndexOf(':');
  return [
    ...[verb, release, chart, '--namespace', namespace, ...(verb === 'install' ? ['--create-namespace'] : [])],
    ...['--set-string', `image.repository=${image.slice(0, colon)},image.tag=${image.slice(colon + 1)}`],
    ...['--values', '-', '--wait', '--timeout', '3m'],
  ];
}

/** The pods of a release: which they are, and how often they were restarted. */
export async function podsOf({ client }: Real, namespace: string, release: string): Promise<readonly string[]> {
  const pods = await client.list(podGvr, namespace, `app.kubernetes.io/instance=${release}`);
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(identity);
}

function identity({ metadata, status }: LiveObject): string {
  const restarts = /"restartCount":\d+/.exec(JSON.stringify(status)) ?? '';
  return `${metadata.uid} ${restarts}`;
}

const ofCnpg = ({ metadata: { name } }: LiveObject): boolean => name.endsWith('.cnpg.io');
const operators = ['deployment/cnpg-controller-manager', 'deployment/barman-cloud'];

export interface Cnpg {
  /** Takes CloudNativePG and its plugin away: their kinds, and the programs that serve them. There must be no database. */
  remove(): Promise<void>;
  /** Brings back what is away. */
  restore(): Promise<void>;
}

/** CloudNativePG as it is installed now. */
export async function installedCnpg(real: Real): Promise<Cnpg> {
  const { client } = real;
  const scale = (replicas: number): Promise<string> =>
    real.kubectl(['scale', ...operators, '--namespace', cnpgNamespace, `--replicas=${replicas}`]);
  const definitions = (await client.list(customResourceDefinitions)).filter(ofCnpg);
  return {
    async remove() {
      await scale(0);
      const names = definitions.map(({ metadata }) => metadata.name);
      await Promise.all(names.map((name) => client.remove(customResourceDefinitions, undefined, name)));
      await eventually('the kinds of CloudNativePG to be gone', async () => {
        const left = (await client.list(customResourceDefinitions)).filter(ofCnpg);
        if (left.length > 0) throw new Error(left.map(({ metadata }) => metadata.name).join(', '));
      });
    },
    async restore() {
      await Promise.all(definitions.map((one) => client.apply(withoutState(one))));
      await scale(1);
      for (const operator of operators)
        await real.kubectl(['rollout', 'status', operator, '--namespace', cnpgNamespace, '--timeout=10m']);
    },
  };
}

function withoutState({ apiVersion, kind, metadata: { name, labels, annotations }, spec }: LiveObject): Manifest {
  return { apiVersion, kind, metadata: { name, labels, annotations }, spec };
}
