// The rules of CNPG's webhook are in force in the control plane of the integration tests.
import { expect, it } from '@jest/globals';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { useSuite } from '../harness/suite.ts';

const suite = useSuite({ withOperator: false });

const synchronous = { method: 'any', number: 1, dataDurability: 'preferred', failoverQuorum: true };

it.each([
  ['one instance with synchronous replication', { instances: 1 }, /must be smaller than the number of instances/],
  ['a smaller disk', { storage: { size: '9Gi' } }, /can't shrink existing storage/],
  [
    'another image and other parameters at once',
    { imageName: 'example.com/postgresql:18', postgresql: { parameters: { max_connections: '100' } } },
    /at the same time/,
  ],
])('%s is rejected', async (_, change, why) => {
  const { client } = suite();
  const namespace = await suite().namespace();
  await client.create(clusterGvr, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: 'db', namespace },
    spec: {
      instances: 3,
      imageName: 'example.com/postgresql:17',
      primaryUpdateMethod: 'switchover',
      storage: { size: '10Gi' },
      postgresql: { parameters: { max_connections: '50' }, synchronous },
    },
  });
  // A policy takes effect within seconds of its creation.
  await eventually('the rejection', async () => {
    const attempt = client.patch(clusterGvr, namespace, 'db', { spec: change });
    await expect(attempt).rejects.toMatchObject({ code: 422, message: expect.stringMatching(why) });
  });
  await client.patch(clusterGvr, namespace, 'db', { spec: { instances: 2 } });
});
