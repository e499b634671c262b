import { describe, expect, it } from '@jest/globals';
import { anAddon } from '../domain/testing.ts';
import type { EventRecord } from '../kube/events.ts';
import type { Log } from '../runtime/log.ts';
import { HeldAddons } from './held-addons.ts';

const verdict = { reason: 'HeldByAnotherOperator', message: 'elsewhere/operator operates this addon' } as const;
const addon = anAddon();
const named = (name: string, uid: string) => ({ ...addon, metadata: { ...addon.metadata, name, uid } });

function aWorld() {
  const events: EventRecord[] = [];
  const lines: unknown[] = [];
  const log = { warn: (_: string, fields: unknown) => lines.push(fields) } as unknown as Log;
  return { events, lines, held: new HeldAddons({ emit: (event) => events.push(event) }, log) };
}

describe('an addon that another installation holds', () => {
  it('gets one Warning that names it, however often it is seen; the log gets one line for each installation', () => {
    const { events, lines, held } = aWorld();
    for (let round = 0; round < 3; round += 1) {
      held.report(addon, 'elsewhere/operator', verdict);
      held.report(named('web', 'web-uid'), 'elsewhere/operator', verdict);
    }
    expect(events).toMatchObject([
      { type: 'Warning', reason: verdict.reason, note: verdict.message, regarding: { name: 'shop' } },
      { type: 'Warning', regarding: { name: 'web', uid: 'web-uid' } },
    ]);
    expect(lines).toEqual([{ operator: 'elsewhere/operator', addon: 'team-a/shop' }]);
    held.report(addon, 'third/operator', verdict);
    expect(events).toHaveLength(3);
    expect(lines).toHaveLength(2);
  });

  it('gets another one for a new object with the name, and after it was held by this installation', () => {
    const { events, held } = aWorld();
    held.report(addon, 'elsewhere/operator', verdict);
    held.report(named('shop', 'second-uid'), 'elsewhere/operator', verdict);
    held.forget('team-a/shop');
    held.report(named('shop', 'second-uid'), 'elsewhere/operator', verdict);
    expect(events).toHaveLength(3);
  });
});
