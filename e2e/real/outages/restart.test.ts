// A restart of the operator does not affect databases. It runs alone, since a new leader reconciles all addons.
import { expect, it } from '@jest/globals';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { operatorNamespace, releaseName } from '../../../hack/install/operator.ts';
import { isWrite } from '../../harness/audit.ts';
import { isRunning, secretText } from '../../harness/views.ts';
import { secretName } from '../belongings.ts';
import { operatorUser, useReal } from '../real.ts';

const real = useReal();

it('a restart of the operator writes nothing', async () => {
  const namespace = await real().namespace('again');
  await Promise.all([
    real().apply(namespace, 'alpha', { plan: 'free', mode: 'protected' }),
    real().apply(namespace, 'bravo', { plan: 'standard' }),
  ]);
  const before = await real().running(namespace, 'alpha');
  await real().running(namespace, 'bravo');
  const mark = await real().audit.mark();
  const deployment = ['--namespace', operatorNamespace, `deployment/${releaseName}`];
  await real().kubectl(['rollout', 'restart', ...deployment]);
  await real().kubectl(['rollout', 'status', ...deployment, '--timeout=10m']);
  // A change of the spec that the new leader answers shows that it has been through everything before it.
  await real().apply(namespace, 'bravo', { plan: 'standard', connection: { sslMode: 'require' } });
  await real().addons.until(
    namespace,
    'bravo',
    'an answer of the new leader',
    (addon) => isRunning(addon) && addon.metadata.generation === 2,
  );
  const writes = (await real().audit.since(mark)).filter(
    (request) => request.user === operatorUser && isWrite(request),
  );
  const answer = [secretName('bravo'), 'bravo'];
  expect(
    writes.filter(({ resource, name }) => resource !== 'leases' && resource !== 'events' && !answer.includes(name)),
  ).toEqual([]);
  const after = await real().running(namespace, 'alpha');
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  const secret = await real().client.get(secrets, namespace, secretName('bravo'));
  expect(secretText(secret, 'DATABASE_URL')).toMatch(/\?sslmode=require$/);
});
