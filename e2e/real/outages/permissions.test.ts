// An operator without the permission to list pods: it reports that the cause of a wait is unknown, and nothing else is affected. It runs
// alone, since the operator's permissions apply to all namespaces.
import { beforeAll, expect, it } from '@jest/globals';
import { clusterRoles } from '../../../hack/cluster/kinds.ts';
import { releaseName } from '../../../hack/install/operator.ts';
import { conditionOf } from '../../harness/views.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
let namespace = '';
let granted: readonly Rule[] = [];

interface Rule {
  readonly resources: readonly string[];
}

async function setRules(rules: readonly Rule[]): Promise<void> {
  await real().client.patch(clusterRoles, undefined, releaseName, { rules });
}

beforeAll(async () => {
  namespace = await real().namespace('blind');
  const role = await real().client.get(clusterRoles, undefined, releaseName);
  granted = (role?.rules ?? []) as readonly Rule[];
  real().atEnd(() => setRules(granted));
  await setRules(granted.filter(({ resources }) => !resources.includes('pods')));
});

it('reports the missing permission to list pods, other addons work, and granting the permission resolves it', async () => {
  await Promise.all([
    real().apply(namespace, 'stuck', { plan: 'free', version: '17.99' }),
    real().apply(namespace, 'other', { plan: 'free' }),
  ]);
  await real().running(namespace, 'other');
  const blind = await real().addons.until(
    namespace,
    'stuck',
    'the missing permission',
    (state) => conditionOf(state, 'Ready')?.message.includes('pods') === true,
    minutes(4),
  );
  expect(conditionOf(blind, 'Ready')?.message).toContain('the operator is not permitted to list pods and events');
  await setRules(granted);
  await real().reason(namespace, 'stuck', 'Ready', 'ImagePullFailed');
});
