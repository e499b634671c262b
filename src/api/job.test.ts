import { expect, it } from '@jest/globals';
import { projectJob } from './job.ts';

const metadata = { name: 'j', namespace: 'n', uid: 'u', resourceVersion: '1' };
const job = (status?: unknown) => projectJob({ apiVersion: 'batch/v1', kind: 'Job', metadata, status } as never);
const condition = (type: string, status = 'True') => ({ type, status });

it.each([
  ['nothing yet', undefined, undefined],
  ['a pod that runs', { active: 1, ready: 1 }, undefined],
  ['its end', { conditions: [condition('SuccessCriteriaMet'), condition('Complete')] }, 'Complete'],
  ['a failure', { conditions: [condition('FailureTarget'), condition('Failed')] }, 'Failed'],
  ['a failure whose pods still end', { conditions: [condition('FailureTarget')] }, undefined],
  ['what is not so', { conditions: [condition('Complete', 'False')] }, undefined],
  ['nonsense', { conditions: 'Complete', ready: '1' }, undefined],
])('a Job says %s', (_, status, ended) => {
  expect(job(status).status.ended).toBe(ended);
});

it('and how many of its pods run', () => {
  expect([job().status.ready, job({ ready: 1 }).status.ready, job({ ready: 'x' }).status.ready]).toEqual([0, 1, 0]);
});
