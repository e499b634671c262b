// The fields of a Job that the operator reads, projected from an object with unknown content.
import { annotations, labels } from './addon.ts';
import type { Gvr, KubeObject } from './kubernetes.ts';
import { list, projectMetadata, record, text, whole } from './raw.ts';

export const jobGvr: Gvr = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job' };
export const jobApiVersion = 'batch/v1';

export interface Job extends KubeObject {
  readonly status: {
    /** How it ended; undefined if it has not. */
    readonly ended: 'Complete' | 'Failed' | undefined;
    /** How many of its pods run with every container ready. */
    readonly ready: number;
  };
}

/** The part of a Job that a decision needs. */
export function projectJob(raw: KubeObject): Job {
  const { apiVersion, kind } = raw;
  const { conditions, ready } = record(record(raw).status);
  const ends = list(conditions)
    .filter(({ status }) => status === 'True')
    .map(({ type }) => text(type));
  const ended = (['Complete', 'Failed'] as const).find((type) => ends.includes(type));
  return {
    apiVersion,
    kind,
    metadata: projectMetadata(raw, {
      fields: ['ownerReferences'],
      labels: Object.values(labels),
      annotations: [annotations.redaction],
    }),
    status: { ended, ready: whole(ready) ?? 0 },
  };
}
