// The node of a database does not respond: its kubelet is stopped, as with a node that hangs, and goes on later. It runs alone, since
// nothing else can start on that node meanwhile.
import { expect, it } from '@jest/globals';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { hangNode } from '../interventions.ts';
import { useReal } from '../real.ts';

const real = useReal();

it('a node that does not respond is named, and the database runs again once it is recovered', async () => {
  const namespace = await real().namespace('node');
  await real().apply(namespace, 'shop', { plan: 'free' });
  await real().running(namespace, 'shop');
  await real().startApp(namespace, 'shop');
  await real().sql(namespace, 'shop', 'CREATE TABLE kept AS SELECT 42 AS answer');
  // The node counts as lost after 50 s, and the operator looks for a cause 90 s later. After 5 min, its pods would be removed.
  await hangNode(real(), namespace, 200);
  const addon = await real().reason(namespace, 'shop', 'Ready', 'NodeUnavailable');
  for (const word of ['node "', `pod ${clusterName(namespace, 'shop')}-1`, 'does not respond'])
    expect(conditionOf(addon, 'Ready')?.message).toContain(word);
  const after = await real().running(namespace, 'shop');
  expect(conditionOf(after, 'Stalled')).toBeUndefined();
  expect(await real().sql(namespace, 'shop', 'SELECT answer FROM kept')).toBe('42');
});
