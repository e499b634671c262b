// Grows volumes as the resizer of a CSI driver would: watches claims, and where one asks for more than it has on a class that allows
// expansion, sets the volume's capacity and then the claim's. A process of its own; it must never touch a class that does not allow it.
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { volumeClaimGvr } from '../../src/api/workload.ts';
import { listAll } from '../../src/kube/list.ts';
import { resourcePath } from '../../src/kube/resources.ts';
import { parseEvent } from '../../src/kube/watch-stream.ts';
import { connect, type KubeClient } from './client.ts';
import { persistentVolumes, storageClasses } from './kinds.ts';

const claimSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    storageClassName: z.string().optional(),
    volumeName: z.string().optional(),
    resources: z.object({ requests: z.object({ storage: z.string() }).optional() }).optional(),
  }),
  status: z.object({ capacity: z.object({ storage: z.string() }).optional() }).optional(),
});

type Claim = z.infer<typeof claimSchema>;

/**
 * @param quantity a Kubernetes quantity of bytes, such as `1Gi`, `1.5Gi`, `500M` or `1e9`
 * @returns bytes, or undefined for what is no quantity
 */
export function bytesOf(quantity: string): number | undefined {
  const parts = /^([0-9.]+(?:e[0-9]+)?)([kKMGTPE]i?|m)?$/.exec(quantity);
  if (parts === null) return undefined;
  const [, amount = '', unit = ''] = parts;
  if (unit === 'm') return Number(amount) / 1000;
  const exponent = unit === '' ? 0 : 'KMGTPE'.indexOf(unit.charAt(0).toUpperCase()) + 1;
  return Number(amount) * (unit.endsWith('i') ? 1024 : 1000) ** exponent;
}

/** @returns the capacity to grow to, or undefined when the claim has what it asks for or is not bound yet */
export function wantedGrowth(claim: Claim): string | undefined {
  const wanted = claim.spec.resources?.requests?.storage;
  const has = claim.status?.capacity?.storage;
  if (wanted === undefined || has === undefined || claim.spec.volumeName === undefined) return undefined;
  return (bytesOf(wanted) ?? 0) > (bytesOf(has) ?? 0) ? wanted : undefined;
}

async function grow(claim: Claim, storage: string, client: KubeClient): Promise<void> {
  const { storageClassName, volumeName } = claim.spec;
  if (storageClassName === undefined || volumeName === undefined) return;
  const storageClass = await client.get(storageClasses, undefined, storageClassName);
  if (storageClass?.allowVolumeExpansion !== true) return;
  const { name, namespace } = claim.metadata;
  await client.patch(persistentVolumes, undefined, volumeName, { spec: { capacity: { storage } } });
  // The claim last: its capacity says that the growth is complete.
  await client.patch(volumeClaimGvr, namespace, name, { status: { capacity: { storage } } }, 'status');
  console.log(`${namespace}/${name}: grown to ${storage}`);
}

async function follow(client: KubeClient): Promise<void> {
  const look = async (object: unknown) => {
    const claim = claimSchema.parse(object);
    const storage = wantedGrowth(claim);
    if (storage === undefined) return;
    // One claim that cannot be grown, perhaps just deleted, must not keep the others from it.
    await grow(claim, storage, client).catch(log);
  };
  const path = resourcePath(volumeClaimGvr);
  const { items, resourceVersion } = await listAll(
    client.transport,
    volumeClaimGvr,
    path,
    {},
    { keep: (item) => item },
  );
  for (const item of items) await look(item);
  const query = { watch: 'true', resourceVersion };
  for await (const line of client.transport.lines({ method: 'GET', path, query }, new AbortController().signal)) {
    const { type, object } = parseEvent(line);
    if (type === 'ADDED' || type === 'MODIFIED') await look(object);
    if (type === 'ERROR') return;
  }
}

function log(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
}

async function run(kubeconfig: string): Promise<never> {
  const client = connect(kubeconfig, 'volume-expander');
  for (;;) {
    await follow(client).catch(log);
    // The API server was away or ended the watch: what was missed is in the next list.
    await pause(500);
  }
}

const [, program, kubeconfig] = process.argv;
if (program === import.meta.filename && kubeconfig !== undefined) await run(kubeconfig);
