// Remedies on a real CloudNativePG, followed to the letter: each reason is brought about, the remedy is carried out, and the addon runs
// again. All are there at the same time, but they come up a few at a time. Which reason is tried where is in harness/remedies.ts.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import type { Reason } from '../../../src/api/conditions.ts';
import { type ConditionView, conditionOf, isRunning } from '../../harness/views.ts';
import { addonName } from '../causes.ts';
import { inTurn } from '../in-turn.ts';
import { minutes, useReal } from '../real.ts';
import { trials } from '../remedies.ts';
import type { Trial } from '../trial.ts';

const real = useReal();
const namespaces = new Map<string, string>();
const rows = (Object.entries(trials) as readonly (readonly [Reason, Trial])[]).map(([reason, trial]) => ({
  reason,
  type: 'Ready' as const,
  ...trial,
}));
type Row = (typeof rows)[number];
const namespaceOf = ({ reason }: Row): string => namespaces.get(reason) ?? '';

beforeAll(async () => {
  await inTurn(rows, 5, async (row) => {
    const namespace = await real().namespace(row.reason.toLowerCase());
    namespaces.set(row.reason, namespace);
    await row.bring?.(real(), namespace);
    await real().apply(namespace, addonName, row.spec ?? { plan: 'free' });
    if (row.ruin === undefined) return;
    await real().running(namespace, addonName);
    await row.ruin(real(), namespace);
  });
});

/** The condition with the reason, once it has it; of a passing one, also if it has gone since. */
async function reported(row: Row): Promise<ConditionView | undefined> {
  const namespace = namespaceOf(row);
  if (row.passing === undefined)
    return conditionOf(await real().reason(namespace, addonName, row.type, row.reason), row.type);
  await real().event(namespace, addonName, row.reason);
  const states = real().addons.of(namespace, addonName);
  return states.map((state) => conditionOf(state, row.type)).find((condition) => condition?.reason === row.reason);
}

it.each(rows)('is reported: $reason', async (row) => {
  const condition = await reported(row);
  expect(condition?.status).toBe('False');
  for (const word of row.words) expect(condition?.message).toMatch(word);
});

describe('once the remedy was carried out', () => {
  beforeAll(async () => {
    await inTurn(rows, 5, (row) => row.remedy(real(), namespaceOf(row)));
  });

  it.each(rows)('the addon runs: $reason', async (row) => {
    const namespace = namespaceOf(row);
    const holds = (state: LiveObject): boolean =>
      isRunning(state) &&
      conditionOf(state, row.type)?.status === 'True' &&
      conditionOf(state, 'Stalled') === undefined;
    const addon = await real().addons.until(namespace, addonName, 'to run as asked', holds, minutes(6));
    expect(JSON.stringify(addon.status?.conditions)).not.toContain(`"${row.reason}"`);
    await row.afterwards?.(real(), namespace);
  });
});
