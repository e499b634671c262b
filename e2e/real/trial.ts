// What a row of the remedies on a real CloudNativePG consists of, and what the rows have in common.
import type { AddonSpec } from '../../src/api/addon.ts';
import type { ConditionType } from '../../src/api/conditions.ts';
import { clusterName } from './belongings.ts';
import { addonName, bash } from './causes.ts';
import type { Real } from './real.ts';

export type Step = (real: Real, namespace: string) => Promise<unknown>;

export interface Trial {
  readonly spec?: AddonSpec;
  /** Before the addon is there; `ruin`: once it runs. */
  readonly bring?: Step;
  readonly ruin?: Step;
  /** The condition with the reason. Default: Ready. */
  readonly type?: ConditionType;
  /** What the message has to name. */
  readonly words: readonly (string | RegExp)[];
  /** CNPG ends it by itself: nobody can rely on seeing it. */
  readonly passing?: true;
  readonly remedy: Step;
  /** What else has to be true afterwards. */
  readonly afterwards?: Step;
}

/** Name of the Cluster of the row in that namespace. */
export const cluster = (namespace: string): string => clusterName(namespace, addonName);

/** Sets an annotation of the Cluster, or removes it. */
export const annotate =
  (annotation: string, value?: string): Step =>
  (real, namespace) =>
    real.kubectl([
      ...['annotate', 'cluster', cluster(namespace), '--namespace', namespace],
      value === undefined ? `${annotation}-` : `${annotation}=${value}`,
    ]);

/** A merge patch of the Cluster. */
export const patchCluster = (real: Real, namespace: string, patch: object): Promise<string> =>
  real.kubectl([
    ...['patch', 'cluster', cluster(namespace), '--namespace', namespace, '--type=merge'],
    `--patch=${JSON.stringify(patch)}`,
  ]);

/** Runs SQL as the superuser. */
export const psql =
  (...statements: readonly string[]): Step =>
  (real, namespace) =>
    bash(real, namespace, ['psql', ...statements.map((sql) => `--command '${sql}'`)].join(' '));
