// Starts what a node consists of, and tells when each part is fit for the next. In which order is told in node-profile.ts.
import { execa } from 'execa';
import { z } from 'zod';
import type { KubeClient } from '../client.ts';
import { nodes } from '../kinds.ts';
import { waitFor } from '../wait.ts';
import { type ControlPlane, serviceAddress } from './control-plane.ts';
import { answers } from './images.ts';
import { containerd, kubelet, kubeProxy, nodeName } from './node.ts';
import { assertRunning, type Component, ensureRunning, isListening } from './processes.ts';

/** Starts the container runtime. @returns when it answers, for the kubelet ends itself when it does not */
export async function startContainerd(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  const runtime = containerd(plane);
  await ensureRunning(runtime, plane.stateDirectory);
  await waitFor(
    { what: runtime.name, timeoutMilliseconds: 60_000, hint: `Its log: ${runtime.log}`, signal },
    async () => {
      if (await answers(plane)) return true;
      await assertRunning(runtime);
      return undefined;
    },
  );
}

/** Starts a component that serves a TCP port. @returns when it listens there */
export async function startServer(
  component: Component,
  port: number,
  plane: ControlPlane,
  signal: AbortSignal,
): Promise<void> {
  const pid = await ensureRunning(component, plane.stateDirectory);
  await waitFor(
    { what: component.name, timeoutMilliseconds: 60_000, hint: `Its log: ${component.log}`, signal },
    async () => {
      if (await isListening(pid, port)) return true;
      await assertRunning(component);
      return undefined;
    },
  );
}

const nodeSchema = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
});

/** Waits until the kubelet says that the node is ready. */
export async function waitForNode(plane: ControlPlane, client: KubeClient, signal: AbortSignal): Promise<void> {
  const agent = kubelet(plane);
  await waitFor(
    { what: 'The node', timeoutMilliseconds: 120_000, hint: `The kubelet's log: ${agent.log}`, signal },
    async () => {
      await assertRunning(agent);
      const node = nodeSchema.optional().parse(await client.get(nodes, undefined, nodeName));
      const ready = node?.status.conditions?.find(({ type }) => type === 'Ready');
      return ready?.status === 'True' ? true : undefined;
    },
  );
}

/** Waits until kube-proxy has told the kernel where the API server's Service is. */
export async function waitForServiceRules(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  const proxy = kubeProxy(plane);
  const [nsenter = '', ...inside] = plane.enter;
  const list = [...inside, 'iptables', '--wait', '--table', 'nat', '--list-rules', 'KUBE-SERVICES'];
  const wait = { what: "kube-proxy's rules", timeoutMilliseconds: 60_000, hint: `Its log: ${proxy.log}`, signal };
  await waitFor({ ...wait, everyMilliseconds: 100 }, async () => {
    await assertRunning(proxy);
    const rules = await execa(nsenter, list, { reject: false });
    return rules.stdout.includes(serviceAddress) ? true : undefined;
  });
}
