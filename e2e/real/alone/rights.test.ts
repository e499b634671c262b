// An operator that may not look at pods: the cause of a wait stays unknown, which is said, and nothing else suffers. It runs alone,
// since the operator's rights are for all namespaces.
import { beforeAll, expect, it, jest } from '@jest/globals';
import { clusterRoles } from '../../../hack/cluster/kinds.ts';
import { releaseName } from '../../../hack/install/operator.ts';
import { conditionOf } from '../../harness/views.ts';
import { minutes, useReal } from '../real.ts';

jest.setTimeout(minutes(8));

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

it('without the right to list pods the wait is told with the missing right, other addons work, and the right heals it', async () => {
  await Promise.all([
    real().apply(namespace, 'stuck', { plan: 'free', version: '17.99' }),
    real().apply(namespace, 'other', { plan: 'free' }),
  ]);
  await real().running(namespace, 'other');
  const blind = await real().addons.until(
    namespace,
    'stuck',
    'a word on the missing right',
    (state) => conditionOf(state, 'Ready')?.message.includes('pods') === true,
    minutes(4),
  );
  expect(conditionOf(blind, 'Ready')?.message).toContain('the operator is not permitted to list pods and events');
  await setRules(granted);
  await real().reason(namespace, 'stuck', 'Ready', 'ImagePullFailed', minutes(3));
});
