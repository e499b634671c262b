// Runs a cluster's own kubectl as its administrator.
import { join } from 'node:path';
import { execa } from 'execa';
import type { Cluster } from './driver.ts';

/** @returns what it printed. @throws execa's error, with kubectl's words, when it fails */
export async function kubectl(
  { bin, kubeconfig }: Pick<Cluster, 'bin' | 'kubeconfig'>,
  args: readonly string[],
  input = '',
): Promise<string> {
  const { stdout } = await execa(join(bin, 'kubectl'), args, { env: { KUBECONFIG: kubeconfig }, input });
  return stdout;
}
