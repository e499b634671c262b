// Starts the parts of a node, and waits until each can be used by the next. The order is in node-profile.ts.
import { execa } from 'execa';
import { z } from 'zod';
import type { KubeClient } from '../client.ts';
import { nodes } from '../kinds.ts';
import { type ControlPlane, serviceAddress } from './control-plane.ts';
import { answers } from './images.ts';
import { containerd, kubelet, kubeProxy, nodeName } from './node.ts';
import { type Component, ensureRunning, isListening, untilItWorks } from './processes.ts';

/** Starts the container runtime. @returns when it answers, for the kubelet ends itself when it does not */
export async function startContainerd(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  const runtime = containerd(plane);
  await ensureRunning(runtime, plane.stateDirectory);
  await untilItWorks(runtime, runtime.name, () => answers(plane), { timeoutMilliseconds: 60_000, signal });
}

/** Starts a component that serves a TCP port. @returns when it listens there */
export async function startServer(
  component: Component,
  port: number,
  plane: ControlPlane,
  signal: AbortSignal,
): Promise<void> {
  const pid = await ensureRunning(component, plane.stateDirectory);
  const options = { timeoutMilliseconds: 60_000, signal };
  await untilItWorks(component, component.name, () => isListening(pid, port), options);
}

const nodeSchema = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
});

/** Waits until the kubelet says that the node is ready. */
export async function waitForNode(plane: ControlPlane, client: KubeClient, signal: AbortSignal): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    const node = nodeSchema.optional().parse(await client.get(nodes, undefined, nodeName));
    return node?.status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  };
  await untilItWorks(kubelet(plane), 'the node', isReady, { timeoutMilliseconds: 120_000, signal });
}

/** Waits until kube-proxy has written the iptables rules of the API server's Service. */
export async function waitForServiceRules(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  const [nsenter = '', ...inside] = plane.enter;
  const list = [...inside, 'iptables', '--wait', '--table', 'nat', '--list-rules', 'KUBE-SERVICES'];
  const areThere = async (): Promise<boolean> =>
    (await execa(nsenter, list, { reject: false })).stdout.includes(serviceAddress);
  const options = { timeoutMilliseconds: 60_000, everyMilliseconds: 100, signal };
  await untilItWorks(kubeProxy(plane), "kube-proxy's rules", areThere, options);
}
