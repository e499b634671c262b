// Ends Jobs as their controller does: the API servers of the integration tests have no nodes, so that their pods never run.
import type { KubeClient } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { resources } from '../../src/api/resources.ts';

/** Every condition that the API server requires of a Job that has ended so. */
const conditions = { Complete: ['SuccessCriteriaMet', 'Complete'], Failed: ['FailureTarget', 'Failed'] } as const;

/** Waits until the controller has begun with a Job, and ends it. @throws ApiError if it has ended already */
export async function endJob(
  client: KubeClient,
  namespace: string,
  name: string,
  how: keyof typeof conditions,
): Promise<void> {
  const { gvr } = resources.jobs;
  await eventually(`the beginning of Job ${namespace}/${name}`, async () => {
    const job = await client.get(gvr, namespace, name);
    if (job?.status?.startTime === undefined) throw new Error(job === undefined ? 'there is none' : 'not yet');
  });
  const time = new Date().toISOString().replace(/[.]\d+/, '');
  const status = {
    active: 0,
    ready: 0,
    terminating: 0,
    conditions: conditions[how].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: time,
      lastProbeTime: time,
    })),
    ...(how === 'Complete' ? { completionTime: time, succeeded: 1 } : {}),
  };
  await client.patch(gvr, namespace, name, { status }, 'status');
}
